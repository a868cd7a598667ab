using k8s;
using k8s.Models;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Deploy;

/// <summary>The Helm chart: what it renders is valid, its configuration loads, and what cannot work is refused with a sentence.</summary>
public sealed class ChartTests
{
    private const string Secrets = "/var/run/secrets/reposentry";

    private static readonly Dictionary<string, Type> Operator = new(StringComparer.Ordinal)
    {
        ["monitoring.coreos.com/v1/ServiceMonitor"] = typeof(ServiceMonitor),
        ["monitoring.coreos.com/v1/PrometheusRule"] = typeof(PrometheusRule),
    };

    public static TheoryData<string> Stages => ["development", "staging", "production"];

    [Theory]
    [MemberData(nameof(Stages))]
    public void Helm_finds_nothing_to_complain_of(string stage) =>
        Helm.Run("lint", "--strict", Helm.Chart, "--values", Helm.Values(stage)).ShouldContain("0 chart(s) failed");

    [Theory]
    [MemberData(nameof(Stages))]
    public void Every_key_of_every_manifest_is_one_that_Kubernetes_knows(string stage)
    {
        var kinds = Render(stage).Select(part => ((IKubernetesObject)part).Kind).ToList();

        kinds.Where(kind => kind != "Service").ShouldBeUnique();
        kinds.ShouldContain("StatefulSet");
        kinds.ShouldContain("NetworkPolicy");
        kinds.Contains("Secret").ShouldBe(stage == "development");
        kinds.Contains("PodDisruptionBudget").ShouldBe(stage != "development");
        kinds.Contains("PrometheusRule").ShouldBe(stage != "development");
        kinds.Contains("ServiceMonitor").ShouldBe(stage != "development");
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public async Task The_configuration_it_renders_is_valid_for_the_executable(string stage)
    {
        using var folder = new TemporaryFolder();
        foreach (var key in (string[])["bootstrap-token", "webhook-secret", "forge-token"])
        {
            File.WriteAllText(Path.Combine(folder.Path, key), key);
        }

        var file = Path.Combine(folder.Path, "reposentry.yaml");
        var text = Render(stage).OfType<V1ConfigMap>().Single().Data["reposentry.yaml"];
        File.WriteAllText(file, text.Replace(Secrets, folder.Path, StringComparison.Ordinal));

        var (code, output, errors) = await Service.RunAsync(["validate", "-c", file]);

        code.ShouldBe(0, output + errors);
        output.ShouldNotContain(": error");
        errors.ShouldContain("valid: 1 repositories, 1 triggers");
        text.ShouldContain("listen: 0.0.0.0:8080");
        text.ShouldContain("data_dir: /var/lib/reposentry");
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public void Every_pod_keeps_to_the_restricted_security_standard_and_has_no_token_of_the_cluster(string stage)
    {
        var parts = Render(stage);
        var pods = new[] { Set(parts).Spec.Template.Spec, parts.OfType<V1Pod>().Single().Spec };

        foreach (var pod in pods)
        {
            pod.AutomountServiceAccountToken.ShouldBe(false);
            pod.SecurityContext.RunAsNonRoot.ShouldBe(true);
            pod.SecurityContext.SeccompProfile.Type.ShouldBe("RuntimeDefault");
            (pod.HostNetwork ?? pod.HostPID ?? pod.HostIPC).ShouldBeNull();
            pod.Volumes.ShouldAllBe(volume => volume.HostPath == null);
            var container = pod.Containers.ShouldHaveSingleItem();
            container.SecurityContext.AllowPrivilegeEscalation.ShouldBe(false);
            container.SecurityContext.ReadOnlyRootFilesystem.ShouldBe(true);
            container.SecurityContext.Capabilities.Drop.ShouldBe(["ALL"]);
            container.Resources.Limits.Keys.ShouldContain("memory");
        }

        parts.OfType<V1ServiceAccount>().Single().AutomountServiceAccountToken.ShouldBe(false);
    }

    [Fact]
    public void Names_and_selectors_of_the_parts_meet()
    {
        var parts = Render("production");
        var labels = Set(parts).Spec.Template.Metadata.Labels;
        var selectors = parts.OfType<V1Service>().Select(service => service.Spec.Selector)
            .Append(Set(parts).Spec.Selector.MatchLabels)
            .Append(parts.OfType<V1NetworkPolicy>().Single().Spec.PodSelector.MatchLabels)
            .Append(parts.OfType<V1PodDisruptionBudget>().Single().Spec.Selector.MatchLabels);

        selectors.ShouldAllBe(selector => selector.All(pair => labels[pair.Key] == pair.Value));
        parts.OfType<V1Service>().Select(service => service.Metadata.Name).ShouldContain(Set(parts).Spec.ServiceName);
        var monitored = parts.OfType<ServiceMonitor>().Single().Spec.Selector.MatchLabels;
        parts.OfType<V1Service>().Where(service => monitored.All(pair => service.Metadata.Labels.TryGetValue(pair.Key, out var value) && value == pair.Value))
            .ShouldHaveSingleItem().Spec.Ports.ShouldHaveSingleItem().Name.ShouldBe("metrics");
        parts.OfType<V1Pod>().Single().Metadata.Labels["app.kubernetes.io/name"].ShouldNotBe(labels["app.kubernetes.io/name"]);
    }

    [Fact]
    public void A_changed_configuration_makes_a_new_pod_and_a_changed_size_of_the_budget_does_not()
    {
        string Checksum(params string[] arguments) => Set(Render("production", arguments)).Spec.Template.Metadata.Annotations["checksum/config"];

        Checksum("--set", "config.polling.interval=5s").ShouldNotBe(Checksum());
        Checksum("--set", "podDisruptionBudget.maxUnavailable=0").ShouldBe(Checksum());
    }

    [Fact]
    public void The_alerts_it_ships_are_those_that_are_tested_with_runbooks_where_one_wants_them()
    {
        var shipped = Render("production", "--set", "prometheusRule.runbookUrl=https://books.example/r").OfType<PrometheusRule>().Single();

        var rules = shipped.Spec.Groups.ShouldHaveSingleItem().Rules;
        rules.Select(rule => rule.Alert).ShouldBe(Alerts.Names);
        rules.ShouldAllBe(rule => rule.Annotations["runbook_url"] == "https://books.example/r#" + rule.Alert.ToLowerInvariant());
        rules.ShouldContain(rule => rule.Annotations["summary"].Contains("{{ $labels.trigger }}"));
    }

    [Theory]
    [InlineData("replicaCount is 2, but storage.type sqlite takes one replica", "replicaCount=2")]
    [InlineData("config.storage.connection_string is needed", "replicaCount=2,config.storage.type=postgres")]
    [InlineData("existingSecret and secrets are both set", "secrets.bootstrap-token=x")]
    [InlineData("config reads file:/var/run/secrets/reposentry/bootstrap-token: set existingSecret", "existingSecret=")]
    public void What_cannot_work_is_refused_with_what_to_do(string sentence, string set) =>
        Helm.Refusal("production", "--set", set).ShouldContain(sentence);

    [Theory]
    [InlineData("/replicaCount", "replicaCount=many")]
    [InlineData("/service/port", "service.port=70000")]
    [InlineData("/image/digest", "image.digest=sha256:12")]
    [InlineData("/config/api/bootstrap_token", "config.api.bootstrap_token=in-the-open")]
    [InlineData("/terminationGracePeriodSeconds", "terminationGracePeriodSeconds=10")]
    [InlineData("/networkPolicy/egressPorts/0", "networkPolicy.egressPorts={x}")]
    [InlineData("replicaCounts", "replicaCounts=1")]
    public void The_schema_refuses_a_wrong_value_and_says_where(string place, string set) =>
        Helm.Refusal("production", "--set", set).ShouldContain(place);

    [Fact]
    public void More_replicas_are_taken_where_the_storage_is_for_many() =>
        Set(Render("production", "--set", "replicaCount=3,config.storage.type=postgres,config.storage.connection_string=env:DATABASE_URL")).Spec.Replicas.ShouldBe(3);

    [Fact]
    public void A_digest_wins_over_the_tag()
    {
        var digest = "sha256:" + new string('a', 64);

        Image("--set", "image.digest=" + digest).ShouldBe("registry.example/reposentry@" + digest);
        Image("--set", "image.tag=1.2.3").ShouldBe("registry.example/reposentry:1.2.3");

        static string Image(params string[] arguments) => Set(Render("production", arguments)).Spec.Template.Spec.Containers.Single().Image;
    }

    private static List<object> Render(string stage, params string[] arguments) => KubernetesYaml.LoadAllFromString(Helm.Template(stage, arguments), Operator, true);

    private static V1StatefulSet Set(List<object> parts) => parts.OfType<V1StatefulSet>().Single();

#pragma warning disable CA2227 // what YAML fills
    private sealed class ServiceMonitor : KubernetesObject
    {
        public V1ObjectMeta Metadata { get; set; } = new();
        public MonitorSpec Spec { get; set; } = new();
    }

    private sealed class MonitorSpec
    {
        public V1LabelSelector Selector { get; set; } = new();
        public List<MonitorEndpoint> Endpoints { get; set; } = [];
    }

    private sealed class MonitorEndpoint
    {
        public string Port { get; set; } = "";
        public string Path { get; set; } = "";
        public string Interval { get; set; } = "";
    }

    private sealed class PrometheusRule : KubernetesObject
    {
        public V1ObjectMeta Metadata { get; set; } = new();
        public RuleSpec Spec { get; set; } = new();
    }

    private sealed class RuleSpec
    {
        public List<RuleGroup> Groups { get; set; } = [];
    }

    private sealed class RuleGroup
    {
        public string Name { get; set; } = "";
        public List<AlertRule> Rules { get; set; } = [];
    }

    private sealed class AlertRule
    {
        public string Alert { get; set; } = "";
        public string Expr { get; set; } = "";
        public string For { get; set; } = "";
        public Dictionary<string, string> Labels { get; set; } = [];
        public Dictionary<string, string> Annotations { get; set; } = [];
    }
#pragma warning restore CA2227
}
