using System.ComponentModel;
using System.Diagnostics;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Contracts;

/// <summary>A schema that a forge publishes, with the validator of its own language; installed below tests/contracts.</summary>
internal static class PublishedSchema
{
    /// <returns>The errors of each line as a JSON array.</returns>
    public static async Task<string[]> ValidateAsync(string name, IEnumerable<string> lines)
    {
        var folder = Path.Combine(SourceTree.Root, "tests", "contracts", name);
        Assert.SkipUnless(Directory.Exists(Path.Combine(folder, "node_modules")), $"run npm ci in tests/contracts/{name} first (./test does)");
        var start = new ProcessStartInfo("node", ["validate.mjs"])
        {
            UseShellExecute = false,
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var node = Start(start);
        var answer = node.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var complaint = node.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        foreach (var line in lines)
        {
            await node.StandardInput.WriteLineAsync(line);
        }

        node.StandardInput.Close();
        await node.WaitForExitAsync(TestContext.Current.CancellationToken);
        node.ExitCode.ShouldBe(0, await complaint);
        return (await answer).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            Assert.Skip("node is not installed");
            throw;
        }
    }
}
