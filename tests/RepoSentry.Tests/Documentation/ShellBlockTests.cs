using System.Text.Json;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Documentation;

/// <summary>Every command that a document shows is one that its program takes, at files, chart values and routes that are there.</summary>
public sealed class ShellBlockTests
{
    private static readonly CommandChecks Checks = new();

    [Fact]
    public void Every_command_in_the_documents_can_be_typed()
    {
        var commands = (from document in Document.All from command in Shown(document) select (document.Path, Command: command)).ToList();

        commands.Count.ShouldBeGreaterThan(200);
        (from one in commands from problem in Checks.Problems(one.Command) select $"{one.Path}: {problem}").ShouldBeEmpty();
    }

    [Theory]
    [InlineData("reposentry repo list --bogus 1", "bogus")]
    [InlineData("curl -X POST $API/api/v1/status", "no route")]
    [InlineData("curl \"$API/api/v1/events?colour=red\"", "no parameter colour")]
    [InlineData("curl $API/api/v1/events/replay -d '{'", "no JSON")]
    [InlineData("helm upgrade x deploy/helm/reposentry --set imaje.tag=1", "imaje.tag is no value")]
    [InlineData("kubectl apply -f deploy/kubernetes/gone.yaml", "there is no deploy/kubernetes/gone.yaml")]
    [InlineData("docker build -f deploy/docker/Dockerfile --build-arg COLOUR=red .", "no ARG COLOUR")]
    [InlineData("sudo systemctl restart another", "no unit")]
    [InlineData("./gone", "no such script")]
    [InlineData("conjure a pipeline", "nobody checks")]
    [InlineData("A=1 reposentry status | grep x && reposentry state", "state")]
    [InlineData("timeout 3 sh -c 'until reposentry statu; do sleep 1; done'", "statu")]
    [InlineData("echo-free=1; cat \"$(reposentry versoin)\"", "versoin")]
    public void A_command_that_is_wrong_is_found(string line, string problem) =>
        ShellText.Commands([line]).SelectMany(Checks.Problems).ShouldContain(told => told.Contains(problem, StringComparison.Ordinal));

    [Fact]
    public void Both_languages_show_the_same_commands()
    {
        foreach (var english in Document.Of("docs/en"))
        {
            var chinese = Document.At(english.Path.Replace("docs/en/", "docs/zh/", StringComparison.Ordinal));
            Text(chinese).Except(Text(english)).Concat(Text(english).Except(Text(chinese))).ShouldBeEmpty(english.Path);
            Contents(chinese).Except(Contents(english)).ShouldBeEmpty(english.Path);
        }
    }

    [Fact]
    public void Every_block_has_a_language_that_something_checks() =>
        (from document in Document.All
         from block in document.Blocks
         where block.Language is not ("sh" or "yaml" or "json" or "text") || (block.Language == "yaml" && !block.IsConfiguration && !IsManifest(block))
         select $"{document.Path}: {block.Language} {string.Join(" / ", block.Lines.Take(1))}").ShouldBeEmpty();

    [Fact]
    public void Every_json_block_is_json()
    {
        foreach (var (path, block) in from document in Document.All from block in document.Blocks where block.Language == "json" select (document.Path, block))
        {
            Should.NotThrow(() => JsonDocument.Parse(string.Join('\n', block.Lines)).Dispose(), path);
        }
    }

    // A block of text may show commands too, with or without a prompt, among what they print.
    private static IEnumerable<string[]> Shown(Document document) =>
        from block in document.Blocks
        where block.Language is "sh" or "text" && !IsHelp(block)
        from command in ShellText.Commands(block.Language == "sh" ? block.Lines : Prompted(block.Lines))
        select command;

    private static IEnumerable<string> Prompted(IReadOnlyList<string> lines)
    {
        var continues = false;
        foreach (var line in lines)
        {
            var text = line.StartsWith("$ ", StringComparison.Ordinal) ? line[2..] : line;
            continues = (continues || CommandChecks.Knows(text.Split(' ')[0])) && line.EndsWith('\\');
            if (continues || CommandChecks.Knows(text.Split(' ')[0]) || text.StartsWith("  --", StringComparison.Ordinal))
            {
                yield return text;
            }
        }
    }

    // Compared with --help by the tests of the commands' page.
    private static bool IsHelp(Block block) => block.Lines.Any(line => line.EndsWith("Show help and usage information", StringComparison.Ordinal));

    private static bool IsManifest(Block block) => block.Lines[0].StartsWith("# Tekton: ", StringComparison.Ordinal) || block.Lines[0].StartsWith("# Kubernetes: ", StringComparison.Ordinal);

    private static List<string> Text(Document document) => [.. Shown(document).Select(command => string.Join(' ', command))];

    private static IEnumerable<string> Contents(Document document) => document.Blocks.Where(block => block.Language is "yaml" or "json").Select(block => string.Join('\n', block.Lines));
}
