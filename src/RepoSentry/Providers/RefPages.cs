using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using RepoSentry.Abstractions;
using RepoSentry.Storage;

namespace RepoSentry.Providers;

/// <summary>One page of refs.</summary>
/// <param name="Refs">What stands on it; null for "as it was".</param>
/// <param name="ETag">Its entity tag, as received.</param>
/// <param name="Next">Query of the following page; null where there is none.</param>
/// <param name="LastPage">Number of the last page where the forge tells it.</param>
/// <param name="Total">How many refs stand on all pages, where the forge tells it.</param>
internal sealed record RefPage(IReadOnlyList<GitRef>? Refs, string? ETag, string? Next, int? LastPage, int? Total = null)
{
    /// <summary>Short name of the default branch, where the list marks it.</summary>
    public string? DefaultBranch { get; init; }

    /// <summary>What stands on it of pull requests, by the names of their refs.</summary>
    public IReadOnlyDictionary<string, PullRequestInfo> PullRequests { get; init; } = new Dictionary<string, PullRequestInfo>();

    /// <param name="nameOf">Name of the ref of the one with that number.</param>
    public static RefPage Of(ForgeAnswer answer, IEnumerable<PullRequestInfo> pullRequests, Func<long, string> nameOf, string? next)
    {
        var told = pullRequests.Select(one => (Name: nameOf(one.Number), One: one)).ToList();
        return new RefPage([.. told.Select(pair => new GitRef(pair.Name, pair.One.HeadSha))], answer.ETag, next, answer.LastPage, answer.Total)
        {
            PullRequests = told.DistinctBy(pair => pair.Name).ToDictionary(pair => pair.Name, pair => pair.One, StringComparer.Ordinal),
        };
    }
}

/// <summary>
/// Reads all pages of one kind of refs so that the result is one state of the repository, and so that an unchanged repository costs "not modified" answers only.
/// The validator is the list of the pages' entity tags. Its last page is never a full one: after a full page the following one is read too, though empty, for a
/// full page stays as it was when the next ref lands behind it.
/// </summary>
/// <param name="pageSize">Refs of a full page; none is full where each page names the next one in its own body.</param>
internal sealed class RefPages(string provider, RefKind kind, Func<string, string?, Task<RefPage>> fetch, int pageSize = RefPages.PageSize)
{
    public const int PageSize = 100;

    /// <summary>Beyond this one narrow question to Git is cheaper than a walk over the pages, and kinder to the forge.</summary>
    public const int MaxPages = 100;

    private const int Version = 1;

    /// <summary>A hundred requests for nothing are not spent again at once.</summary>
    private static readonly TimeSpan AfterTooMany = TimeSpan.FromMinutes(5);
    private static readonly Dictionary<string, PullRequestInfo> EmptyPullRequests = [];

    /// <summary>Null if nothing is new since the validator.</summary>
    public async Task<RefSnapshot?> LookAsync(string first, string? validator)
    {
        RefPage? changed = null;
        if (Parse(validator) is { } held)
        {
            var at = 0;
            while (at < held.Pages.Count && (changed = await fetch(held.Pages[at].Query, held.Pages[at].ETag)).Refs is null)
            {
                at++;
            }

            if (at == held.Pages.Count)
            {
                return null;
            }

            // A page that was "as it was" has no body here, and a single page cannot be told from the others' shift: all are read anew.
            changed = at == 0 ? changed : null;
        }

        return await ReadAsync(first, changed) ?? await ReadAsync(first, null)
            ?? throw new RefSourceException(RefSourceError.Malformed, $"the list of {Word} kept changing while it was read, twice: no complete look");
    }

    private string Word => kind.Words();

    /// <summary>Null if the list moved while it was read.</summary>
    private async Task<RefSnapshot?> ReadAsync(string first, RefPage? firstPage)
    {
        var pages = new List<(string Query, RefPage Page)>();
        var read = 0;
        for (var query = first; query is not null;)
        {
            var page = firstPage ?? await fetch(query, null);
            firstPage = null;
            if (page.Refs is null)
            {
                throw new RefSourceException(RefSourceError.Malformed, "the forge answered \"not modified\" to a question without a condition");
            }

            pages.Add((query, page));
            if (pages.Count > MaxPages || page.LastPage > MaxPages || page.Total > MaxPages * (long)pageSize)
            {
                // Where the forge told at once, that cost one request: zero says only that another try would find the same.
                throw new RefSourceException(RefSourceError.Malformed, $"more than {MaxPages} pages of {Word}: too many to read page by page, Git lists them at once", pages.Count > MaxPages ? AfterTooMany : TimeSpan.Zero);
            }

            read += page.Refs.Count;
            var isFull = page.Refs.Count >= pageSize && (page.Total is null || page.ETag is not null);
            query = page.Next ?? (isFull || (read < page.Total && page.Refs.Count > 0) ? $"{first}&page={pages.Count + 1}" : null);
            if (pages.Exists(one => one.Query == query))
            {
                throw new RefSourceException(RefSourceError.Malformed, $"the list of {Word} goes in a circle: one of its pages names an earlier one as the next", TimeSpan.Zero); // another try would find the same
            }
        }

        return await IsOneStateAsync(pages) ? Snapshot(pages) : null;
    }

    // Numbered pages shift when a ref comes or goes: a ref could be skipped, which would look like its deletion. If every page but the last is afterwards as it
    // was read, all were so at the moment the last one was read. Pages that begin at a name do not shift.
    private async Task<bool> IsOneStateAsync(List<(string Query, RefPage Page)> pages)
    {
        var (filled, count) = (pages.Count(read => read.Page.Refs!.Count > 0), pages.Sum(read => read.Page.Refs!.Count));
        if (pages.Exists(read => (read.Page.LastPage is { } last && last != Math.Max(filled, 1)) || (read.Page.Total is { } total && total != count)) || HasDoubles(pages))
        {
            return false;
        }

        foreach (var (query, page) in pages.SkipLast(1).Where(_ => !pages[^1].Query.Contains("page_token=", StringComparison.Ordinal)))
        {
            var again = await fetch(query, page.ETag);
            if (again.Refs is not null && !again.Refs.SequenceEqual(page.Refs!))
            {
                return false;
            }
        }

        return true;
    }

    private bool HasDoubles(List<(string Query, RefPage Page)> pages)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (_, page) in pages)
        {
            if (page.Refs!.DistinctBy(item => item.Name).Count() < page.Refs!.Count)
            {
                throw new RefSourceException(RefSourceError.Malformed, $"the list of {Word} has a name twice");
            }
        }

        return pages.SelectMany(read => read.Page.Refs!).Any(item => !names.Add(item.Name));
    }

    private RefSnapshot Snapshot(List<(string Query, RefPage Page)> pages)
    {
        var refs = pages.SelectMany(read => read.Page.Refs!).OrderBy(item => item.Name, StringComparer.Ordinal).ToList();
        var complete = pages.TrueForAll(read => read.Page.ETag is not null);
        var held = new HeldPages(provider, Version, [.. pages.Select(read => new HeldPage(read.Query, read.Page.ETag!))]);
        return new RefSnapshot(kind, refs, complete ? JsonSerializer.Serialize(held, RefPagesJson.Compact.HeldPages) : null)
        {
            PullRequests = kind == RefKind.PullRequest ? pages.SelectMany(read => read.Page.PullRequests).ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal) : EmptyPullRequests,
        };
    }

    /// <summary>Null for what another source or another version left.</summary>
    private HeldPages? Parse(string? validator)
    {
        if (validator is null or not ['{', ..])
        {
            return null;
        }

        try
        {
            var held = JsonSerializer.Deserialize(validator, RefPagesJson.Default.HeldPages);
            return held is { Version: Version, Pages.Count: > 0 } && held.Provider == provider && held.Pages.All(page => page is { Query: not null, ETag: not null }) ? held : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>A validator: the entity tags of all pages.</summary>
internal sealed record HeldPages([property: JsonPropertyName("p")] string Provider, [property: JsonPropertyName("v")] int Version, [property: JsonPropertyName("pages")] IReadOnlyList<HeldPage> Pages);

internal sealed record HeldPage([property: JsonPropertyName("q")] string Query, [property: JsonPropertyName("e")] string ETag);

[JsonSerializable(typeof(HeldPages))]
internal sealed partial class RefPagesJson : JsonSerializerContext
{
    // Entity tags are quoted: the default would write each quote as six characters.
    public static RefPagesJson Compact { get; } = new(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
