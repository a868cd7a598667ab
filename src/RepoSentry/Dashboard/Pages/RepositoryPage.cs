using RepoSentry.Api;
using RepoSentry.Events;
using RepoSentry.Polling;
using RepoSentry.Storage;

namespace RepoSentry.Dashboard.Pages;

/// <summary>One repository: how it stands, why, what was seen and when. The page's cursor is that of its refs.</summary>
internal static class RepositoryPage
{
    private const int EventsShown = 10;

    public static async Task<Sheet> LoadAsync(Visit v)
    {
        var result = await v.RepositoryAsync(v.Name);
        if (!Answered.Is<RepositoryView>(result, out var repository))
        {
            return ProblemView.SheetOf(v, result);
        }

        result = await RepositoryEndpoints.RefsAsync(v.Name, v.Get<RepositoryLog>(), v.Context, v.Query("kind"), v.Query("q") is { } part ? Parts.Show.Meant(part) : null, v.Ends);
        if (!Answered.Is<ListAnswer<StoredRef>>(result, out var refs))
        {
            return ProblemView.SheetOf(v, result);
        }

        _ = Answered.Is<Explanation>(await v.ExplainAsync(v.Name, null), out var explanation);
        var live = v.Get<PollWorker>().Repositories.GetValueOrDefault(repository.Name);
        var model = new RepositoryModel(repository, explanation, refs, await v.NewestLooksAsync(v.Name), await v.NewestEventsAsync(EventsShown, repository.Name))
        {
            IsWatched = live is { IsWatched: true },
            IsDisabled = live is { Config.Enabled: false },
        };
        return new Sheet(repository.Name, "repositories", RepositoryDetail.Of(v, model));
    }
}

/// <param name="Why">Null for one that is not watched any more.</param>
internal sealed record RepositoryModel(RepositoryView Repository, Explanation? Why, ListAnswer<StoredRef> Refs, IReadOnlyList<PollView> Looks, IReadOnlyList<EventView> Events)
{
    /// <summary>Whether it is looked at.</summary>
    public bool IsWatched { get; init; }

    /// <summary>Its entry says <c>enabled: false</c>: only who writes that can resume it.</summary>
    public bool IsDisabled { get; init; }
}
