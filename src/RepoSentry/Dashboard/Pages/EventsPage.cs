using RepoSentry.Api;
using RepoSentry.Events;

namespace RepoSentry.Dashboard.Pages;

/// <summary>The live tail of events. What is searched for stands in the address.</summary>
internal static class EventsPage
{
    public static async Task<Sheet> LoadAsync(Visit v)
    {
        var search = EventSearch.Parse(v.Query("q") ?? "", v.Now);
        var model = new EventsModel(search, [], null) { IsFirst = v.Query("cursor") is null };
        if (search.Problem is not null)
        {
            return Of(v, model);
        }

        var result = search.Commit is { } commit
            ? await TraceEndpoints.TraceAsync(commit, v.Get<EventLog>(), v.Get<TektonOutcomes>(), v.Ends)
            : await v.EventsAsync(
                v.Query("repository") ?? search.Repository, v.Query("ref") ?? search.Ref, v.Query("type") ?? search.Type, v.Query("status") ?? search.Status, v.Query("since") ?? search.Since, v.Query("until") ?? search.Until);
        if (Answered.Is<ListAnswer<EventView>>(result, out var page))
        {
            return Of(v, model with { Items = [.. page.Items.Where(item => search.Commit is null || search.Takes(item))], Next = page.NextCursor });
        }

        var (status, _, detail) = Answered.Problem(result);
        return Of(v, status == StatusCodes.Status404NotFound ? model : model with { Refused = detail });
    }

    private static Sheet Of(Visit v, EventsModel model) => new(v.T["nav.events"], "events", EventsView.Of(v, model));
}

internal sealed record EventsModel(EventSearch Search, IReadOnlyList<EventView> Items, string? Next)
{
    /// <summary>What the API says of a search that it does not take.</summary>
    public string? Refused { get; init; }

    /// <summary>The newest are on it: it moves.</summary>
    public bool IsFirst { get; init; }
}
