using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Deploy;

/// <summary>The build for the processor that this machine does not have.</summary>
public sealed class ArchitectureTests
{
    [Fact]
    public void The_product_is_built_for_arm64_out_of_the_lock_files()
    {
        using var folder = new TemporaryFolder();

        TestGit.Run("dotnet", SourceTree.Root,
        [
            "publish", "src/RepoSentry", "-c", "Release", "-r", "linux-arm64", "--self-contained", "false", "--artifacts-path", folder.Path + "/build", "-o", folder.Path + "/app",
            "-p:RestoreLockedMode=true", "-p:PublishReadyToRun=false", "-p:DebugType=none", "--nologo", "-v", "quiet",
        ]);

        Machine(folder.Path + "/app/reposentry").ShouldBe(0xB7);
        Machine(folder.Path + "/app/libe_sqlite3.so").ShouldBe(0xB7);
    }

    // e_machine of the ELF header: 0xB7 is AArch64, 0x3E is x86-64.
    private static int Machine(string file)
    {
        using var stream = File.OpenRead(file);
        var header = new byte[20];
        stream.ReadExactly(header);
        return header[18];
    }
}
