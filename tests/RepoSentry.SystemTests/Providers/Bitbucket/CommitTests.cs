using RepoSentry.Configuration;
using RepoSentry.Network;
using RepoSentry.Providers;
using RepoSentry.Providers.Bitbucket;
using RepoSentry.SystemTests.Providers.GitHub;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.SystemTests.Providers.Bitbucket;

public sealed class CloudCommitTests : CommitContract
{
    private protected override bool TellsFilesAtOnce => false;

    private protected override Uri Url => new("https://bitbucket.org/acme/web");

    private protected override async Task<(FakeForge Forge, ICommitSource Source)> OpenAsync()
    {
        var forge = await FakeBitbucket.StartNewAsync();
        return (forge, BitbucketRefSource.For(new ProviderConfig { Name = "forge", Type = "bitbucket", ApiBaseUrl = new Uri(forge.Root, "2.0") }, OutboundHttp.CreateClient(new()), TimeProvider.System));
    }
}

public sealed class ServerCommitTests : CommitContract
{
    private protected override bool TellsFilesAtOnce => false;

    private protected override Uri Url => new(base.Url, "/scm/acme/web.git");

    private protected override async Task<(FakeForge Forge, ICommitSource Source)> OpenAsync()
    {
        var forge = await FakeBitbucketServer.StartNewAsync();
        return (forge, BitbucketServerRefSource.For(new ProviderConfig { Name = "forge", Type = "bitbucket", Url = forge.Root }, OutboundHttp.CreateClient(new()), TimeProvider.System));
    }
}
