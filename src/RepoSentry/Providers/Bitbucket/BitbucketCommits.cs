using RepoSentry.Abstractions;

namespace RepoSentry.Providers.Bitbucket;

/// <summary>Commits as the two products tell of them. A list of files that goes on is no list: half of it would let a path filter miss a change.</summary>
internal static class BitbucketCommits
{
    public static CommitInfo Read(BitbucketCommit? told, ForgeAnswer answer) => new()
    {
        Id = Id(told?.Hash, answer),
        Message = told!.Message,
        Timestamp = told.Date,
        Url = told.Links?.Html?.Href,
        Author = told.Author?.Raw is { } raw ? Person(raw, told.Author.User?.Nickname) : null,
        Parents = ForgeHttp.CommitIds(told.Parents?.Select(parent => parent?.Hash)),
    };

    /// <summary>What a comparison tells as a whole; null where the list goes on.</summary>
    public static IReadOnlyList<string>? Paths(BitbucketPage<BitbucketFile>? told) => told is not { Next: null, Values: { } files } || files.Any(file => (file?.New?.Path ?? file?.Old?.Path) is null) ? null
        : [.. files.SelectMany(file => new[] { file?.New?.Path, file?.Old?.Path }).OfType<string>().Distinct(StringComparer.Ordinal)];

    /// <summary>What a comparison tells as a whole; null where the list goes on.</summary>
    public static IReadOnlyList<string>? Paths(ServerPage<ServerChange>? told) => told is not { IsLastPage: true, Values: { } files } || files.Any(file => file?.Path?.Text is null) ? null
        : [.. files.SelectMany(file => new[] { file?.Path?.Text, file?.SrcPath?.Text }).OfType<string>().Distinct(StringComparer.Ordinal)];

    public static CommitInfo WithFiles(CommitInfo commit, BitbucketPage<BitbucketFile>? told) => told is not { Next: null, Values: { } files } || files.Contains(null) ? commit : commit with
    {
        Added = Paths(files.Where(file => file?.Status is "added" or "renamed").Select(file => file?.New?.Path)),
        Modified = Paths(files.Where(file => file?.Status is not ("added" or "renamed" or "removed")).Select(file => file?.New?.Path ?? file?.Old?.Path)),
        Removed = Paths(files.Where(file => file?.Status is "removed" or "renamed").Select(file => file?.Old?.Path)),
    };

    /// <param name="page">Of the repository; null where it is not known.</param>
    public static CommitInfo Read(ServerCommit? told, ForgeAnswer answer, string? page) => new()
    {
        Id = Id(told?.Id, answer),
        Message = told!.Message,
        Timestamp = (told.CommitterTimestamp ?? told.AuthorTimestamp) is { } milliseconds and >= 0 and < 253_402_300_799_000 ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : null,
        Url = page is null ? null : $"{page}/commits/{told.Id}",
        Author = Person(told.Author),
        Committer = Person(told.Committer),
        Parents = ForgeHttp.CommitIds(told.Parents?.Select(parent => parent?.Id)),
    };

    public static CommitInfo WithFiles(CommitInfo commit, ServerPage<ServerChange>? told) => told is not { IsLastPage: true, Values: { } files } || files.Contains(null) ? commit : commit with
    {
        Added = Paths(files.Where(file => file?.Type is "ADD" or "COPY" or "MOVE").Select(file => file?.Path?.Text)),
        Modified = Paths(files.Where(file => file?.Type is not ("ADD" or "COPY" or "MOVE" or "DELETE")).Select(file => file?.Path?.Text)),
        Removed = Paths(files.Select(file => file?.Type switch { "DELETE" => file?.Path?.Text, "MOVE" => file?.SrcPath?.Text, _ => null })),
    };

    private static string Id(string? told, ForgeAnswer answer) => told is not null && ForgeHttp.CommitId(told) is { } id ? id : throw answer.Malformed("a commit without an id");

    private static string[] Paths(IEnumerable<string?> paths) => [.. paths.OfType<string>()];

    // "Ada <ada@example.org>", as Git writes it.
    private static PersonInfo Person(string raw, string? account) => raw.IndexOf('<', StringComparison.Ordinal) is var start and >= 0
        ? new PersonInfo(raw[..start].Trim(), raw[(start + 1)..].TrimEnd().TrimEnd('>'), account)
        : new PersonInfo(raw, null, account);

    private static PersonInfo? Person(ServerPerson? told) => told is null ? null : told.DisplayName is { } full ? new PersonInfo(full, told.EmailAddress, told.Name) : new PersonInfo(told.Name, told.EmailAddress);
}
