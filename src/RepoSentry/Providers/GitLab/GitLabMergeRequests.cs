using System.Globalization;
using RepoSentry.Abstractions;

namespace RepoSentry.Providers.GitLab;

/// <summary>Merge requests as GitLab tells of them.</summary>
internal static class GitLabMergeRequests
{
    /// <summary>Those that are open, the oldest first: a new one comes last.</summary>
    public static readonly string Query = $"?state=opened&order_by=created_at&sort=asc&per_page={RefPages.PageSize}";

    public static string Path(long number) => string.Create(CultureInfo.InvariantCulture, $"/merge_requests/{number}");

    /// <summary>Null for one whose commits are not there yet.</summary>
    public static PullRequestInfo? Read(GitLabMergeRequest? told, ForgeAnswer answer)
    {
        var commit = told?.Sha is null ? null : ForgeHttp.CommitId(told.Sha) ?? throw answer.MalformedPull(told.Iid, "merge request");
        return told is not { Iid: { } number } ? throw answer.MalformedPull(null, "merge request") : commit is null ? null : new PullRequestInfo
        {
            Number = number,
            ForgeId = told.Id?.ToString(CultureInfo.InvariantCulture),
            State = told.State switch { "merged" => PullRequestState.Merged, "closed" => PullRequestState.Closed, _ => PullRequestState.Open }, // locked is one that is being merged
            Title = told.Title,
            Body = told.Description ?? "",
            Url = told.WebUrl,
            Draft = told.Draft,
            Author = told.Author is { } author ? new PersonInfo(author.Name, null, author.Username) : null,
            HeadBranch = told.SourceBranch ?? "",
            HeadSha = commit,
            Fork = told.SourceProjectId is null || told.SourceProjectId != told.TargetProjectId,
            BaseBranch = told.TargetBranch ?? "",
            Labels = [.. (told.Labels ?? []).OfType<string>()],
            CreatedAt = told.CreatedAt,
            UpdatedAt = told.UpdatedAt,
            ClosedAt = told.MergedAt ?? told.ClosedAt,
            MergeSha = told.MergeCommitSha ?? told.SquashCommitSha,
        };
    }
}
