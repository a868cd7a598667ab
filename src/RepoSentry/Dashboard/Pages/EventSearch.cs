using System.Globalization;
using System.Text;
using RepoSentry.Abstractions;
using RepoSentry.Api;
using RepoSentry.Configuration;
using RepoSentry.Events;

namespace RepoSentry.Dashboard.Pages;

/// <summary>
/// A line such as <c>repo:web ref:main status:failed since:2h</c>; a bare word is a commit where it looks like one, else a repository. What has blanks in it
/// stands between quotes, <c>repo:"team a/web"</c>; a quote in there is doubled, or a backslash stands before it.
/// </summary>
internal sealed record EventSearch(string Text)
{
    private const int ShortestCommit = 7;
    private const char Quote = '"';

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
        foreach (var (key, value) in Words(text))
        {
            search = !seen.Add(key) ? search with { Problem = ("search.twice", key) }
                : value is null ? search with { Problem = ("search.quote", key) }
                : value.Length == 0 ? search with { Problem = ("search.nothing", key) }
                : search.With(key, value, now);
        }

        return search;
    }

    /// <summary>A word as it is written in a search, so that it is read as this value.</summary>
    public static string Write(string key, string value) => key + ":" + (value.StartsWith(Quote) || value.Any(char.IsWhiteSpace)
        ? $"\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\""
        : value);

    /// <summary>Whether a word is one of it.</summary>
    public bool Has(string word) => Words(Text).Any(one => one.Value is { } value && Write(one.Key, value) == word);

    /// <summary>The same with one word more, in the place of one that says another thing of the same; without that word where it has it.</summary>
    public string Toggle(string word)
    {
        var others = Words(Text).Where(one => one.Value is not null && one.Key != word.Split(':')[0]).Select(one => Write(one.Key, one.Value!));
        return string.Join(' ', Has(word) ? others : others.Append(word));
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

    // Blanks part them. A quote counts only where a value begins, so that it may stand within one.
    private static IEnumerable<(string Key, string? Value)> Words(string text)
    {
        for (var at = 0; at < text.Length;)
        {
            var end = text.IndexOf(' ', at) is var blank and >= 0 ? blank : text.Length;
            var colon = text[at] == Quote ? -1 : text.IndexOf(':', at, end - at);
            var begin = colon < 0 ? at : colon + 1;
            if (begin < end && text[begin] == Quote)
            {
                var key = colon < 0 ? "repo" : Key(text[at..colon]);
                (var value, at) = Quoted(text, begin + 1);
                yield return (key, value);
            }
            else if (at < end)
            {
                var value = text[begin..end];
                yield return (colon >= 0 ? Key(text[at..colon]) : IsCommit(value) ? "commit" : "repo", value);
                at = end;
            }
            else
            {
                at++;
            }
        }
    }

    // Null where no quote ends it, or something stands right behind that quote.
    private static (string? Value, int End) Quoted(string text, int at)
    {
        var value = new StringBuilder();
        for (; at < text.Length; at++)
        {
            var (letter, next) = (text[at], at + 1 < text.Length ? text[at + 1] : ' ');
            if ((letter == '\\' && next is ('\\' or Quote)) || (letter == Quote && next == Quote))
            {
                value.Append(next);
                at++;
            }
            else if (letter == Quote)
            {
                return next == ' ' ? (value.ToString(), at + 1) : (null, text.Length);
            }
            else
            {
                value.Append(letter);
            }
        }

        return (null, at);
    }

    private static string Key(string word) => word switch { "repository" => "repo", "branch" => "ref", "id" => "commit", _ => word };

    private static bool IsCommit(string word) => word.Length >= ShortestCommit && word.All(letter => char.IsAsciiHexDigit(letter) || letter == '-');

    // A duration is meant to end now. Null for what is no time.
    private static string? Moment(string value, DateTimeOffset now) =>
        Durations.TryParse(value, out var span) && span < TimeSpan.FromDays(3650) ? (now - span).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)
        : Times.TryRead(value, out _) ? value : null;
}
