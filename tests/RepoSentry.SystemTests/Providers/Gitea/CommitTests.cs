using RepoSentry.Providers;
using RepoSentry.Providers.Gitea;
using RepoSentry.SystemTests.Providers.GitHub;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.SystemTests.Providers.Gitea;

public sealed class CommitTests : CommitContract
{
    private protected override bool TellsFilesOfMany => true;

    private protected override bool AddsUp => true;

    private protected override async Task<(FakeForge Forge, ICommitSource Source)> OpenAsync()
    {
        var forge = await FakeGitea.StartNewAsync();
        return (forge, GiteaRefSource.For(new() { Name = "forge", Type = "gitea", Url = forge.Root }, RepoSentry.Network.OutboundHttp.CreateClient(new()), TimeProvider.System));
    }
}
