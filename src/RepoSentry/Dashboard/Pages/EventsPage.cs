using System.Globalization;
using RepoSentry.Api;
using RepoSentry.Configuration;
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
                v.Query("repository") ?? search.Repository, v.Query("ref") ?? search.Ref, v.Query("type") ?? search.Type, v.Query("status") ?? search.Status, v.Query("since") ?? search.Since, v.Query("until"));
        if (Answered.Is<ListAnswer<EventView>>(result, out var page))
        {
            return Of(v, model with { Items = page.Items, Next = page.NextCursor });
        }

        var (status, _, detail) = Answered.Problem(result);
        return Of(v, status == StatusCodes.Status404NotFound ? model : model with { Search = search with { Problem = detail } });
    }

    private static Sheet Of(Visit v, EventsModel model) => new(v.T["nav.events"], "events", EventsView.Of(v, model));
}

internal sealed record EventsModel(EventSearch Search, IReadOnlyList<EventView> Items, string? Next)
{
    /// <summary>The newest are on it: it moves.</summary>
    public bool IsFirst { get; init; }
}

/// <summary>A line such as <c>repo:web ref:main status:failed since:2h</c>; a bare word is a commit where it looks like one, else a repository.</summary>
internal sealed record EventSearch(string Text)
{
    private const int ShortestCommit = 7;

    public string? Repository { get; init; }
    public string? Ref { get; init; }
    public string? Type { get; init; }
    public string? Status { get; init; }
    public string? Since { get; init; }
    public string? Commit { get; init; }

    /// <summary>Why it cannot be searched for.</summary>
    public string? Problem { get; init; }

    public static EventSearch Parse(string text, DateTimeOffset now)
    {
        var search = new EventSearch(text);
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = word.IndexOf(':', StringComparison.Ordinal);
            var (key, value) = colon < 0 ? ("", word) : (word[..colon], word[(colon + 1)..]);
            search = key switch
            {
                "repo" or "repository" => search with { Repository = value },
                "ref" or "branch" => search with { Ref = value },
                "type" => search with { Type = value },
                "status" => search with { Status = value },
                "since" when Durations.TryParse(value, out var span) && span < TimeSpan.FromDays(3650) => search with { Since = (now - span).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) },
                "since" => search with { Since = value },
                "" or "commit" or "id" when value.Length >= ShortestCommit && value.All(letter => char.IsAsciiHexDigit(letter) || letter == '-') => search with { Commit = value },
                "" => search with { Repository = value },
                _ => search with { Problem = $"{key}: is not known here" },
            };
        }

        return search;
    }
}
