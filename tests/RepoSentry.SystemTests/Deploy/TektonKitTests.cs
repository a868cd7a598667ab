using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using RepoSentry.Abstractions;
using RepoSentry.Delivery.Payloads;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace RepoSentry.SystemTests.Deploy;

/// <summary>The kit under deploy/tekton: linted, least in its rights, bound to fields that we send, and deaf to what a branch is called.</summary>
public sealed class TektonKitTests
{
    private const string Kit = "deploy/tekton";

    /// <summary>How each format tells that a ref is still there.</summary>
    private static readonly string[] Deletions =
        ["body.deleted == false", $"body.after != '{new string('0', 40)}'", "body.push.changes[0].closed == false", "body.changes[0].type != 'DELETE'",
            "body.action != 'closed'", "body.object_attributes.state == 'opened'", "body.pullrequest.state == 'OPEN'", "body.pullRequest.open == true"];

    /// <summary>Names that Git takes for a branch, each of which runs something where it is pasted into a script. Made in vain, X would be left behind.</summary>
    public static TheoryData<string> HostileRefs =>
    [
        "refs/heads/main;touch${IFS}X", "refs/heads/$(touch${IFS}X)", "refs/heads/`touch${IFS}X`", "refs/heads/a'$(touch${IFS}X)'b", "refs/heads/\"&&touch${IFS}X&&\"",
        "refs/heads/a'b''c", "refs/heads/--upload-pack=touch${IFS}X", "refs/heads/$(params.url)", "refs/heads/{a,b}#c|touch${IFS}X", "refs/heads/RUN", "refs/heads/grün%0atouch",
    ];

    [Fact]
    public void The_linter_finds_nothing()
    {
        var folder = SourceTree.At("tests/contracts/tekton-lint");
        Assert.SkipUnless(Directory.Exists(Path.Combine(folder, "node_modules")), "run npm ci in tests/contracts/tekton-lint first (./test does)");
        Assert.SkipWhen(TestGit.Find("node") is null, "node is not installed");

        TestGit.Run("node", folder, ["node_modules/.bin/tekton-lint", "--max-warnings", "0", SourceTree.At(Kit) + "/**/*.yaml"]).Trim().ShouldBeEmpty();
    }

    [Theory]
    [InlineData("rbac.yaml")]
    [InlineData("bootstrap/rbac.yaml")]
    public void Rights_are_those_that_are_needed_and_in_one_namespace(string file)
    {
        var parts = KubernetesYaml.LoadAllFromString(File.ReadAllText(SourceTree.At($"{Kit}/{file}")), null, true);

        parts.Select(part => ((IKubernetesObject)part).Kind).Distinct().ShouldBe(["ServiceAccount", "Role", "RoleBinding"]);
        var rules = parts.OfType<V1Role>().Single().Rules;
        rules.SelectMany(rule => rule.Resources.Concat(rule.Verbs).Concat(rule.ApiGroups)).ShouldNotContain("*");
        rules.SelectMany(rule => rule.Verbs).ShouldNotContain("delete");
        rules.Where(rule => rule.Resources.Contains("secrets")).ShouldAllBe(rule => rule.ResourceNames.Count == 1);
        rules.ShouldNotContain(rule => rule.ApiGroups.Contains("rbac.authorization.k8s.io"));
        var binding = parts.OfType<V1RoleBinding>().Single();
        parts.OfType<V1ServiceAccount>().Select(account => account.Metadata.Name).ShouldContain(binding.Subjects.ShouldHaveSingleItem().Name);
        binding.RoleRef.Name.ShouldBe(parts.OfType<V1Role>().Single().Metadata.Name);
    }

    [Theory]
    [InlineData("github", "github")]
    [InlineData("gitlab", "gitlab")]
    [InlineData("gitea", "gitea")]
    [InlineData("bitbucket", "bitbucket", "https://bitbucket.org/acme/web")]
    [InlineData("bitbucket-server", "bitbucket", "https://bitbucket.corp/scm/acme/web.git")]
    [InlineData("github-pull-request", "github")]
    [InlineData("gitlab-pull-request", "gitlab")]
    [InlineData("gitea-pull-request", "gitea")]
    [InlineData("bitbucket-pull-request", "bitbucket", "https://bitbucket.org/acme/web")]
    [InlineData("bitbucket-server-pull-request", "bitbucket", "https://bitbucket.corp/scm/acme/web.git")]
    public void A_binding_takes_only_what_we_send(string binding, string format, string url = "https://git.example/acme/web.git")
    {
        var isPullRequest = binding.EndsWith("-pull-request", StringComparison.Ordinal);
        var file = isPullRequest ? "pull-requests.yaml" : binding + ".yaml";
        var payload = PayloadFormats.Render(format, new ChangeEvent
        {
            Id = Guid.Parse("019abf00-0000-7000-8000-000000000001"),
            Change = isPullRequest ? new RefChange(RefKind.PullRequest, "refs/pull/7/head", new string('1', 40), new string('2', 40)) : new RefChange(RefKind.Branch, "refs/heads/main", new string('1', 40), new string('2', 40)),
            PullRequest = isPullRequest ? new PullRequestInfo { Number = 7, HeadSha = new string('2', 40) } : null,
            Repository = new RepositoryInfo("web", new Uri(url), format, "main", "7"),
            DetectedAt = new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero),
        });
        var body = JsonNode.Parse(payload.Body)!;
        var documented = File.ReadAllText(SourceTree.At("docs/en/webhooks.md"));

        var values = Yaml.Load($"{Kit}/{file}").Single(one => one.Text("metadata", "name") == "reposentry-" + binding).Items("spec", "params").Select(parameter => parameter.Text("value")!).ToList();

        values.Count.ShouldBe(5);
        foreach (var value in values.Select(value => value[2..^1].Split('.', 2)))
        {
            if (value[0] == "header")
            {
                documented.ShouldContain($"`{value[1]}`", Case.Insensitive);
            }
            else
            {
                value[1].Replace("[0]", ".0", StringComparison.Ordinal).Split('.').Aggregate((JsonNode?)body, (node, key) => key == "0" ? node?[0] : node?[key]).ShouldNotBeNull(value[1]);
            }
        }
    }

    [Fact]
    public void A_run_is_named_by_the_idempotency_name_and_what_pushers_choose_stays_out_of_names_labels_and_scripts()
    {
        var template = Yaml.Load(Kit + "/triggertemplate.yaml").Single();
        var run = template.Items("spec", "resourcetemplates").ShouldHaveSingleItem();

        run.Text("metadata", "name").ShouldBe("push-$(tt.params.idempotency-name)");
        run.At("metadata", "generateName").ShouldBeNull();
        run.At("metadata", "labels").ShouldBeNull();
        foreach (var binding in new[] { "github.yaml", "gitlab.yaml", "gitea.yaml", "bitbucket.yaml", "bitbucket-server.yaml", "pull-requests.yaml" }.SelectMany(file => Yaml.Load($"{Kit}/{file}")))
        {
            var bound = binding.Items("spec", "params").ToDictionary(parameter => parameter.Text("name")!, parameter => parameter.Text("value"));
            bound["idempotency-name"].ShouldBe("$(header.X-Reposentry-Idempotency-Name)");
            bound.Keys.ShouldBe(template.Items("spec", "params").Select(parameter => parameter.Text("name")!));
        }

        foreach (var step in Steps())
        {
            step.Text("script")!.ShouldNotContain("$(params.");
            step.Text("script")!.ShouldNotContain("$(workspaces.");
        }
    }

    [Fact]
    public void The_listener_checks_our_signature_first_and_starts_nothing_for_deletions_and_tests()
    {
        var triggers = Yaml.Load(Kit + "/eventlistener.yaml").Single().Items("spec", "triggers").ToList();

        triggers.Select(trigger => trigger.Items("interceptors").First().Text("ref", "name")).ShouldBe(Enumerable.Repeat<string?[]>(["github", "gitlab", "github", "bitbucket", "bitbucket"], 2).SelectMany(names => names));
        triggers.Skip(5).ShouldAllBe(trigger => trigger.Items("interceptors").ElementAt(1).Items("params").Single().Text("value")!.Contains("!header.match('X-RepoSentry-Fork', 'true')", StringComparison.Ordinal));
        foreach (var trigger in triggers)
        {
            var interceptors = trigger.Items("interceptors").ToList();
            interceptors[0].Items("params").Single(parameter => parameter.Text("name") == "secretRef").Text("value", "secretKey").ShouldBe("secret");
            var filter = interceptors[1].Items("params").Single().Text("value")!;
            filter.ShouldContain("!header.match('X-RepoSentry-Test', 'true')");
            Deletions.ShouldContain(none => filter.Contains(none, StringComparison.Ordinal), filter);
            trigger.Text("template", "ref").ShouldBe("reposentry-run");
        }
    }

    [Theory]
    [MemberData(nameof(HostileRefs))]
    public void A_hostile_name_is_a_value_and_never_a_command(string name)
    {
        using var world = new BootstrapWorld(name);

        var run = world.RunSteps();

        world.Stray().ShouldBeEmpty();
        var parameters = run.Items("spec", "params").ToDictionary(parameter => parameter.Text("name")!, parameter => parameter.Text("value"));
        parameters["ref"].ShouldBe(world.Substituted(name));
        parameters["revision"].ShouldBe(world.Revision);
        run.Text("metadata", "name").ShouldBe("run-019abf00-0000-7000-8000-000000000001");
        run.At("spec")!.Pairs().Select(pair => pair.Key).ShouldBe(["pipelineRef", "taskRunTemplate", "params"]);
    }

    [Theory]
    [InlineData("role.rbac.authorization.k8s.io/admin", "only Pipelines and Tasks may stand in .tekton")]
    [InlineData("task.tekton.dev/reposentry-bootstrap", "names that begin with reposentry- belong to the bootstrap")]
    [InlineData("", "no Pipeline named ci")]
    public void What_may_not_stand_in_the_folder_is_refused_before_it_is_applied(string found, string sentence)
    {
        using var world = new BootstrapWorld("refs/heads/main") { Objects = found.Length == 0 ? "task.tekton.dev/lint" : "pipeline.tekton.dev/ci\n" + found };

        Should.Throw<InvalidOperationException>(world.RunSteps).Message.ShouldContain(sentence);
        world.Calls.ShouldNotContain(call => call.StartsWith("apply", StringComparison.Ordinal) && !call.Contains("--dry-run=server", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--upload-pack=touch X")]
    [InlineData("main")]
    [InlineData("")]
    public void A_revision_that_is_no_commit_id_is_refused(string revision)
    {
        using var world = new BootstrapWorld("refs/heads/main") { Revision = revision };

        Should.Throw<InvalidOperationException>(world.RunSteps).Message.ShouldContain("revision is no commit id");
        world.Stray().ShouldBeEmpty();
    }

    private static IEnumerable<YamlNode> Steps() => Yaml.Load(Kit + "/bootstrap/task.yaml").Single().Items("spec", "steps");

    /// <summary>A pushed repository, and the steps of the Task run in order by a real shell as Tekton would: params in the environment. kubectl writes down its orders.</summary>
    private sealed class BootstrapWorld : IDisposable
    {
        private readonly TemporaryFolder folder = new();
        private readonly string name;
        private readonly string url;

        public BootstrapWorld(string name)
        {
            this.name = name;
            var repository = TestRepository.Create(At("web.git"));
            (url, Revision) = ("file://" + At("web.git"), repository.Push("main", "First"));
            foreach (var part in (string[])["bin", "work", "ws"])
            {
                Directory.CreateDirectory(At(part));
            }

            File.WriteAllText(At("bin/kubectl"), $"""
                #!/bin/sh
                echo "$@" >> {At("calls")}
                case $* in *dry-run*) cat {At("objects")} ;; create*) cat > {At("run.yaml")} ;; esac
                """);
            TestGit.Run("chmod", "/", ["+x", At("bin/kubectl")]);
        }

        public string Revision { get; init; }

        public string Objects { get; init; } = "pipeline.tekton.dev/ci\ntask.tekton.dev/lint";

        public IReadOnlyList<string> Calls => File.Exists(At("calls")) ? File.ReadAllLines(At("calls")) : [];

        /// <returns>The PipelineRun that the last step created.</returns>
        public YamlMappingNode RunSteps()
        {
            File.WriteAllText(At("objects"), Objects + "\n");
            foreach (var step in Steps())
            {
                var environment = step.Items("env").Select(variable => $"{variable.Text("name")}={Substituted(variable.Text("value")!)}");
                var script = step.Text("script")!.Replace("/tmp/objects", At("found"), StringComparison.Ordinal);
                TestGit.Run("env", At("work"), ["-i", $"PATH={At("bin")}:/usr/bin:/bin", .. environment, "GIT_ALLOW_PROTOCOL=file", "sh", "-c", script]);
                if (step.Text("name") == "clone")
                {
                    Directory.CreateDirectory(At("ws/source/.tekton"));
                }
            }

            return Yaml.Parse(File.ReadAllText(At("run.yaml"))).Single();
        }

        public string Substituted(string value) => value
            .Replace("$(params.ref)", name, StringComparison.Ordinal)
            .Replace("$(params.url)", url, StringComparison.Ordinal)
            .Replace("$(params.revision)", Revision, StringComparison.Ordinal)
            .Replace("$(params.pipeline)", "ci", StringComparison.Ordinal)
            .Replace("$(params.idempotency-name)", "019abf00-0000-7000-8000-000000000001", StringComparison.Ordinal)
            .Replace("$(workspaces.source.path)", At("ws"), StringComparison.Ordinal)
            .Replace("$(context.taskRun.namespace)", "team-web", StringComparison.Ordinal);

        /// <summary>Files that no step has cause to make.</summary>
        public IEnumerable<string> Stray() => Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories)
            .Where(file => Path.GetFileName(file).StartsWith('X') || file.StartsWith(At("work"), StringComparison.Ordinal));

        public void Dispose() => folder.Dispose();

        private string At(string path) => Path.Combine(folder.Path, path);
    }
}
