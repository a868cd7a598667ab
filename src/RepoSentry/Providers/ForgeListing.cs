using System.Collections.Concurrent;
using System.Globalization;
using RepoSentry.Abstractions;
using RepoSentry.Storage;

namespace RepoSentry.Providers;

/// <summary>Where a forge tells of an organization's repositories: the part of a listing that differs from forge to forge.</summary>
internal sealed record ListingShape
{
    /// <summary>Its name in messages.</summary>
    public required string Title { get; init; }

    /// <summary>Resources below the base of the API, with the query of their first page: the first that is there is the organization's, or the user's.</summary>
    public required Func<string, IReadOnlyList<string>> PathsOf { get; init; }

    /// <summary>Repositories of a full page, where pages have numbers; <see cref="int.MaxValue"/> where each page names the next one in its own body.</summary>
    public int PageSize { get; init; } = int.MaxValue;

    /// <summary>What stands on a page of that organization.</summary>
    public required Func<ForgeAnswer, string, ListingPage> Read { get; init; }
}

/// <param name="Next">Query of the following page; null where there is none.</param>
/// <param name="Total">How many there are on all pages, where the forge tells it.</param>
internal sealed record ListingPage(IReadOnlyList<ListedRepository> Repositories, string? Next = null, int? Total = null);

/// <summary>Reads all pages of an organization's repositories. A page that is "as it was" is taken from the listing before.</summary>
/// <param name="get">Asks the forge within its limits: address, entity tag, budget.</param>
internal sealed class ForgeListing(Func<Uri, string?, AnswerBudget, CancellationToken, Task<ForgeAnswer>> get, Uri apiBase, ListingShape shape) : IRepositoryLister
{
    private const int MaxPages = 1000;

    private readonly ConcurrentDictionary<string, IReadOnlyDictionary<Uri, Held>> before = new(StringComparer.Ordinal);

    public async Task<IReadOnlyList<ListedRepository>> ListAsync(string organization, CancellationToken cancellationToken, bool onlyFirst = false)
    {
        var known = before.GetValueOrDefault(organization) ?? new Dictionary<Uri, Held>();
        var places = shape.PathsOf(organization).Select(path => new Uri(apiBase.AbsoluteUri.TrimEnd('/') + path)).OrderByDescending(known.ContainsKey).ToList();
        foreach (var place in places)
        {
            try
            {
                var pages = await ReadAsync(place, organization, known, onlyFirst, cancellationToken);
                before[organization] = pages.ToDictionary(page => page.At);
                return Together(pages, onlyFirst);
            }
            catch (RefSourceException failure) when (failure.Error == RefSourceError.NotFound)
            {
                // a user's name, where an organization's was asked for, or nobody's
            }
        }

        throw new RefSourceException(RefSourceError.NotFound, $"{shape.Title} has no \"{organization}\" whose repositories this credential may list: check the name, and what the token may read");
    }

    /// <summary>Where a repository with that path is cloned from.</summary>
    public static Uri UrlOf(Uri web, string path, string ending) => new($"{web.AbsoluteUri.TrimEnd('/')}/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}{ending}");

    private async Task<List<Held>> ReadAsync(Uri first, string organization, IReadOnlyDictionary<Uri, Held> known, bool onlyFirst, CancellationToken cancellationToken)
    {
        var pages = new List<Held>();
        for (var at = first; at is not null;)
        {
            var held = known.GetValueOrDefault(at);
            using var budget = new AnswerBudget();
            var answer = await get(at, held?.ETag, budget, cancellationToken);
            var page = answer.NotModified ? held! : new Held(at, new Uri(answer.At.GetLeftPart(UriPartial.Path)), answer.ETag, shape.Read(answer, organization));
            if (pages.Exists(other => other.At == at) || pages.Count == MaxPages)
            {
                throw answer.Malformed(pages.Count == MaxPages ? $"more than {MaxPages} pages of repositories" : "a list of repositories whose pages lead in a circle");
            }

            pages.Add(page);
            at = onlyFirst ? null : Next(page, pages, first);
        }

        return pages;
    }

    // After a full page the following one is read too, though empty: a proxy may take away what tells of it.
    private Uri? Next(Held page, List<Held> pages, Uri first)
    {
        var isFull = page.Page.Repositories.Count >= shape.PageSize && page.Page.Total is null;
        var isShort = pages.Sum(one => one.Page.Repositories.Count) < page.Page.Total && page.Page.Repositories.Count > 0;
        var query = page.Page.Next ?? (isFull || isShort ? string.Create(CultureInfo.InvariantCulture, $"{first.Query}&page={pages.Count + 1}") : null);
        return query is null ? null : new Uri(page.Root.AbsoluteUri + query);
    }

    // A repository that comes while the pages are read moves others to the next page: what stands twice is one. One that goes hides another, so that
    // whoever misses a repository has to list again.
    private List<ListedRepository> Together(List<Held> pages, bool onlyFirst)
    {
        var all = pages.SelectMany(page => page.Page.Repositories).ToList();
        var once = all.GroupBy(repository => repository.Id, StringComparer.Ordinal).Select(same => same.Last()).ToList();
        return onlyFirst || pages.Max(page => page.Page.Total) is not { } total || all.Count >= total
            ? once
            : throw new RefSourceException(RefSourceError.Malformed, $"{shape.Title} tells of {total} repositories and listed {all.Count}: no complete listing");
    }

    /// <param name="Root">Where the answer came from: an organization may have been renamed.</param>
    private sealed record Held(Uri At, Uri Root, string? ETag, ListingPage Page);
}
