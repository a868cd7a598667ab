using RepoSentry.Abstractions;
using RepoSentry.SystemTests.Providers.PlainGit;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.SystemTests.Providers.GitHub;

public sealed class ContractTests : RefSourceContract
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("github-");
    private FakeGitHub? forge;

    private protected override bool TellsTagObjects => false;

    private protected override async Task<(IRefSource Source, TestRepository Repository)> OpenAsync()
    {
        forge = await FakeGitHub.StartNewAsync();
        var repository = TestRepository.Create(folder.FullName, new Uri(forge.Root, "acme/web"));
        forge.Add("acme/web").Git = repository;
        return (forge.Source(), repository);
    }

    public override async ValueTask DisposeAsync()
    {
        await (forge?.DisposeAsync() ?? ValueTask.CompletedTask);
        folder.Delete(recursive: true);
    }
}
