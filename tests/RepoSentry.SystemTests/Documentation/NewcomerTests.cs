using System.Diagnostics;
using System.Text.RegularExpressions;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Documentation;

/// <summary>The quick start as a newcomer walks it: a clean clone, and the blocks of the page pasted one after another.</summary>
public sealed partial class NewcomerTests
{
    // The five minutes of the page are those of a machine that does nothing else.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(30);

    [Fact]
    public async Task A_newcomer_sees_the_first_push_delivered_from_a_clean_clone_on()
    {
        Assert.SkipUnless(Path.Exists(SourceTree.At(".git")), "the sources are no clone of a Git repository");
        using var folder = new TemporaryFolder();
        var started = TimeProvider.System.GetTimestamp();
        TestGit.Run(folder.Path, "clone", "--quiet", SourceTree.Root, "reposentry");
        var clone = Path.Combine(folder.Path, "reposentry");
        var page = await File.ReadAllTextAsync(Path.Combine(clone, "docs/en/quickstart.md"), TestContext.Current.CancellationToken);
        var port = $"{ServerProcess.FreePort()}";

        var (code, output) = await PasteAsync(clone, page, port);

        TestContext.Current.TestOutputHelper?.WriteLine($"{TimeProvider.System.GetElapsedTime(started).TotalSeconds:0} s");
        code.ShouldBe(0, output);
        var seen = output.Split('\n').Select(line => line.Trim()).ToList();
        var shown = Shown(page).ToList();
        shown.Count.ShouldBeGreaterThan(12);
        shown.Where(line => !seen.Exists(line.IsMatch)).Select(line => line.ToString()).ShouldBeEmpty(output);
        TestGit.Run(clone, "status", "--porcelain").ShouldBeEmpty("the clone stays clean");
    }

    // A reader's shell goes on after an error; this one does not. What the page leaves running when a command fails is ended by the ids of its jobs.
    private static async Task<(int Code, string Output)> PasteAsync(string clone, string page, string port)
    {
        var blocks = MarkdownPage.Blocks(page, "sh").Select(lines => string.Join('\n', lines)).ToList();
        blocks.Count.ShouldBeGreaterThan(5);
        var script = "set -e\nexec 2>&1\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + Moved(string.Join('\n', blocks), port);
        var start = new ProcessStartInfo("bash", ["-s"]) { UseShellExecute = false, WorkingDirectory = clone, RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["REPOSENTRY_SERVER"] = $"http://127.0.0.1:{port}";
        start.Environment["LC_ALL"] = "C";
        using var bash = Process.Start(start)!;
        var output = bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await bash.StandardInput.WriteAsync(script);
        bash.StandardInput.Close();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            await bash.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            bash.Kill(entireProcessTree: true);
        }

        var text = await output;
        return (bash.HasExited ? bash.ExitCode : -1, text);
    }

    // Other tests run at the same time: the two ports of the page become free ones, and a look of its own, which now and then comes before the one that is asked for, comes later.
    private static string Moved(string commands, string port) => commands
        .Replace("8080", port, StringComparison.Ordinal)
        .Replace("8081", $"{ServerProcess.FreePort()}", StringComparison.Ordinal)
        .Replace("interval: 5s", "interval: 1h", StringComparison.Ordinal)
        .Replace("timeout 30 ", "timeout 300 ", StringComparison.Ordinal);

    /// <summary>The lines that the page says one sees before its commands end: words as they stand, and anything in the place of times, ids and numbers.</summary>
    private static IEnumerable<Regex> Shown(string page) =>
        from block in MarkdownPage.Blocks(page[..page.IndexOf("## 7.", StringComparison.Ordinal)], "text")
        from line in block
        where line.Length > 0
        let words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => Changing.IsMatch(word) ? @"\S+" : Regex.Escape(word))
        select new Regex(@"\A" + string.Join(@"\s+", words) + @"\z", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5));

    [GeneratedRegex("[0-9]|^(shop|search|billing)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Changing { get; }
}
