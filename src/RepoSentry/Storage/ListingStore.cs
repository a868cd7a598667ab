using Dapper;

namespace RepoSentry.Storage;

/// <summary>What the last believed listing of each organization told.</summary>
internal sealed class ListingStore(IDatabase database)
{
    public Task<IReadOnlyList<Listing>> LoadAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(
            async connection =>
            {
                var repositories = (await connection.QueryAsync<ListingRow>("SELECT * FROM listed_repositories ORDER BY discovery, path")).ToLookup(row => row.Discovery, row => row.Repository, StringComparer.Ordinal);
                return (IReadOnlyList<Listing>)[.. (await connection.QueryAsync<(string Discovery, DateTimeOffset ListedAt)>("SELECT discovery, listed_at FROM listings"))
                    .Select(row => new Listing(row.Discovery, row.ListedAt, [.. repositories[row.Discovery]]))];
            },
            cancellationToken);

    /// <summary>Notes that a listing told the same as the one before.</summary>
    public Task TouchAsync(string discovery, DateTimeOffset listedAt, CancellationToken cancellationToken) =>
        database.WriteAsync(
            scope => scope.Connection.ExecuteAsync("UPDATE listings SET listed_at = @listedAt WHERE discovery = @discovery", new { discovery, listedAt }, scope.Transaction), cancellationToken);

    /// <summary>Puts a listing in the place of the one before: only what differs is written.</summary>
    public Task SaveAsync(Listing listing, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async scope =>
            {
                await scope.Connection.ExecuteAsync(
                    "INSERT INTO listings (discovery, listed_at) VALUES (@Discovery, @ListedAt) ON CONFLICT (discovery) DO UPDATE SET listed_at = excluded.listed_at",
                    new { listing.Discovery, listing.ListedAt }, scope.Transaction);
                var stored = (await scope.Connection.QueryAsync<ListingRow>("SELECT * FROM listed_repositories WHERE discovery = @Discovery", new { listing.Discovery }, scope.Transaction))
                    .ToDictionary(row => row.Id, StringComparer.Ordinal);
                var rows = listing.Repositories.Select(repository => ListingRow.Of(listing.Discovery, repository)).ToList();
                await scope.Connection.ExecuteAsync(
                    """
                    INSERT INTO listed_repositories (discovery, id, path, name, short_name, url, archived, fork, topics)
                    VALUES (@Discovery, @Id, @Path, @Name, @ShortName, @Url, @Archived, @Fork, @Topics)
                    ON CONFLICT (discovery, id) DO UPDATE SET path = excluded.path, name = excluded.name, short_name = excluded.short_name, url = excluded.url,
                        archived = excluded.archived, fork = excluded.fork, topics = excluded.topics
                    """,
                    rows.Where(row => row != stored.GetValueOrDefault(row.Id)), scope.Transaction);
                await scope.Connection.ExecuteAsync(
                    "DELETE FROM listed_repositories WHERE discovery = @Discovery AND id = @Id",
                    stored.Keys.Except(rows.Select(row => row.Id), StringComparer.Ordinal).Select(id => new { listing.Discovery, Id = id }), scope.Transaction);
            },
            cancellationToken);

    /// <summary>Forgets organizations that the configuration no longer has.</summary>
    public Task KeepOnlyAsync(IReadOnlyCollection<string> discoveries, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async scope =>
            {
                var gone = (await scope.Connection.QueryAsync<string>("SELECT discovery FROM listings", transaction: scope.Transaction)).Except(discoveries, StringComparer.Ordinal)
                    .Select(discovery => new { discovery }).ToList();
                await scope.Connection.ExecuteAsync("DELETE FROM listed_repositories WHERE discovery = @discovery", gone, scope.Transaction);
                await scope.Connection.ExecuteAsync("DELETE FROM listings WHERE discovery = @discovery", gone, scope.Transaction);
            },
            cancellationToken);
}

/// <summary>All repositories of an organization, as the forge listed them.</summary>
/// <param name="Discovery">Key of the discovery.</param>
internal sealed record Listing(string Discovery, DateTimeOffset ListedAt, IReadOnlyList<ListedRepository> Repositories);

/// <summary>A repository as its forge lists it.</summary>
/// <param name="Id">The forge's own, stable over renames.</param>
/// <param name="Path">The whole path, such as <c>acme/web</c>.</param>
/// <param name="Name">The path below the organization.</param>
/// <param name="Url">Made of the provider's own address: what an answer says of hosts is never followed.</param>
internal sealed record ListedRepository(string Id, string Path, string Name, Uri Url)
{
    /// <summary>What globs are matched with.</summary>
    public string ShortName { get; init; } = Name;
    public bool Archived { get; init; }
    public bool Fork { get; init; }

    /// <summary>One a line.</summary>
    public string Topics { get; init; } = "";

    public bool HasTopic(string topic) => Topics.Split('\n').Contains(topic, StringComparer.OrdinalIgnoreCase);
}

/// <summary>A row of <c>listed_repositories</c>.</summary>
internal sealed record ListingRow
{
    public string Discovery { get; init; } = "";
    public string Id { get; init; } = "";
    public string Path { get; init; } = "";
    public string Name { get; init; } = "";
    public string ShortName { get; init; } = "";
    public string Url { get; init; } = "";
    public bool Archived { get; init; }
    public bool Fork { get; init; }
    public string Topics { get; init; } = "";

    public ListedRepository Repository => new(Id, Path, Name, new Uri(Url))
    {
        ShortName = ShortName,
        Archived = Archived,
        Fork = Fork,
        Topics = Topics,
    };

    public static ListingRow Of(string discovery, ListedRepository repository) => new()
    {
        Discovery = discovery,
        Id = repository.Id,
        Path = repository.Path,
        Name = repository.Name,
        ShortName = repository.ShortName,
        Url = repository.Url.AbsoluteUri,
        Archived = repository.Archived,
        Fork = repository.Fork,
        Topics = repository.Topics,
    };
}
