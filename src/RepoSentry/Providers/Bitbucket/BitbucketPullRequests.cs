using System.Globalization;
using RepoSentry.Abstractions;

namespace RepoSentry.Providers.Bitbucket;

/// <summary>Pull requests as the two products tell of them. Neither knows labels.</summary>
internal static class BitbucketPullRequests
{
    private const string Fields = "id,title,description,state,draft,created_on,updated_on,author.display_name,author.nickname,source.branch.name,source.commit.hash,source.repository.full_name,source.repository.uuid,"
        + "destination.branch.name,destination.commit.hash,destination.repository.uuid,merge_commit.hash,links.html.href";

    /// <summary>Those that are open, the oldest first: a new one comes last. Bitbucket gives no longer pages of them.</summary>
    public static readonly string CloudQuery = "?state=OPEN&sort=id&pagelen=50&fields=" + Uri.EscapeDataString("next," + string.Join(',', Fields.Split(',').Select(field => "values." + field)));

    public static string CloudPath(long number) => string.Create(CultureInfo.InvariantCulture, $"/pullrequests/{number}?fields={Uri.EscapeDataString(Fields)}");

    public static string ServerPath(long number) => string.Create(CultureInfo.InvariantCulture, $"/pull-requests/{number}");

    /// <summary>With the beginning of its commit's id: Cloud tells no more.</summary>
    public static PullRequestInfo Read(CloudPullRequest? told, ForgeAnswer answer) =>
        told is { Id: { } number, Source: { Commit.Hash: { Length: >= 7 } hash } source } && hash.All(char.IsAsciiHexDigit)
            ? new PullRequestInfo
            {
                Number = number,
                State = told.State switch { "OPEN" => PullRequestState.Open, "MERGED" => PullRequestState.Merged, _ => PullRequestState.Closed },
                Title = told.Title,
                Body = told.Description ?? "",
                Url = told.Links?.Html?.Href,
                Draft = told.Draft,
                Author = told.Author is { } author ? new PersonInfo(author.DisplayName, null, author.Nickname) : null,
                HeadBranch = source.Branch?.Name ?? "",
                HeadSha = hash.ToLowerInvariant(),
                HeadRepository = source.Repository?.FullName,
                HeadCloneUrl = source.Repository?.FullName is { } path ? $"https://{BitbucketPath.CloudHost}/{path}.git" : null,
                Fork = source.Repository?.Uuid is null || source.Repository.Uuid != told.Destination?.Repository?.Uuid,
                BaseBranch = told.Destination?.Branch?.Name ?? "",
                BaseSha = told.Destination?.Commit?.Hash,
                Labels = [],
                CreatedAt = told.CreatedOn,
                UpdatedAt = told.UpdatedOn,
                ClosedAt = told.State == "OPEN" ? null : told.UpdatedOn,
                MergeSha = told.MergeCommit?.Hash,
            }
            : throw answer.MalformedPull(told?.Id);

    public static PullRequestInfo Read(ServerPullRequest? told, ForgeAnswer answer) =>
        told is { Id: { } number, FromRef: { LatestCommit: { } sha } from, ToRef: { } to } && ForgeHttp.CommitId(sha) is { } commit
            ? new PullRequestInfo
            {
                Number = number,
                State = told.State switch { "OPEN" => PullRequestState.Open, "MERGED" => PullRequestState.Merged, _ => PullRequestState.Closed },
                Title = told.Title,
                Body = told.Description ?? "",
                Url = told.Links?.Self is [{ Href: var page }, ..] ? page : null,
                Draft = told.Draft ?? false,
                Author = told.Author?.User is { } author ? new PersonInfo(author.DisplayName, author.EmailAddress, author.Name) : null,
                HeadBranch = from.DisplayId ?? "",
                HeadSha = commit,
                HeadRepository = from.Repository is { Project.Key: { } key, Slug: { } slug } ? $"{key}/{slug}" : null,
                HeadCloneUrl = from.Repository?.Links?.Clones?.FirstOrDefault(link => link is { Name: "http" or "https" })?.Href,
                Fork = from.Repository?.Id is null || from.Repository.Id != to.Repository?.Id,
                BaseBranch = to.DisplayId ?? "",
                BaseSha = to.LatestCommit,
                Labels = [],
                CreatedAt = Time(told.CreatedDate),
                UpdatedAt = Time(told.UpdatedDate),
                ClosedAt = Time(told.ClosedDate),
                MergeSha = told.Properties?.MergeCommit?.Id,
            }
            : throw answer.MalformedPull(told?.Id);

    private static DateTimeOffset? Time(long? milliseconds) => milliseconds is { } told and >= 0 and < 253_402_300_799_000 ? DateTimeOffset.FromUnixTimeMilliseconds(told) : null;
}
