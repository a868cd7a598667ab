using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace RepoSentry.SystemTests.Deploy;

/// <summary>The compose file: hardened as the image allows, and its configuration, mounts and health check meet.</summary>
public sealed class ComposeTests
{
    private static readonly YamlNode File = Yaml.Load("deploy/compose/compose.yaml").Single();

    private static readonly YamlNode Entry = File.Pairs("services").ShouldHaveSingleItem().Value;

    [Fact]
    public void The_container_may_nothing_that_it_does_not_need()
    {
        Entry.Text("read_only").ShouldBe("true");
        Entry.Text("user").ShouldBe("10001:10001");
        Texts("cap_drop").ShouldBe(["ALL"]);
        Texts("security_opt").ShouldBe(["no-new-privileges:true"]);
        Entry.At("privileged").ShouldBeNull();
        Entry.Text("mem_limit").ShouldNotBeNull();
        Texts("ports").ShouldAllBe(port => port.StartsWith("127.0.0.1:", StringComparison.Ordinal));
    }

    [Fact]
    public void State_lies_on_a_named_volume_and_secrets_are_files()
    {
        Texts("volumes").ShouldContain("data:/var/lib/reposentry");
        File.Pairs("volumes").Select(pair => pair.Key).ShouldBe(["data"]);
        File.Pairs("secrets").Select(pair => pair.Key).ShouldBe(Texts("secrets"));
        File.Pairs("secrets").ShouldAllBe(pair => pair.Value.Text("file")!.StartsWith("./secrets/", StringComparison.Ordinal));
        Entry.Pairs("environment").Select(pair => ((YamlScalarNode)pair.Value).Value!).ShouldAllBe(value => value.StartsWith('/'));
    }

    [Fact]
    public async Task Its_configuration_is_valid_and_reads_the_secrets_that_are_mounted()
    {
        using var folder = new TemporaryFolder();
        var text = System.IO.File.ReadAllText(SourceTree.At("deploy/compose/reposentry.yaml"));
        foreach (var secret in Texts("secrets"))
        {
            System.IO.File.WriteAllText(Path.Combine(folder.Path, secret), secret);
            text.ShouldContain("file:/run/secrets/" + secret);
        }

        var file = Path.Combine(folder.Path, "reposentry.yaml");
        System.IO.File.WriteAllText(file, text.Replace("/run/secrets", folder.Path, StringComparison.Ordinal));
        var (code, output, errors) = await Service.RunAsync(["validate", "-c", file]);

        code.ShouldBe(0, output + errors);
    }

    [Fact]
    public async Task The_health_check_tells_a_service_that_runs_from_one_that_does_not()
    {
        using var folder = new TemporaryFolder();
        var token = Path.Combine(folder.Path, "bootstrap-token");
        System.IO.File.WriteAllText(token, "token-of-the-health-check\n");
        var check = Entry.Items("healthcheck", "test").Select(item => ((YamlScalarNode)item).Value!).ToList();
        check[..2].ShouldBe(["CMD", "/app/reposentry"]);
        Entry.Text("environment", "REPOSENTRY_TOKEN_FILE").ShouldBe("/run/secrets/bootstrap-token");
        await using var service = new Service("polling: { strategy: fixed }\n");
        System.IO.File.WriteAllText(service.ConfigPath, System.IO.File.ReadAllText(service.ConfigPath)
            .Replace("api: { ", $"api: {{ auth: token, bootstrap_token: \"file:{token}\", ", StringComparison.Ordinal));
        await service.StartReadyAsync();
        string[] arguments = [.. check[2..].Select(argument => argument.Replace(":8080", $":{service.Port}", StringComparison.Ordinal))];

        (await CheckAsync()).ShouldBe(0);
        await service.KillAsync();
        (await CheckAsync()).ShouldBe(5);

        async Task<int> CheckAsync() => (await Service.RunAsync(arguments, new Dictionary<string, string> { ["REPOSENTRY_TOKEN_FILE"] = token })).Code;
    }

    private static List<string> Texts(string key) => [.. Entry.Items(key).Select(item => ((YamlScalarNode)item).Value!)];
}
