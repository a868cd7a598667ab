using RepoSentry.Abstractions;
using RepoSentry.Providers.AzureDevOps;
using RepoSentry.SystemTests.Providers.PlainGit;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.SystemTests.Providers.AzureDevOps;

public sealed class ContractTests : RefSourceContract
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("azure-");
    private FakeAzure? forge;

    private protected override bool HasValidators => false;

    private protected override async Task<(IRefSource Source, TestRepository Repository)> OpenAsync()
    {
        forge = await FakeAzure.StartNewAsync();
        var repository = TestRepository.Create(folder.FullName, new Uri(forge.Root, "acme/shop/_git/web"));
        forge.Add("acme/web").Git = repository;
        return (AzureRefSource.For(new() { Name = "forge", Type = "azure", Url = forge.Root, RequestsPerHour = 10_000_000, Burst = 100_000 }, RepoSentry.Network.OutboundHttp.CreateClient(new()), TimeProvider.System), repository);
    }

    public override async ValueTask DisposeAsync()
    {
        await (forge?.DisposeAsync() ?? ValueTask.CompletedTask);
        folder.Delete(recursive: true);
    }
}
