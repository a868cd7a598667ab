using System.Text.RegularExpressions;
using RepoSentry.Cli;
using RepoSentry.Configuration;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Documentation;

/// <summary>What the documents say is true of this version: they are loaded, parsed and compared with the source.</summary>
public sealed partial class DocumentTests
{
    private static readonly string[] Readmes = ["README.md", "README.zh-CN.md"];
    private static readonly string[] Languages = ["docs/en", "docs/zh"];

    private static readonly Dictionary<string, string> Environment = new(StringComparer.Ordinal)
    {
        ["GITHUB_TOKEN"] = "a",
        ["GITLAB_TOKEN"] = "b",
        ["WEBHOOK_SECRET"] = "c",
        ["AUDIT_SECRET"] = "d",
        ["HOOK_SECRET"] = "whsec_aG9vaw==",
        ["BROKER_TOKEN"] = "g",
        ["MIRROR_TOKEN"] = "h",
        ["REPOSENTRY_API_TOKEN"] = "e",
        ["REPOSENTRY_MASTER_KEY"] = "0123456789abcdef0123456789abcdef",
        ["CORP_GIT_PASSWORD"] = "f",
        ["DEV_EVENT_LISTENER_URL"] = "http://el-dev.ci.svc:8080",
    };

    [Fact]
    public void Every_configuration_in_the_documents_loads()
    {
        var configurations = (from document in Document.All from block in document.Blocks where block.IsConfiguration select (document.Path, Block: block)).ToList();

        configurations.Count.ShouldBeGreaterThan(6);
        (from one in configurations from error in Load(one.Block).Errors select $"{one.Path}: {error}").ShouldBeEmpty();
    }

    [Fact]
    public void Every_yaml_block_says_what_it_is() =>
        (from document in Document.All
         from block in document.Blocks
         where block.Language == "yaml" && (block.Lines.Count == 0 || !block.Lines[0].StartsWith("# ", StringComparison.Ordinal))
         select $"{document.Path}: {string.Join('\n', block.Lines.Take(2))}").ShouldBeEmpty();

    [Fact]
    public void Both_languages_have_the_same_pages_with_the_same_outline_and_blocks() =>
        Pages(Languages[0]).ShouldBe(Pages(Languages[1]));

    [Fact]
    public void Both_readmes_are_short_and_have_the_same_outline_and_blocks()
    {
        var (english, chinese) = (Document.At(Readmes[0]), Document.At(Readmes[1]));

        english.LineCount.ShouldBeLessThanOrEqualTo(120);
        chinese.LineCount.ShouldBeLessThanOrEqualTo(120);
        chinese.Outline.ShouldBe(english.Outline);
        chinese.Blocks.Select(block => block.Language).ShouldBe(english.Blocks.Select(block => block.Language));
    }

    [Fact]
    public void Both_readmes_name_every_command()
    {
        var commands = RootCli.Create().Subcommands.SelectMany(command =>
            command.Subcommands.Count == 0 ? [command.Name] : command.Subcommands.Select(inner => $"{command.Name} {inner.Name}")).ToList();

        foreach (var readme in Readmes)
        {
            commands.Where(command => !Document.At(readme).Text.Contains($"`{command}", StringComparison.Ordinal)).ShouldBeEmpty(readme);
        }
    }

    [Fact]
    public void The_metrics_in_the_documents_are_those_of_the_source()
    {
        var source = Directory.EnumerateFiles(Path.Combine(Document.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => Instrument.Matches(File.ReadAllText(file)).Select(match => match.Groups["name"].Value)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();

        source.Count.ShouldBeGreaterThan(10);
        foreach (var folder in Languages)
        {
            var told = Document.Of(folder).SelectMany(document => Metric.Matches(document.Text).Select(match => WithoutUnit(match.Value))).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
            told.ToList().ShouldBe(source, customMessage: folder);
        }
    }

    [Fact]
    public void Every_key_of_the_configuration_is_described()
    {
        foreach (var folder in Languages)
        {
            var page = Document.At(folder + "/configuration.md");
            var full = page.Blocks.Where(block => block.IsConfiguration).MaxBy(block => block.Lines.Count)!;
            var keys = Load(full).Origins.Keys.Where(path => !path.Contains(".labels.", StringComparison.Ordinal) && !path.Contains(".headers.", StringComparison.Ordinal) && !path.Contains(".env.", StringComparison.Ordinal))
                .Select(path => path[(path.LastIndexOf('.') + 1)..]).Distinct(StringComparer.Ordinal).ToList();

            keys.Count.ShouldBeGreaterThan(60);
            keys.Where(key => !page.Text.Contains($"`{key}`", StringComparison.Ordinal)).ShouldBeEmpty(page.Path);
        }
    }

    [Fact]
    public void Every_link_between_documents_leads_somewhere() =>
        (from document in Document.All
         from Match match in Link.Matches(document.Text)
         let target = match.Groups["target"].Value.Split('#')[0]
         where target.Length > 0 && !target.Contains("://", StringComparison.Ordinal)
         where !Path.Exists(Path.Combine(Document.Root, Path.GetDirectoryName(document.Path)!, target))
         select $"{document.Path}: {target}").ShouldBeEmpty();

    // Files that a configuration names need not exist here.
    private static LoadedConfig Load(Block block)
    {
        var folder = Directory.CreateTempSubdirectory("reposentry-documents-").FullName;
        try
        {
            foreach (var file in (string[])["corp-ca.pem", "known_hosts", "token", "id_ed25519", "app.pem"])
            {
                File.WriteAllText(Path.Combine(folder, file), "x");
            }

            File.WriteAllText(Path.Combine(folder, "master"), new string('k', 32));
            ServerCertificate.Create().Write(Path.Combine(folder, "tls.crt"), Path.Combine(folder, "tls.key"));

            return ConfigLoader.LoadText(string.Join('\n', block.Lines), Path.Combine(folder, "reposentry.yaml"), new LoadOptions { Environment = Environment });
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static List<string> Pages(string folder) =>
        [.. Document.Of(folder).Select(document => $"{Path.GetFileName(document.Path)}: {document.Outline}; {string.Join(' ', document.Blocks.Select(block => block.Language))}")];

    private static string WithoutUnit(string metric) => Unit.Replace(metric, "");

    [GeneratedRegex(@"\bCreate[A-Z][A-Za-z]+(<[a-z]+>)?\(\s*""(?<name>reposentry_[a-z_]+)""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Instrument { get; }

    [GeneratedRegex("reposentry_[a-z_]+", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Metric { get; }

    [GeneratedRegex("(_seconds)?(_bucket|_sum|_count|_total)?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Unit { get; }

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Link { get; }
}
