namespace RepoSentry.Storage;

/// <summary>The refs of pull requests, for statements.</summary>
internal static class PullRequestRef
{
    /// <summary>What the refs of pull request <c>@PullRequest</c> may be, as each forge names them.</summary>
    public const string Names = "('refs/pull/' || @PullRequest || '/head', 'refs/merge-requests/' || @PullRequest || '/head', 'refs/pull-requests/' || @PullRequest || '/from')";
}
