using Microsoft.AspNetCore.Http.Extensions;
using RepoSentry.Api;
using RepoSentry.Configuration;
using RepoSentry.Polling;

namespace RepoSentry.Dashboard.Pages;

/// <summary>The tester of rules: refs in, what each rule says of them out.</summary>
internal static class RulesPage
{
    private const int MostRefs = 100;
    private const int NamesOffered = 1000;

    // Longer addresses are refused on the way, by proxies if not by this server.
    private const int LongestAddress = 4000;

    public static Task<Sheet> LoadAsync(Visit v) => OfAsync(v, v.Query("repository"), v.Query("refs"));

    /// <summary>Leads to the address of the answer, that it may be sent to somebody else; what is too long for one is answered here.</summary>
    public static async Task AnswerAsync(Visit v)
    {
        var (name, refs) = (await v.FieldAsync("repository"), await v.FieldAsync("refs"));
        var address = "/rules" + new QueryBuilder { { "repository", name ?? "" }, { "refs", refs?.ReplaceLineEndings("\n") ?? "" } };
        if (address.Length <= LongestAddress)
        {
            LocalPath.Go(v.Context, address);
            return;
        }

        await (await OfAsync(v, name, refs)).WriteAsync(v);
    }

    private static async Task<Sheet> OfAsync(Visit v, string? asked, string? text)
    {
        var polling = v.Get<PollWorker>();
        var names = polling.Repositories.Keys.Order(StringComparer.Ordinal).Take(NamesOffered).ToList();
        var name = asked ?? names.FirstOrDefault();
        var refs = (text ?? "").Split(['\n', '\r'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(RefOf).Where(one => one.Length > 0).Distinct(StringComparer.Ordinal).ToList();
        var model = new RulesModel(names, name, text ?? "", refs.Count, [], null);
        if (name is null || refs.Count == 0)
        {
            return Of(v, model);
        }

        var verdicts = new List<Explanation>();
        foreach (var one in refs.Take(MostRefs))
        {
            if (!Answered.Is<Explanation>(await v.ExplainAsync(name, one), out var verdict))
            {
                return Of(v, model with { Problem = v.T.Of("rules.unknown", name) });
            }

            verdicts.Add(verdict);
        }

        return Of(v, model with { Verdicts = verdicts });
    }

    // Lines as `git ls-remote` and `git branch` write them are taken too. What an annotated tag points at is no ref of its own.
    private static string RefOf(string line)
    {
        var words = line.Split(['\t', ' '], StringSplitOptions.RemoveEmptyEntries);
        var name = words is [{ Length: 40 or 64 } id, var listed] && id.All(char.IsAsciiHexDigit) ? listed : words is ["*", var current] ? current : line;
        return name.EndsWith("^{}", StringComparison.Ordinal) ? "" : Parts.Show.Meant(name);
    }

    private static Sheet Of(Visit v, RulesModel model) => new(v.T["nav.rules"], "rules", RulesView.Of(v, model));

    public static RepositoryConfig? ConfigOf(Visit v, string? name) => name is null ? null : v.Get<PollWorker>().Repositories.GetValueOrDefault(name)?.Config;
}

/// <param name="Text">As it was pasted.</param>
/// <param name="Refs">How many refs are in it.</param>
/// <param name="Verdicts">One for each of the first refs, as the API explains it.</param>
internal sealed record RulesModel(IReadOnlyList<string> Names, string? Repository, string Text, int Refs, IReadOnlyList<Explanation> Verdicts, string? Problem);
