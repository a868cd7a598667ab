using RepoSentry.Abstractions;

namespace RepoSentry.Providers.GitHub;

/// <summary>Pull requests as GitHub tells of them, by REST and by GraphQL.</summary>
internal static class GitHubPullRequests
{
    /// <summary>Those that are open, the oldest first: a new one comes last.</summary>
    public static readonly string Query = $"?state=open&sort=created&direction=asc&per_page={RefPages.PageSize}";

    public static PullRequestInfo Read(GitHubPullRequest? told, ForgeAnswer answer) =>
        told is { Number: { } number, Head: { Sha: { } sha } head, Base: { } target } && ForgeHttp.CommitId(sha) is { } commit
            ? new PullRequestInfo
            {
                Number = number,
                ForgeId = told.Id?.ToString(System.Globalization.CultureInfo.InvariantCulture),
                State = told.MergedAt is not null ? PullRequestState.Merged : told.State == "open" ? PullRequestState.Open : PullRequestState.Closed,
                Title = told.Title,
                Body = told.Body ?? "",
                Url = told.HtmlUrl,
                Draft = told.Draft,
                Author = told.User?.Login is { } login ? new PersonInfo(null, null, login) : null,
                HeadBranch = head.Ref ?? "",
                HeadSha = commit,
                HeadRepository = head.Repo?.FullName,
                HeadCloneUrl = head.Repo?.CloneUrl,
                Fork = head.Repo?.Id is null || head.Repo.Id != target.Repo?.Id,
                BaseBranch = target.Ref ?? "",
                BaseSha = target.Sha,
                Labels = told.Labels is null ? null : [.. told.Labels.Select(label => label?.Name).OfType<string>()],
                CreatedAt = told.CreatedAt,
                UpdatedAt = told.UpdatedAt,
                ClosedAt = told.ClosedAt,
                MergeSha = told.MergedAt is null ? null : told.MergeCommitSha,
            }
            : throw answer.MalformedPull(told?.Number);

    /// <summary>Null where it has no commit that can be relied on. Labels and text are not asked for: they would cost more than all the rest.</summary>
    public static PullRequestInfo? Read(GraphPullRequest? told) => told is { Number: { } number, HeadRefOid: { } oid } && ForgeHttp.CommitId(oid) is { } commit
        ? new PullRequestInfo
        {
            Number = number,
            Title = told.Title,
            Url = told.Url,
            Draft = told.IsDraft,
            Author = told.Author?.Login is { } login ? new PersonInfo(null, null, login) : null,
            HeadBranch = told.HeadRefName ?? "",
            HeadSha = commit,
            HeadRepository = told.HeadRepository?.NameWithOwner,
            HeadCloneUrl = told.HeadRepository?.Url is { } page ? page + ".git" : null,
            Fork = told.IsCrossRepository != false,
            BaseBranch = told.BaseRefName ?? "",
            BaseSha = told.BaseRefOid,
            CreatedAt = told.CreatedAt,
            UpdatedAt = told.UpdatedAt,
        }
        : null;
}
