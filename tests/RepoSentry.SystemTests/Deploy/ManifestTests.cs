using k8s;
using k8s.Models;
using Microsoft.AspNetCore.Routing;
using RepoSentry.Configuration;
using RepoSentry.Hosting;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Deploy;

/// <summary>The plain manifest: every key of it is one that Kubernetes knows, and what it says of the product is true.</summary>
public sealed class ManifestTests
{
    private static readonly List<object> Parts = KubernetesYaml.LoadAllFromString(File.ReadAllText(SourceTree.At("deploy/kubernetes/reposentry.yaml")), null, true);

    private static V1StatefulSet Set => Parts.OfType<V1StatefulSet>().Single();

    private static V1PodSpec Pod => Set.Spec.Template.Spec;

    private static V1Container Container => Pod.Containers.Single();

    [Fact]
    public void It_holds_what_a_cluster_needs_and_leaves_the_namespace_to_its_user()
    {
        Parts.Select(part => ((IKubernetesObject)part).Kind).ShouldBe(["ServiceAccount", "Secret", "ConfigMap", "Service", "StatefulSet", "NetworkPolicy"]);
        Parts.Cast<IMetadata<V1ObjectMeta>>().ShouldAllBe(part => part.Metadata.NamespaceProperty == null && part.Metadata.Name == "reposentry");
    }

    [Fact]
    public void An_unknown_key_would_have_been_found() =>
        Should.Throw<Exception>(() => KubernetesYaml.LoadAllFromString("apiVersion: v1\nkind: ServiceAccount\nautomountServiceAccountTokens: false\n", null, true));

    [Fact]
    public void There_is_one_replica_with_a_volume_of_its_own()
    {
        Set.Spec.Replicas.ShouldBe(1);
        var claim = Set.Spec.VolumeClaimTemplates.Single();
        claim.Spec.AccessModes.ShouldBe(["ReadWriteOnce"]);
        claim.Spec.Resources.Requests["storage"].ToString().ShouldBe("1Gi");
        Container.VolumeMounts.Single(mount => mount.Name == claim.Metadata.Name).MountPath.ShouldBe("/var/lib/reposentry");
        Set.Spec.ServiceName.ShouldBe(Parts.OfType<V1Service>().Single().Metadata.Name);
    }

    [Fact]
    public void It_keeps_to_the_restricted_security_standard()
    {
        Pod.SecurityContext.RunAsNonRoot.ShouldBe(true);
        Pod.SecurityContext.RunAsUser.ShouldBe(10001);
        Pod.SecurityContext.FsGroup.ShouldBe(10001);
        Pod.SecurityContext.SeccompProfile.Type.ShouldBe("RuntimeDefault");
        Container.SecurityContext.AllowPrivilegeEscalation.ShouldBe(false);
        Container.SecurityContext.ReadOnlyRootFilesystem.ShouldBe(true);
        Container.SecurityContext.Capabilities.Drop.ShouldBe(["ALL"]);
        Container.SecurityContext.Capabilities.Add.ShouldBeNull();
        Container.SecurityContext.Privileged.ShouldBeNull();
        (Pod.HostNetwork ?? Pod.HostPID ?? Pod.HostIPC).ShouldBeNull();
        Pod.Volumes.ShouldAllBe(volume => volume.HostPath == null);
    }

    [Fact]
    public void The_pod_has_no_token_of_the_cluster()
    {
        Pod.AutomountServiceAccountToken.ShouldBe(false);
        Parts.OfType<V1ServiceAccount>().Single().AutomountServiceAccountToken.ShouldBe(false);
    }

    [Fact]
    public void The_configuration_loads_without_an_error_or_a_warning()
    {
        var loaded = Load();

        loaded.Errors.ShouldBeEmpty();
        loaded.Warnings.ShouldBeEmpty();
        loaded.Config!.Api.RequiresToken.ShouldBeTrue();
        loaded.Config.Api.BootstrapToken!.Reveal().ShouldBe("change-me-bootstrap-token");
        loaded.Config.App.DataDir.ShouldBe("/var/lib/reposentry");
    }

    [Fact]
    public void Every_secret_file_of_the_configuration_is_mounted()
    {
        var mount = Container.VolumeMounts.Single(mount => mount.Name == "secrets").MountPath;
        var keys = Parts.OfType<V1Secret>().Single().StringData.Keys;

        Text.Split('"').Where(part => part.StartsWith("file:", StringComparison.Ordinal)).ShouldBe(keys.Select(key => $"file:{mount}/{key}"), ignoreOrder: true);
        Pod.Volumes.Single(volume => volume.Name == "secrets").Secret.SecretName.ShouldBe(Parts.OfType<V1Secret>().Single().Metadata.Name);
        Container.VolumeMounts.Single(mount => mount.Name == "config").MountPath.ShouldBe("/etc/reposentry");
        Container.Args.ShouldBe(["run", "-c", "/etc/reposentry/reposentry.yaml"]);
    }

    [Fact]
    public void Ports_are_those_the_service_listens_on()
    {
        var api = Load().Config!.Api;
        var ports = Container.Ports.ToDictionary(port => port.Name, port => port.ContainerPort);

        ports.ShouldBe(new Dictionary<string, int> { ["http"] = ListenAddress.TryParse(api.Listen)!.Port, ["metrics"] = ListenAddress.TryParse(api.MetricsListen)!.Port });
        Parts.OfType<V1Service>().Single().Spec.Ports.ShouldHaveSingleItem().TargetPort.Value.ShouldBe("http");
        Set.Spec.Template.Metadata.Annotations["prometheus.io/port"].ShouldBe(ports["metrics"].ToString());
    }

    [Fact]
    public void Probes_ask_routes_that_exist()
    {
        using var folder = new TemporaryFolder();
        var config = Load().Config!;
        var app = SentryHost.Build(config with { App = config.App with { DataDir = folder.Path }, Storage = config.Storage with { SqlitePath = Path.Combine(folder.Path, "a.db") } });
        var routes = ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>().Select(endpoint => endpoint.RoutePattern.RawText).ToHashSet();

        Probe(Container.LivenessProbe).ShouldBe("/livez");
        Probe(Container.StartupProbe).ShouldBe("/livez");
        Probe(Container.ReadinessProbe).ShouldBe("/readyz");
        routes.ShouldContain("/livez");
        routes.ShouldContain("/readyz");
        routes.ShouldContain(Set.Spec.Template.Metadata.Annotations["prometheus.io/path"]);
    }

    [Fact]
    public void A_stop_is_given_the_time_it_may_take() =>
        TimeSpan.FromSeconds(Pod.TerminationGracePeriodSeconds!.Value).ShouldBeGreaterThan(Load().Config!.App.ShutdownTimeout + TimeSpan.FromSeconds(10));

    private static string Text => Parts.OfType<V1ConfigMap>().Single().Data["reposentry.yaml"];

    private static string Probe(V1Probe probe)
    {
        probe.HttpGet.Port.Value.ShouldBe("http");
        return probe.HttpGet.Path;
    }

    // As the pod loads it, with the secrets at another place.
    private static LoadedConfig Load()
    {
        using var folder = new TemporaryFolder();
        foreach (var (key, value) in Parts.OfType<V1Secret>().Single().StringData)
        {
            File.WriteAllText(Path.Combine(folder.Path, key), value);
        }

        return ConfigLoader.LoadText(
            Text.Replace("/var/run/secrets/reposentry", folder.Path, StringComparison.Ordinal),
            "/etc/reposentry/reposentry.yaml",
            new LoadOptions { Environment = new Dictionary<string, string>() });
    }
}
