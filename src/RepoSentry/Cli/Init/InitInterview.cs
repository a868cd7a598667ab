using System.Text.RegularExpressions;
using RepoSentry.Configuration;

namespace RepoSentry.Cli.Init;

/// <summary>The questions in order. Each answer is judged by reading the configuration that it would make.</summary>
internal sealed partial class InitInterview(string path, IQuestions questions, InitAnswers answers)
{
    private const string JudgedVariable = "JUDGED_TOKEN";
    private static readonly char[] Between = [' ', ','];
    private static readonly string[] Stores = ["file:", "k8s:", "vault:"];
    private static readonly IReadOnlyList<string> Allowed = new SecurityConfig().AllowedEnvVars;

    private InitAnswers answers = answers;

    public static async Task<InitAnswers> AskAsync(string path, IQuestions questions, CancellationToken cancellationToken)
    {
        var type = await questions.AskAsync(
            new Question("Type of the forge", "github", string.Join(", ", ProviderSections.Types), text => ProviderSections.Types.Contains(text, StringComparer.Ordinal) ? null : $"it is one of {string.Join(", ", ProviderSections.Types)}"), cancellationToken);
        var interview = new InitInterview(path, questions, InitAnswers.Of(type));
        await interview.AskAsync(cancellationToken);
        return interview.answers;
    }

    private async Task AskAsync(CancellationToken cancellationToken)
    {
        await TakeAsync("URL of the forge", answers.ForgeUrl, "where its repositories live", (known, text) => known with { ForgeUrl = text }, cancellationToken);
        await ReferAsync("Which variable has its token", answers.Token!, (known, reference) => known with { Token = reference }, cancellationToken);
        await TakeAsync("URLs of the repositories", null, "one or more, with blanks between", (known, text) => known with { Repositories = Split(text) }, cancellationToken);
        await TakeAsync("Branches", "**", "globs with blanks between; ** is all", (known, text) => known with { Branches = Split(text) }, cancellationToken);
        await TakeAsync("URL of the EventListener", answers.Listener, "its service in the cluster", (known, text) => known with { Listener = text }, cancellationToken);
        await ReferAsync("Which variable has its secret", answers.Secret!, (known, reference) => known with { Secret = reference }, cancellationToken);
        await TakeAsync("Interval between looks", answers.Interval, "such as 30s or 2m", (known, text) => known with { Interval = text }, cancellationToken);
        await TakeAsync("Address of the API", answers.Listen, "host:port", (known, text) => known with { Listen = text }, cancellationToken);
    }

    private async Task TakeAsync(string text, string? usual, string hint, Func<InitAnswers, string, InitAnswers> with, CancellationToken cancellationToken)
    {
        var question = new Question(text, usual, hint, answer => string.IsNullOrWhiteSpace(answer) || Split(answer).Length == 0 ? "this one has no default: say something" : Complaint(with(answers, answer)));
        answers = with(answers, await questions.AskAsync(question, cancellationToken));
    }

    private async Task ReferAsync(string text, string usual, Func<InitAnswers, string?, InitAnswers> with, CancellationToken cancellationToken)
    {
        var question = new Question(text, usual[2..^1], "its name, file:PATH, or - for none", answer => WrongReference(answer) ?? Complaint(with(answers, Reference(answer))));
        answers = with(answers, Reference(await questions.AskAsync(question, cancellationToken)));
    }

    private static string[] Split(string text) => text.Split(Between, StringSplitOptions.RemoveEmptyEntries);

    private static string? Reference(string answer) =>
        answer == "-" ? null
        : Variable.Match(answer) is { Success: true } variable ? $"${{{variable.Groups["name"].Value}}}"
        : answer;

    // The answer is not shown: it may be the secret itself.
    private static string? WrongReference(string answer)
    {
        var reference = Reference(answer);
        return reference is null || Stores.Any(scheme => reference.StartsWith(scheme, StringComparison.Ordinal)) || new Variables(new Dictionary<string, string>(), Allowed).Expand(reference) is { Names.Count: 1, Problem.IsMissing: true }
            ? null
            : $"that is not the name of a variable for secrets, which has one of the forms {string.Join(", ", Allowed)}; a secret itself does not belong here";
    }

    private string? Complaint(InitAnswers candidate)
    {
        var judged = candidate with { Token = Judged(candidate.Token), Secret = Judged(candidate.Secret) };
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { [JudgedVariable] = "x" };
        var problem = ConfigLoader.LoadText(InitText.Of(judged), path, new LoadOptions { Environment = environment }).Errors is [var first, ..] ? first : null;
        return problem is null ? null : problem.Hint is null ? problem.Message : $"{problem.Message} ({problem.Hint})";
    }

    // Variables and files of secrets may come to be later, where the service runs: that they are not here is no complaint.
    private static string? Judged(string? reference) =>
        reference is not null && (reference.StartsWith('$') || reference.StartsWith("file:", StringComparison.Ordinal)) ? $"${{{JudgedVariable}}}" : reference;

    [GeneratedRegex(@"\A(env:)?(?<name>[A-Za-z_][A-Za-z0-9_]*)\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Variable { get; }
}
