using System.CommandLine.Parsing;
using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Documentation;

/// <summary>The commands of the manual, run one after another as they stand, with the names of this machine in the place of the examples'.</summary>
public sealed class ManualCommandTests
{
    private static readonly string[] Pages = ["providers", "events", "triggers", "operations", "runbooks", "security"];

    // They run until they are interrupted; tests of their own run them.
    private static readonly string[] Endless = ["reposentry run", "reposentry listen", "reposentry event tail"];

    private static readonly string[] OfAStoppedService = ["reposentry db restore", "reposentry db rollback", "reposentry db migrate"];

    // Not found, and a conflict such as "nothing is held", are answers: the page is read in another moment.
    private static readonly int[] Answers = [0, 3, 6];

    [Fact]
    public async Task Every_command_of_the_manual_does_what_it_is_shown_for()
    {
        await using var git = await NginxGitServer.StartAsync();
        var (web, lib) = (git.CreateRepository("acme/web.git"), git.CreateRepository("acme/lib.git"));
        web.Push("main", "First");
        lib.Push("main", "First");
        await using var receiver = await new Receiver().StartAsync();
        await using var service = new Service($$"""
            polling: { strategy: fixed, interval: 1s, min_interval: 1s }
            security: { master_key: "file:master" }
            providers: [{ name: forge, type: git, url: "{{web.Url.GetLeftPart(UriPartial.Authority)}}" }]
            tekton: { event_listener_url: "{{receiver.Url}}", secret: "env:RECEIVER_SECRET" }
            triggers: [{ name: audit, type: tekton, url: "{{receiver.Url}}", secret: "env:RECEIVER_SECRET", events: ["tag_*"] }]
            repositories: [{ name: web, url: "{{web.Url}}" }]
            """);
        var folder = Path.GetDirectoryName(service.ConfigPath)!;
        File.WriteAllText(Path.Combine(folder, "master"), new string('k', 44));
        File.WriteAllText(Path.Combine(folder, "token"), "a token");
        WriteHistory(Path.Combine(folder, "pushes.csv"));
        await service.StartReadyAsync();
        await service.WatchingAsync();
        var commit = web.Push("main", "Second");
        await receiver.UntilAsync(all => all.Count == 1, TimeSpan.FromMinutes(1));
        var id = (await service.GetAsync("/api/v1/events")).GetProperty("items")[0].GetProperty("id").GetString()!;
        using var backups = new TemporaryFolder();
        var commands = Commands().Select(line => line.Replace("01a20baf-4616-7e8c-8fae-621b2b39c3a9", id, StringComparison.Ordinal)
            .Replace("a164dd4c", commit[..8], StringComparison.Ordinal)
            .Replace(" 42", " 1", StringComparison.Ordinal)
            .Replace("../web ../api", $"{web.Folder} {lib.Folder}", StringComparison.Ordinal)
            .Replace("/backup/", backups.Path + "/", StringComparison.Ordinal)
            .Replace("/etc/reposentry/config.yaml", "reposentry.yaml", StringComparison.Ordinal)
            .Replace("https://git.example/acme/web.git", lib.Url.AbsoluteUri, StringComparison.Ordinal)).ToList();
        commands.Count.ShouldBeGreaterThan(40);
        var ends = new List<(string Command, int Code, string Errors)>();

        foreach (var command in commands.Where(command => !IsOneOf(command, OfAStoppedService)))
        {
            ends.Add(await RunAsync(service, command));
        }

        (await service.StopAsync()).ShouldBe(0);
        foreach (var command in commands.Where(command => IsOneOf(command, OfAStoppedService)))
        {
            ends.Add(await RunAsync(service, command));
        }

        ends.Where(end => !Answers.Contains(end.Code) || end.Errors.Contains("   at ", StringComparison.Ordinal)).ShouldBeEmpty();
        ends.Count(end => end.Code == 0).ShouldBeGreaterThan(ends.Count * 3 / 4);
    }

    private static void WriteHistory(string path)
    {
        File.WriteAllLines(path, ["repo,push_time_seconds", .. Enumerable.Range(0, 100).Select(number => string.Create(CultureInfo.InvariantCulture, $"r{number % 5},{number * 3600}"))]);
        using var packed = new GZipStream(File.Create(path + ".gz"), CompressionLevel.Fastest);
        packed.Write(File.ReadAllBytes(path));
    }

    private static IEnumerable<string> Commands() => Pages
        .SelectMany(page => MarkdownPage.Blocks(File.ReadAllText(SourceTree.At($"docs/en/{page}.md")), "sh").SelectMany(block => block))
        .Where(line => line.StartsWith("reposentry ", StringComparison.Ordinal) && !IsOneOf(line, Endless)).Distinct(StringComparer.Ordinal);

    private static bool IsOneOf(string command, string[] beginnings) => Array.Exists(beginnings, beginning => command.StartsWith(beginning, StringComparison.Ordinal));

    private static async Task<(string Command, int Code, string Errors)> RunAsync(Service service, string command)
    {
        var start = new ProcessStartInfo(Service.Executable, CommandLineParser.SplitCommandLine(command.Replace('\'', '"')).Skip(1))
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetDirectoryName(service.ConfigPath)!,
        };
        start.Environment["RECEIVER_SECRET"] = Receiver.SecretText;
        start.Environment["REPOSENTRY_SERVER"] = $"http://127.0.0.1:{service.Port}";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await output;
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (command, process.ExitCode, errors);
    }
}
