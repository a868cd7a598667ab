using System.Globalization;
using RepoSentry.Abstractions;

namespace RepoSentry.Providers.Gitea;

/// <summary>Pull requests as Gitea and Forgejo tell of them.</summary>
internal static class GiteaPullRequests
{
    public static string Path(long number) => string.Create(CultureInfo.InvariantCulture, $"/pulls/{number}");

    /// <summary>Those that are open, the oldest first: a new one comes last.</summary>
    public static string Query(int pageSize) => string.Create(CultureInfo.InvariantCulture, $"?state=open&sort=oldest&limit={pageSize}");

    public static PullRequestInfo Read(GiteaPullRequest? told, ForgeAnswer answer) =>
        told is { Number: { } number, Head: { Sha: { } sha } head, Base: { } target } && ForgeHttp.CommitId(sha) is { } commit
            ? new PullRequestInfo
            {
                Number = number,
                ForgeId = told.Id?.ToString(CultureInfo.InvariantCulture),
                State = told.Merged == true ? PullRequestState.Merged : told.State == "open" ? PullRequestState.Open : PullRequestState.Closed,
                Title = told.Title,
                Body = told.Body ?? "",
                Url = told.HtmlUrl,
                Draft = told.Draft,
                Author = told.User is { } author ? new PersonInfo(author.FullName, null, author.Login) : null,
                HeadBranch = head.Ref ?? "",
                HeadSha = commit,
                HeadRepository = head.Repo?.FullName,
                HeadCloneUrl = head.Repo?.CloneUrl,
                Fork = head.RepoId is null || head.RepoId != target.RepoId,
                BaseBranch = target.Ref ?? "",
                BaseSha = target.Sha,
                Labels = [.. (told.Labels ?? []).Select(label => label?.Name).OfType<string>()],
                CreatedAt = told.CreatedAt,
                UpdatedAt = told.UpdatedAt,
                ClosedAt = told.MergedAt ?? told.ClosedAt,
                MergeSha = told.Merged == true ? told.MergeCommitSha : null,
            }
            : throw answer.MalformedPull(told?.Number);
}
