using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Cli;

/// <summary>The effective configuration, and that no secret is in it.</summary>
public sealed class ConfigCommandTests
{
    [Theory]
    [InlineData("text")]
    [InlineData("json")]
    public async Task Each_value_is_shown_with_its_origin_and_secrets_are_not(string format)
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "reposentry.yaml");
        await File.WriteAllTextAsync(file, """
            polling: { interval: 45s, strategy: fixed }
            tekton: { event_listener_url: "https://el.corp/${PATH_KEY}", secret: canary-one, headers: { Authorization: canary-two } }
            repositories: [{ name: web, url: "https://github.com/acme/web", token: "${WEB_TOKEN}" }]
            """, TestContext.Current.CancellationToken);
        var environment = new Dictionary<string, string> { ["WEB_TOKEN"] = "canary-three", ["PATH_KEY"] = "canary-four", ["REPOSENTRY__POLLING__TIMEOUT"] = "12s", ["REPOSENTRY__API__BOOTSTRAP_TOKEN"] = "canary-five-canary-five-canary-five" };
        var (code, output, errors) = await Service.RunAsync(["config", "show", "--origin", "-c", file, "-o", format], environment);

        code.ShouldBe(0, errors);
        output.ShouldContain("polling.interval");
        output.ShouldContain($"file {file}:1:");
        output.ShouldContain("variable REPOSENTRY__POLLING__TIMEOUT");
        output.ShouldContain("default");
        output.ShouldContain("***");
        (output + errors).ShouldNotContain("canary");
    }
}
