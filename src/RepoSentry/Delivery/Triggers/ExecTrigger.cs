using System.Globalization;
using System.Text;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Delivery.Payloads;

namespace RepoSentry.Delivery.Triggers;

/// <summary>
/// Runs a program of the operator's, without a shell: what strangers chose, such as a ref's name, is data in variables and on standard input. Exit codes say
/// what comes next, by sysexits.h.
/// </summary>
internal sealed class ExecTrigger(TriggerConfig config, TimeProvider time) : ITrigger
{
    private const int UsageError = 64;
    private const int DataError = 65;

    // All that is handed on of our own environment, and what stands there if we have none.
    private static readonly (string Name, string Fallback)[] Inherited = [("PATH", "/usr/local/bin:/usr/bin:/bin"), ("HOME", "/"), ("LANG", "C.UTF-8")];

    private readonly ExecConfig exec = config.Exec!;

    public TriggerMessage Render(ChangeEvent change) => new(
        new Dictionary<string, string>
        {
            ["REPOSENTRY_EVENT_ID"] = change.Id.ToString(),
            ["REPOSENTRY_EVENT_TYPE"] = change.Change.Type.Name(),
            ["REPOSENTRY_REPOSITORY"] = change.Repository.Name,
            ["REPOSENTRY_URL"] = change.Repository.Url.AbsoluteUri,
            ["REPOSENTRY_REF"] = RefName.ToText(change.Change.Ref),
            ["REPOSENTRY_BEFORE"] = change.Change.Before ?? "",
            ["REPOSENTRY_AFTER"] = change.Change.After ?? "",
        },
        NativePayload.Render(change).Body);

    public async Task<TriggerOutcome> SendAsync(TriggerAttempt attempt, CancellationToken cancellationToken)
    {
        var environment = Environment(attempt);
        if (Find(exec.Command[0], environment["PATH"]) is not { } program)
        {
            return new TriggerOutcome.TryAgain($"not run: there is no program {exec.Command[0]}");
        }

        var end = await ExecRun.StartAsync(new ExecStart(program, exec.Command, environment, exec.WorkingDirectory, attempt.Message.Body, config.Timeout), time, cancellationToken);
        var output = end.Output.Length == 0 ? null : AnswerText.Redact(Encoding.UTF8.GetString(end.Output), Secrets());
        return Judge(end, output) with { Answer = output };
    }

    private TriggerOutcome Judge(ExecEnd end, string? output) => end switch
    {
        { Failure: { } failure } => new TriggerOutcome.TryAgain($"not run: {failure}"),
        { Stop: ExecStop.Cut } => new TriggerOutcome.TryAgain("cut by a stop of the service before it ended") { Ambiguous = true },
        { Stop: ExecStop.Timeout } => new TriggerOutcome.TryAgain($"killed: it did not end within {config.Timeout.TotalSeconds:0.#} s") { Ambiguous = true },
        { ExitCode: 0 } => new TriggerOutcome.Accepted(),
        { ExitCode: UsageError or DataError } => new TriggerOutcome.GiveUp($"exit code {end.ExitCode}: {LastLine(output)}"),
        { ExitCode: { } code } => new TriggerOutcome.TryAgain($"exit code {code}: {LastLine(output)}"),
        { Signal: { } signal } => new TriggerOutcome.TryAgain($"ended by signal {signal}: {LastLine(output)}") { Ambiguous = true },
        _ => new TriggerOutcome.TryAgain("it ended, and its exit code went elsewhere") { Ambiguous = true },
    };

    private Dictionary<string, string> Environment(TriggerAttempt attempt)
    {
        var environment = Inherited.ToDictionary(
            variable => variable.Name, variable => System.Environment.GetEnvironmentVariable(variable.Name) is { Length: > 0 } value ? value : variable.Fallback, StringComparer.Ordinal);
        foreach (var (name, value) in exec.Environment)
        {
            environment[name] = value.Reveal();
        }

        foreach (var (name, value) in attempt.Message.Headers)
        {
            environment[name] = value;
        }

        environment["REPOSENTRY_ATTEMPT"] = attempt.Number.ToString(CultureInfo.InvariantCulture);
        environment["REPOSENTRY_REPLAY"] = attempt.Replay.ToString(CultureInfo.InvariantCulture);
        environment["REPOSENTRY_IDEMPOTENCY_NAME"] = attempt.IdempotencyName;
        if (attempt.Test)
        {
            environment["REPOSENTRY_TEST"] = "true";
        }

        return environment;
    }

    // A secret that a program prints goes no further; plain settings may be printed.
    private string[] Secrets() =>
        [.. exec.Environment.Where(pair => pair.Value.Origin is not null || HttpKeys.IsSensitive(pair.Key)).Select(pair => pair.Value.Reveal())];

    private static string? Find(string program, string path)
    {
        IEnumerable<string> candidates = program.Contains('/', StringComparison.Ordinal)
            ? [program]
            : path.Split(':', StringSplitOptions.RemoveEmptyEntries).Select(folder => Path.Combine(folder, program));
        return candidates.FirstOrDefault(File.Exists);
    }

    private static string LastLine(string? output) =>
        output?.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is [.., var last] ? AnswerText.OneLine(last) : "no output";
}
