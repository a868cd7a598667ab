using RepoSentry.Api;
using RepoSentry.Configuration;
using RepoSentry.Polling;

namespace RepoSentry.Dashboard.Pages;

/// <summary>The tester of rules: refs in, what each rule says of them out.</summary>
internal static class RulesPage
{
    private const int MostRefs = 100;
    private const int NamesOffered = 1000;

    public static async Task<Sheet> LoadAsync(Visit v)
    {
        var polling = v.Get<PollWorker>();
        var names = polling.Repositories.Keys.Order(StringComparer.Ordinal).Take(NamesOffered).ToList();
        var name = v.Query("repository") ?? names.FirstOrDefault();
        var refs = (v.Query("refs") ?? "").Split(['\n', '\r'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct(StringComparer.Ordinal).Take(MostRefs).ToList();
        var model = new RulesModel(names, name, refs, [], null);
        if (name is null || refs.Count == 0)
        {
            return Of(v, model);
        }

        var verdicts = new List<Explanation>();
        foreach (var asked in refs)
        {
            if (!Answered.Is<Explanation>(await v.ExplainAsync(name, asked), out var verdict))
            {
                return Of(v, model with { Problem = v.T.Of("rules.unknown", name) });
            }

            verdicts.Add(verdict);
        }

        return Of(v, model with { Verdicts = verdicts });
    }

    private static Sheet Of(Visit v, RulesModel model) => new(v.T["nav.rules"], "rules", RulesView.Of(v, model));

    public static RepositoryConfig? ConfigOf(Visit v, string? name) => name is null ? null : v.Get<PollWorker>().Repositories.GetValueOrDefault(name)?.Config;
}

/// <param name="Verdicts">One for each ref, as the API explains it.</param>
internal sealed record RulesModel(IReadOnlyList<string> Names, string? Repository, IReadOnlyList<string> Refs, IReadOnlyList<Explanation> Verdicts, string? Problem);
