using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace RepoSentry.SystemTests.Support;

/// <summary>The image of deploy/docker, built once without a registry, in a storage of its own that is gone with the tests.</summary>
public sealed class ContainerImage : IDisposable
{
    /// <summary>The user that the image names.</summary>
    public const string User = "10001";

    private const string Tag = "localhost/reposentry";

    private readonly TemporaryFolder storage = new();
    private string? container;

    /// <summary>A container of it; the tests that need one share it.</summary>
    public string Container => container ??= Create();

    /// <summary>The folder of the container's root file system.</summary>
    public string Root => field ??= Buildah("mount", Container);

    /// <summary>What stands in the image about how to run it.</summary>
    public JsonElement Config
    {
        get
        {
            _ = Container;
            return JsonDocument.Parse(Buildah("inspect", "--type", "image", Tag)).RootElement.GetProperty("OCIv1").GetProperty("config");
        }
    }

    /// <summary>Entry point and arguments, as a container engine puts them together.</summary>
    public string[] Command => [.. Texts("Entrypoint"), .. Texts("Cmd")];

    public string[] Texts(string key) => [.. Config.GetProperty(key).EnumerateArray().Select(item => item.GetString()!)];

    /// <summary>Starts a command in the container, as the image's user, with a configuration and a data folder.</summary>
    public Process Run(string configFolder, string dataFolder, params string[] command) => TestGit.Start("buildah", "/",
    [
        .. StorageOptions, "run", "--isolation", "chroot",
        "--volume", configFolder + ":/etc/reposentry:ro", "--volume", dataFolder + ":/var/lib/reposentry", Container, "--", .. command,
    ]);

    public void Dispose()
    {
        if (container is not null)
        {
            Buildah("rm", container);
            Buildah("rmi", "--all", "--force");
        }

        storage.Dispose();
    }

    private string[] StorageOptions => ["--storage-driver", "vfs", "--root", storage.Path + "/root", "--runroot", storage.Path + "/run"];

    private string Create()
    {
        Assert.SkipWhen(TestGit.Find("buildah") is null || TestGit.Find("mmdebstrap") is null, "buildah or mmdebstrap is not installed (tests/apt-packages.txt)");
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "making base images needs root");
        TestGit.Run("env", SourceTree.Root, ["STORAGE=" + storage.Path, "VERSION=7.8.9", SourceTree.At("deploy/docker/build-offline.sh"), Tag]);
        return Buildah("from", "--pull-never", Tag);
    }

    private string Buildah(params string[] arguments) => TestGit.Run("buildah", "/", [.. StorageOptions, .. arguments]);
}
