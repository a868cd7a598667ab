using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Providers.PlainGit;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.SystemTests.Providers.PlainGit;

public sealed class Version2OverHttpTests() : HttpContract(2);

public sealed class Version1OverHttpTests() : HttpContract(1);

public sealed class Version0OverHttpTests() : HttpContract(0);

public abstract class HttpContract(int version) : RefSourceContract
{
    private NginxGitServer? server;

    private protected override async Task<(IRefSource Source, TestRepository Repository)> OpenAsync()
    {
        server = await NginxGitServer.StartAsync(new NginxGitOptions { ProtocolVersion = version });
        return (Looks.Source(), server.CreateRepository("acme/web"));
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await (server?.DisposeAsync() ?? ValueTask.CompletedTask);
    }
}

public sealed class OverSshTests : RefSourceContract
{
    private SshGitServer? server;

    private protected override async Task<(IRefSource Source, TestRepository Repository)> OpenAsync()
    {
        server = await SshGitServer.StartAsync();
        var options = new PlainGitOptions { Provider = "forge", Ssh = new SshConfig(null, server.KeyFile, server.KnownHosts) };
        return (Looks.Source(options), server.CreateRepository("acme/web"));
    }

    public override async ValueTask DisposeAsync() => await (server?.DisposeAsync() ?? ValueTask.CompletedTask);
}

public sealed class OverFilesTests : RefSourceContract
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("git-files-");

    private protected override Task<(IRefSource Source, TestRepository Repository)> OpenAsync() =>
        Task.FromResult<(IRefSource, TestRepository)>((Looks.Source(), TestRepository.Create(Path.Combine(folder.FullName, "acme web"))));

    public override ValueTask DisposeAsync()
    {
        folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }
}
