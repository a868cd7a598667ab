using RepoSentry.Abstractions;
using RepoSentry.SystemTests.Providers.PlainGit;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.SystemTests.Providers.GitLab;

public sealed class ContractTests : RefSourceContract
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("gitlab-");
    private FakeGitLab? forge;

    private protected override async Task<(IRefSource Source, TestRepository Repository)> OpenAsync()
    {
        forge = await FakeGitLab.StartNewAsync();
        var repository = TestRepository.Create(folder.FullName, new Uri(forge.Root, "acme/shop/web"));
        forge.Add("acme/shop/web").Git = repository;
        return (forge.Source(), repository);
    }

    public override async ValueTask DisposeAsync()
    {
        await (forge?.DisposeAsync() ?? ValueTask.CompletedTask);
        folder.Delete(recursive: true);
    }
}
