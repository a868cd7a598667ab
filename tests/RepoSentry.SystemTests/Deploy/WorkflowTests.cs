using System.Text.RegularExpressions;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace RepoSentry.SystemTests.Deploy;

/// <summary>The workflows: what they run is pinned, what they may is little, and nothing is deployed that was not tested.</summary>
public sealed partial class WorkflowTests
{
    private static readonly string Folder = SourceTree.At(".github/workflows");

    public static TheoryData<string> Files => [.. Directory.GetFiles(Folder).Select(file => Path.GetFileName(file))];

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_action_is_pinned_by_a_commit_with_its_version_beside_it(string file)
    {
        var uses = File.ReadLines(Path.Combine(Folder, file)).Where(line => line.Contains("uses:", StringComparison.Ordinal)).ToList();

        uses.ShouldNotBeEmpty();
        uses.Where(line => !Pinned.IsMatch(line)).ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Nothing_is_permitted_but_what_a_job_asks_for(string file)
    {
        var workflow = Read(file);

        (workflow.At("permissions") as YamlMappingNode).ShouldNotBeNull().ShouldBeEmpty();
        foreach (var (name, job) in workflow.Pairs("jobs"))
        {
            var writes = job.Pairs("permissions").Where(pair => ((YamlScalarNode)pair.Value).Value == "write").Select(pair => pair.Key);
            writes.ShouldBe(name == "image" ? ["packages"] : []);
            job.Text("timeout-minutes").ShouldNotBeNull(name);
            job.Items("steps").Where(step => step.Text("uses")?.StartsWith("actions/checkout@", StringComparison.Ordinal) == true)
                .ShouldAllBe(step => step.Text("with", "persist-credentials") == "false");
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void No_script_has_an_expression_pasted_into_it(string file) =>
        Read(file).Pairs("jobs").SelectMany(job => job.Value.Items("steps")).Select(step => step.Text("run"))
            .Where(script => script?.Contains("${{", StringComparison.Ordinal) == true).ShouldBeEmpty();

    [Fact]
    public void A_release_is_tested_built_published_and_then_deployed_behind_an_environment()
    {
        var release = Read("release.yml");
        var jobs = release.Pairs("jobs").ToDictionary(job => job.Key, job => job.Value);

        jobs.Keys.ShouldBe(["test", "build", "image", "deploy"]);
        jobs["test"].At("needs").ShouldBeNull();
        jobs["build"].Text("needs").ShouldBe("test");
        jobs["image"].Text("needs").ShouldBe("build");
        jobs["deploy"].Text("needs").ShouldBe("image");
        jobs["deploy"].Text("environment").ShouldBe("production");
        jobs.Where(job => job.Key != "deploy").ShouldAllBe(job => job.Value.At("environment") == null);
        release.Pairs("on").Select(pair => pair.Key).ShouldBe(["push"]);
        release.Items("on", "push", "tags").ShouldNotBeEmpty();
        release.At("on", "push", "branches").ShouldBeNull();
        jobs["test"].Items("steps").Last().Text("run")!.ShouldEndWith("./test");
    }

    [Fact]
    public void The_image_is_for_both_architectures_with_provenance_and_a_list_of_its_parts_and_is_deployed_by_its_digest()
    {
        var jobs = Read("release.yml").Pairs("jobs").ToDictionary(job => job.Key, job => job.Value);
        var push = jobs["image"].Items("steps").Single(step => step.Text("id") == "push");

        push.Text("with", "platforms").ShouldBe("linux/amd64,linux/arm64");
        push.Text("with", "provenance").ShouldBe("mode=max");
        push.Text("with", "sbom").ShouldBe("true");
        File.Exists(SourceTree.At(push.Text("with", "file")!)).ShouldBeTrue();
        var deploy = string.Concat(jobs["deploy"].Items("steps").Select(step => step.Text("run")));
        deploy.ShouldContain("helm upgrade --install reposentry deploy/helm/reposentry");
        deploy.ShouldContain("image.digest=$DIGEST");
        deploy.ShouldContain("helm test reposentry");
    }

    private static YamlMappingNode Read(string file) => Yaml.Parse(File.ReadAllText(Path.Combine(Folder, file))).Single();

    [GeneratedRegex(@"\A\s+(- )?uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Pinned { get; }
}
