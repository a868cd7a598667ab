using RepoSentry.Api;
using RepoSentry.Events;
using RepoSentry.Polling;
using RepoSentry.Storage;

namespace RepoSentry.Dashboard.Pages;

/// <summary>One repository: how it stands, why, what was seen and when.</summary>
internal static class RepositoryPage
{
    public static async Task<Sheet> LoadAsync(Visit v)
    {
        var (log, polling) = (v.Get<RepositoryLog>(), v.Get<PollWorker>());
        var result = await v.RepositoryAsync(v.Name);
        if (!Answered.Is<RepositoryView>(result, out var repository))
        {
            return ProblemView.SheetOf(v, result);
        }

        _ = Answered.Is<Explanation>(await v.ExplainAsync(v.Name, null), out var explanation);
        _ = Answered.Is<ListAnswer<StoredRef>>(await RepositoryEndpoints.RefsAsync(v.Name, log, v.Context, v.Query("kind"), v.Query("q") is { } part ? Parts.Show.Meant(part) : null, v.Ends), out var refs);
        _ = Answered.Is<ListAnswer<PollView>>(await PollsAsync(v, log, polling), out var looks);
        _ = Answered.Is<ListAnswer<EventView>>(await v.EventsAsync(repository.Name), out var events);
        var model = new RepositoryModel(repository, explanation, refs, looks?.Items ?? [], [.. (events?.Items ?? []).Take(10)]);
        return new Sheet(repository.Name, "repositories", RepositoryDetail.Of(v, model));
    }

    // Cursors of the page are those of its refs: the looks are always the newest.
    private static async Task<IResult> PollsAsync(Visit v, RepositoryLog log, PollWorker polling)
    {
        if (v.Query("cursor") is not null)
        {
            return TypedResults.Ok(new ListAnswer<PollView>([], null));
        }

        return await RepositoryEndpoints.PollsAsync(v.Name, log, polling, v.Context, v.Ends);
    }
}

/// <param name="Why">Null for one that is not watched any more.</param>
internal sealed record RepositoryModel(RepositoryView Repository, Explanation? Why, ListAnswer<StoredRef>? Refs, IReadOnlyList<PollView> Looks, IReadOnlyList<EventView> Events);
