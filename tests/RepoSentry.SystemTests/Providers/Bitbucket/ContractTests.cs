using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Network;
using RepoSentry.Providers.Bitbucket;
using RepoSentry.SystemTests.Providers.PlainGit;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.SystemTests.Providers.Bitbucket;

public sealed class CloudContractTests : RefSourceContract
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("bitbucket-");
    private FakeBitbucket? forge;

    private protected override bool HasValidators => false;

    private protected override bool TellsTagObjects => false;

    private protected override async Task<(IRefSource Source, TestRepository Repository)> OpenAsync()
    {
        forge = await FakeBitbucket.StartNewAsync();
        var repository = TestRepository.Create(folder.FullName, new Uri("https://bitbucket.org/acme/web"));
        forge.Add("acme/web").Git = repository;
        var provider = new ProviderConfig { Name = "forge", Type = "bitbucket", ApiBaseUrl = new Uri(forge.Root, "2.0"), RequestsPerHour = 10_000_000, Burst = 100_000 };
        return (BitbucketRefSource.For(provider, OutboundHttp.CreateClient(new()), TimeProvider.System), repository);
    }

    public override async ValueTask DisposeAsync()
    {
        await (forge?.DisposeAsync() ?? ValueTask.CompletedTask);
        folder.Delete(recursive: true);
    }
}

public sealed class ServerContractTests : RefSourceContract
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("bitbucket-");
    private FakeBitbucketServer? forge;

    private protected override bool HasValidators => false;

    private protected override async Task<(IRefSource Source, TestRepository Repository)> OpenAsync()
    {
        forge = await FakeBitbucketServer.StartNewAsync();
        var repository = TestRepository.Create(folder.FullName, new Uri(forge.Root, "scm/acme/web"));
        forge.Add("acme/web").Git = repository;
        var provider = new ProviderConfig { Name = "forge", Type = "bitbucket", Url = forge.Root, RequestsPerHour = 10_000_000, Burst = 100_000 };
        return (BitbucketServerRefSource.For(provider, OutboundHttp.CreateClient(new()), TimeProvider.System), repository);
    }

    public override async ValueTask DisposeAsync()
    {
        await (forge?.DisposeAsync() ?? ValueTask.CompletedTask);
        folder.Delete(recursive: true);
    }
}
