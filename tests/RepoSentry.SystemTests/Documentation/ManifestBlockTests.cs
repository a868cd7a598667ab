using System.Text.Json.Nodes;
using k8s;
using RepoSentry.Abstractions;
using RepoSentry.Delivery.Payloads;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace RepoSentry.SystemTests.Documentation;

/// <summary>Manifests that documents show: whoever pastes one gets objects that Kubernetes and Tekton take.</summary>
public sealed class ManifestBlockTests
{
    private static readonly Dictionary<string, string[]> TektonKeys = new(StringComparer.Ordinal)
    {
        ["TriggerBinding"] = ["params"],
        ["EventListener"] = ["serviceAccountName", "triggers", "cloudEventURI", "resources", "namespaceSelector"],
    };

    private static readonly string[] TriggerKeys = ["name", "interceptors", "bindings", "template", "serviceAccountName"];

    public static TheoryData<string> Pages => ["docs/en/webhooks.md", "docs/zh/webhooks.md"];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_tekton_object_has_only_keys_that_tekton_knows(string page)
    {
        var objects = Blocks(page, "# Tekton: ").ToList();

        objects.Count.ShouldBeGreaterThan(1);
        foreach (var item in objects)
        {
            item.Text("apiVersion").ShouldBe("triggers.tekton.dev/v1beta1");
            item.Text("metadata", "name").ShouldNotBeNullOrEmpty();
            item.Pairs("spec").Select(pair => pair.Key).ShouldBeSubsetOf(TektonKeys[item.Text("kind")!]);
            item.Items("spec", "triggers").SelectMany(trigger => trigger.Pairs().Select(pair => pair.Key)).ShouldBeSubsetOf(TriggerKeys);
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_binding_takes_only_what_we_send(string page)
    {
        var message = PayloadFormats.Render("github", new ChangeEvent
        {
            Id = Guid.Parse("019abf00-0000-7000-8000-000000000001"),
            Change = new RefChange(RefKind.Branch, "refs/heads/main", new string('1', 40), new string('2', 40)),
            Repository = new RepositoryInfo("web", new Uri("https://git.example/acme/web.git"), "github", "main", "7"),
            DetectedAt = new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero),
        });
        var values = Blocks(page, "# Tekton: ").SelectMany(item => item.Items("spec", "params")).Select(parameter => parameter.Text("value")![2..^1].Split('.', 2)).ToList();

        values.Count.ShouldBeGreaterThan(3);
        foreach (var value in values)
        {
            (value[0] == "header" ? message.Headers.Keys.Contains(value[1], StringComparer.OrdinalIgnoreCase) : value[1].Split('.').Aggregate(JsonNode.Parse(message.Body), (node, key) => node?[key]) is not null)
                .ShouldBeTrue(string.Join('.', value));
        }
    }

    [Fact]
    public void Every_kubernetes_object_of_the_documents_is_strictly_valid()
    {
        foreach (var file in Directory.EnumerateFiles(SourceTree.At("docs"), "*.md", SearchOption.AllDirectories))
        {
            foreach (var block in MarkdownPage.Blocks(File.ReadAllText(file), "yaml").Where(block => block[0].StartsWith("# Kubernetes: ", StringComparison.Ordinal)))
            {
                Should.NotThrow(() => KubernetesYaml.LoadAllFromString(string.Join('\n', block), null, true), file);
            }
        }
    }

    private static IEnumerable<YamlMappingNode> Blocks(string page, string mark) =>
        MarkdownPage.Blocks(File.ReadAllText(SourceTree.At(page)), "yaml").Where(block => block[0].StartsWith(mark, StringComparison.Ordinal)).SelectMany(block => Yaml.Parse(string.Join('\n', block)));
}
