using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Cli;

/// <summary>What check finds of real servers, and what it says to do.</summary>
public sealed class CheckCommandTests : IDisposable
{
    private const string Token = "canary-token-1a2b";

    private readonly TemporaryFolder folder = new();

    private static Dictionary<string, string> Environment => new() { ["FORGE_TOKEN"] = Token };

    [Fact]
    public async Task All_is_well_where_the_token_has_its_scopes_and_the_trigger_listens_and_nothing_is_posted_to_it()
    {
        await using var receiver = await new Receiver().StartAsync();
        using var forge = new OneAnswer("X-OAuth-Scopes: repo\r\ngithub-authentication-token-expiration: 2099-01-01 10:00:00 UTC\r\nX-RateLimit-Remaining: 4000\r\nX-RateLimit-Limit: 5000\r\n");
        var (code, findings, all) = await CheckAsync(forge, "github", receiver.Url, true, "--pre");

        code.ShouldBe(0, all);
        findings["token forge"].ShouldBe("ok");
        findings["budget forge"].ShouldBe("ok");
        findings["trigger tekton"].ShouldBe("ok");
        findings["database"].ShouldBe("ok");
        findings["file system"].ShouldBe("ok");
        all.ShouldContain("the token (repo) is good until 2099-01-01");
        all.ShouldNotContain(Token);
        receiver.Arrivals.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("gitea", "200 OK", 0, "is taken")]
    [InlineData("gitea", "401 Unauthorized", 1, "wrong, revoked or expired")]
    [InlineData("gitea", "403 Forbidden", 1, "read:repository")]
    [InlineData("gitea", "404 Not Found", 1, "there is no interface of gitea")]
    [InlineData("bitbucket", "200 OK", 0, "is taken")]
    [InlineData("bitbucket", "401 Unauthorized", 1, "wrong, revoked or expired")]
    [InlineData("azure", "203 Non-Authoritative Information", 1, "a page to sign in")]
    public async Task The_token_of_every_forge_is_tried(string type, string status, int code, string words)
    {
        await using var receiver = await new Receiver().StartAsync();
        using var forge = new OneAnswer("", status: status);
        var (exit, findings, all) = await CheckAsync(forge, type, receiver.Url);

        exit.ShouldBe(code, all);
        findings["token forge"].ShouldBe(code == 0 ? "ok" : "failed", all);
        all.ShouldContain(words);
        all.ShouldNotContain(Token);
    }

    [Theory]
    [InlineData("github", "X-OAuth-Scopes: repo\r\ngithub-authentication-token-expiration: 2020-01-01 10:00:00 UTC\r\n", "{}", "token forge", "expired on 2020-01-01")]
    [InlineData("gitlab", "", "{\"scopes\":[\"read_user\"],\"expires_at\":\"2099-01-01\"}", "token forge", "read_api")]
    [InlineData("gitlab", "", "{\"scopes\":[\"read_api\"],\"expires_at\":\"2020-01-01\"}", "token forge", "expired on 2020-01-01")]
    [InlineData("github", "Date: Wed, 01 Jan 2020 00:00:00 GMT\r\n", "{}", "clock", "timedatectl")]
    public async Task A_failure_names_its_reason_and_what_to_do(string type, string headers, string body, string check, string words)
    {
        await using var receiver = await new Receiver().StartAsync();
        using var forge = new OneAnswer(headers, body);
        var (code, findings, all) = await CheckAsync(forge, type, receiver.Url);

        code.ShouldBe(1, all);
        findings[check].ShouldBe("failed", all);
        all.ShouldContain(words);
    }

    [Theory]
    [InlineData("[\"read_api\"]", true, "warning")]
    [InlineData("[\"read_api\"]", false, "ok")]
    [InlineData("[\"read_api\",\"read_repository\"]", true, "ok")]
    public async Task A_token_that_git_could_not_use_is_told_where_git_would_stand_in(string scopes, bool fallback, string status)
    {
        await using var receiver = await new Receiver().StartAsync();
        using var forge = new OneAnswer("", $"{{\"scopes\":{scopes},\"expires_at\":\"2099-01-01\"}}");
        (await CheckAsync(forge, "gitlab", receiver.Url, fallback)).Findings["token forge"].ShouldBe(status);
    }

    [Fact]
    public async Task A_refused_token_and_a_trigger_that_nobody_serves_fail_each_with_a_fix()
    {
        using var forge = new OneAnswer("", status: "401 Unauthorized");
        var (code, findings, all) = await CheckAsync(forge, "github", $"http://127.0.0.1:{ServerProcess.FreePort()}");

        code.ShouldBe(1);
        findings["token forge"].ShouldBe("failed");
        findings["trigger tekton"].ShouldBe("failed");
        all.ShouldContain("wrong, revoked or expired");
        all.ShouldContain("does not accept connections");
    }

    [Fact]
    public async Task An_invalid_configuration_is_told_with_its_places()
    {
        var file = Path.Combine(folder.Path, "reposentry.yaml");
        await File.WriteAllTextAsync(file, "polling: { intervall: 3s }\n", TestContext.Current.CancellationToken);
        var (code, output, _) = await Service.RunAsync(["doctor", "-c", file]);

        code.ShouldBe(1);
        output.ShouldContain($"{file}:1:12");
        output.ShouldContain("fix: did you mean \"interval\"?");
    }

    public void Dispose() => folder.Dispose();

    private async Task<(int Code, Dictionary<string, string> Findings, string All)> CheckAsync(OneAnswer forge, string type, string listener, bool fallback = true, params string[] more)
    {
        var file = Path.Combine(folder.Path, "reposentry.yaml");
        await File.WriteAllTextAsync(file, $$"""
            app: { data_dir: "{{folder.Path}}/data" }
            polling: { enable_api_fallback: {{(fallback ? "true" : "false")}} }
            providers: [{ name: forge, type: {{type}}, url: "http://127.0.0.1:{{forge.Port}}", token: "env:FORGE_TOKEN" }]
            tekton: { event_listener_url: "{{listener}}" }
            repositories: [{ name: web, url: "http://127.0.0.1:{{forge.Port}}/acme/web{{(type == "azure" ? "/_git/web" : "")}}", provider: forge }]
            """, TestContext.Current.CancellationToken);
        var (code, output, errors) = await Service.RunAsync(["check", "-c", file, "-o", "json", .. more], Environment);
        errors.ShouldBeEmpty();
        var checks = JsonDocument.Parse(output).RootElement.GetProperty("checks").EnumerateArray().ToList();
        checks.Where(item => item.GetProperty("status").GetString() == "failed").ShouldAllBe(item => item.GetProperty("fix").GetString()!.Length > 5);
        return (code, checks.GroupBy(item => item.GetProperty("check").GetString()!).ToDictionary(group => group.Key, group => group.First().GetProperty("status").GetString()!), output);
    }

    /// <summary>A forge that answers every request alike, as the bytes say.</summary>
    private sealed class OneAnswer : IDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);
        private readonly byte[] answer;

        public OneAnswer(string headers, string body = "{}", string status = "200 OK")
        {
            answer = Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\n{headers}Content-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}");
            listener.Start();
            Port = ((IPEndPoint)listener.LocalEndpoint).Port;
            _ = ServeAsync();
        }

        public int Port { get; }

        public void Dispose() => listener.Dispose();

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using var client = await listener.AcceptTcpClientAsync();
                    var buffer = new byte[8192];
                    if (await client.GetStream().ReadAsync(buffer) > 0)
                    {
                        await client.GetStream().WriteAsync(answer);
                    }
                }
            }
            catch (Exception over) when (over is SocketException or ObjectDisposedException or IOException or OperationCanceledException)
            {
                // the test is over
            }
        }
    }
}
