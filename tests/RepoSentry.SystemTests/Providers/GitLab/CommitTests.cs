using RepoSentry.Providers;
using RepoSentry.SystemTests.Providers.GitHub;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.SystemTests.Providers.GitLab;

public sealed class CommitTests : CommitContract
{
    private protected override async Task<(FakeForge Forge, ICommitSource Source)> OpenAsync()
    {
        var forge = await FakeGitLab.StartNewAsync();
        return (forge, forge.Source());
    }
}
