using System.Globalization;
using RepoSentry.Abstractions;
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

/// <summary>A line such as <c>repo:web ref:main status:failed since:2h</c>; a bare word is a commit where it looks like one, else a repository.</summary>
internal sealed record EventSearch(string Text)
{
    private const int ShortestCommit = 7;

    public string? Repository { get; init; }
    public string? Ref { get; init; }
    public string? Type { get; init; }
    public string? Status { get; init; }
    public string? Since { get; init; }
    public string? Until { get; init; }
    public string? Commit { get; init; }

    /// <summary>Why it cannot be searched for: the key of a text, and the word that it is about.</summary>
    public (string Key, string Word)? Problem { get; init; }

    public static EventSearch Parse(string text, DateTimeOffset now)
    {
        var search = new EventSearch(text);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = word.IndexOf(':', StringComparison.Ordinal);
            var (key, value) = colon < 0 ? (IsCommit(word) ? "commit" : "repo", word) : (Key(word[..colon]), word[(colon + 1)..]);
            search = !seen.Add(key) ? search with { Problem = ("search.twice", key) }
                : value.Length == 0 ? search with { Problem = ("search.nothing", key) }
                : search.With(key, value, now);
        }

        return search;
    }

    /// <summary>Whether an event that was found by its commit is also what the other words say.</summary>
    public bool Takes(EventView item) =>
        (Repository is null || item.Repository == Repository)
        && (Ref is null || item.Ref == Ref || RefName.ToText(GitRef.Shorten(item.Ref)) == Ref || (Ref is ['#', .. var number] && item.Ref.Split('/') is [_, _, var pullRequest, ..] && pullRequest == number))
        && (Type is null || item.Type == Type)
        && (Status is null || item.Status == Status)
        && (!Times.TryRead(Since, out var since) || since is null || item.CreatedAt >= since)
        && (!Times.TryRead(Until, out var until) || until is null || item.CreatedAt < until);

    private EventSearch With(string key, string value, DateTimeOffset now) => key switch
    {
        "repo" => this with { Repository = value },
        "ref" => this with { Ref = Parts.Show.Meant(value) },
        "type" => EventTypes.TryParse(value, out _) ? this with { Type = value } : this with { Problem = ("search.type", value) },
        "status" => EventEndpoints.Statuses.Contains(value, StringComparer.Ordinal) ? this with { Status = value } : this with { Problem = ("search.status", value) },
        "since" when Moment(value, now) is { } since => this with { Since = since },
        "until" when Moment(value, now) is { } until => this with { Until = until },
        "since" or "until" => this with { Problem = ("search.time", value) },
        "commit" => this with { Commit = value },
        _ => this with { Problem = ("search.unknown", key) },
    };

    private static string Key(string word) => word switch { "repository" => "repo", "branch" => "ref", "id" => "commit", _ => word };

    private static bool IsCommit(string word) => word.Length >= ShortestCommit && word.All(letter => char.IsAsciiHexDigit(letter) || letter == '-');

    // A duration is meant to end now. Null for what is no time.
    private static string? Moment(string value, DateTimeOffset now) =>
        Durations.TryParse(value, out var span) && span < TimeSpan.FromDays(3650) ? (now - span).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)
        : Times.TryRead(value, out _) ? value : null;
}
