using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using RepoSentry.Configuration;
using RepoSentry.Exam.Support;
using RepoSentry.SystemTests.Support;
using Xunit;

namespace RepoSentry.Exam.Experiments;

/// <summary>
/// E8: a service that listens beyond loopback is given addresses that lead back to its own machine or to a cloud's metadata, written in every way: as
/// triggers in the operator's file, and as repositories through the API, where private addresses are refused as well; by names whose answers change, and by
/// redirects. A canary listens at every address of the machine.
/// </summary>
internal static class E08Ssrf
{
    private static readonly IPAddress Allowed = IPAddress.Parse("127.0.0.2");

    // What leads to this machine or to metadata: refused to everybody.
    private static readonly string[] Local =
    [
        "127.0.0.1", "127.0.0.3", "127.255.255.254", "127.1", "127.0.1", "0127.0.0.1", "0177.0.0.1", "0177.0.0.01", "0x7f.0.0.1", "0x7f.0x0.0x0.0x1", "0x7f000001", "0X7F000001", "2130706433", "017700000001",
        "127.0.0.1.", "localhost", "LOCALHOST", "LocalHost.", "0.0.0.0", "0", "0x0", "[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:7F00:0003]", "[::]",
        "[::ffff:0.0.0.0]", "[::127.0.0.1]", "①②⑦.⓪.⓪.①", "１２７.0.0.1", "127。0。0。1", "127．0．0．1", "loop.test", "LOOP.test", "six.test", "mapped.test", "169.254.169.254", "0xa9fea9fe", "2852039166", "169.254.1",
        "[::ffff:169.254.169.254]", "[fe80::1]", "[fd00:ec2::254]", "meta.test",
    ];

    // What is not public: refused through the API.
    private static readonly string[] Private =
    [
        "10.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.1.1", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "0.1.2.3", "[fc00::1]",
        "[fd12:3456::1]", "[fec0::1]", "[2001:db8::1]", "[2002:7f00:1::1]", "[64:ff9b::7f00:1]", "[2001::1]", "[ff02::1]", "[3fff::1]", "private.test",
    ];

    public static async Task RunAsync(Trial trial)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess && TestGit.Find("unshare") is not null, "it needs root (a name server at port 53) and unshare");
        var own = Dns.GetHostAddresses(Dns.GetHostName()).Where(address => !IPAddress.IsLoopback(address)).ToArray();
        await using var canary = new Canary(Allowed);
        await using var good = await StartGoodAsync(canary.Port);
        await using var names = new LyingNames(new Dictionary<string, IPAddress[]>(StringComparer.OrdinalIgnoreCase)
        {
            ["loop.test"] = [IPAddress.Loopback],
            ["six.test"] = [IPAddress.IPv6Loopback],
            ["mapped.test"] = [IPAddress.Parse("::ffff:127.0.0.1")],
            ["meta.test"] = [IPAddress.Parse("169.254.169.254")],
            ["private.test"] = own.Length > 0 ? own : [IPAddress.Parse("10.0.0.1")],
            ["rebind.test"] = [Allowed, IPAddress.Loopback],
        });
        using var folder = new TemporaryFolder();
        var resolver = Path.Combine(folder.Path, "resolv.conf");
        await File.WriteAllTextAsync(resolver, "nameserver 127.0.0.1\noptions timeout:5 attempts:2\n");

        var taken = Local.Where(host => ConfigLoader.LoadText(Trigger("t", host, canary.Port), "exam.yaml").Config is not null).ToList();
        await using var service = new ServiceRun($$"""
            security: { allowed_networks: ["{{Allowed}}/32"], insecure_hosts: ["{{Allowed}}"] }
            providers: [ { name: inner, type: git, url: "{{good.Urls.First()}}" }, { name: proxied, type: git, url: "http://far.example", proxy: "http://{{Allowed}}:{{canary.Port}}" } ]
            polling: { strategy: fixed, interval: 1h, timeout: 10s, retry_attempts: 1 }
            triggers:
              - { name: good, type: webhook, url: "{{good.Urls.First()}}/in" }
              - { name: redirected, type: webhook, url: "{{good.Urls.First()}}/redirect" }
              - { name: rebound, type: webhook, url: "http://rebind.test:{{canary.Port}}/in" }
            {{string.Concat(taken.Select((host, number) => $"  - {{ name: t{number}, type: webhook, url: \"http://{host}:{canary.Port}/in\" }}\n"))}}
            repositories: [ { name: moved, url: "{{good.Urls.First()}}/redirect/x.git" } ]
            """, api: ", bootstrap_token: \"exam-bootstrap-token-with-some-length\"") { Token = "exam-bootstrap-token-with-some-length" };
        await File.WriteAllTextAsync(service.ConfigPath, (await File.ReadAllTextAsync(service.ConfigPath)).Replace($"127.0.0.1:{service.Port}", $"0.0.0.0:{service.Port}", StringComparison.Ordinal));
        await service.Start("unshare", "-m", "sh", "-c", $"mount --bind {resolver} /etc/resolv.conf && exec \"$@\"", "sh").ReadyAsync();

        var accepted = new List<string>();
        foreach (var (name, host) in taken.Select((host, number) => ($"t{number}", host)).Append(("redirected", "a redirect")))
        {
            await TestAsync(service, name, host, accepted);
        }

        for (var turn = 0; turn < 6; turn++)
        {
            await TestAsync(service, "rebound", "a name that changes", accepted);
        }

        var vectors = Local.Concat(Private).Concat(own.Select(address => address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address.ToString().Split('%')[0]}]" : address.ToString())).ToList();
        var (looked, unlooked) = await WatchAsync(service, vectors, canary.Port);
        var works = (await service.AskAsync("/api/v1/triggers/good/test", HttpMethod.Post)).Json!.Value.GetProperty("outcome").GetString() == "accepted";

        trial.Reaches("vectors as triggers of the file and as repositories through the API", Local.Length + vectors.Count, 100);
        trial.Tell("of them refused before anything is dialled", string.Create(CultureInfo.InvariantCulture, $"{Local.Length - taken.Count} and {vectors.Count - looked - unlooked.Count}"));
        trial.Zero("connections to the canary", canary.Caught.Count, string.Join(", ", canary.Caught.Distinct(StringComparer.Ordinal)));
        trial.Zero("triggers that told of success", accepted.Count, accepted.FirstOrDefault());
        trial.Zero("repositories whose look did not end in an error", unlooked.Count, unlooked.FirstOrDefault());
        trial.Reaches("dials of the name that changes, at its allowed address", canary.Allowed, 1);
        trial.Reaches("questions to the name server", names.Questions, 10);
        trial.Equal("a trigger at an address that the operator allows works", works ? 1 : 0, 1);
        trial.Zero("service processes that ended", service.HasExited ? 1 : 0);
    }

    private static string Trigger(string name, string host, int port) => $"triggers: [ {{ name: {name}, type: webhook, url: \"http://{host}:{port}/in\" }} ]\n";

    private static async Task TestAsync(ServiceRun service, string trigger, string host, List<string> accepted)
    {
        var (status, text, json) = await service.AskAsync($"/api/v1/triggers/{trigger}/test", HttpMethod.Post);
        if (status != 200 || json!.Value.GetProperty("outcome").GetString() == "accepted")
        {
            accepted.Add($"{host}: {status} {text}");
        }
    }

    /// <returns>How many were taken and looked at in vain, and those of which no error is told.</returns>
    private static async Task<(int Looked, List<string> Unlooked)> WatchAsync(ServiceRun service, List<string> vectors, int port)
    {
        var taken = new List<(string Name, string Host)>();
        foreach (var (host, number) in vectors.Select((host, number) => (host, number)))
        {
            using var entry = JsonContent.Create(new { name = $"v{number}", url = $"http://{host}:{port}/x.git" });
            if ((await service.AskAsync("/api/v1/repositories", HttpMethod.Post, entry)).Status == 201)
            {
                taken.Add(($"v{number}", host));
            }
        }

        var waiting = taken.Append(("moved", "a redirect")).ToList();
        for (var turn = 0; turn < 1200 && waiting.Count > 0; turn++)
        {
            var still = new List<(string, string)>();
            foreach (var (name, host) in waiting)
            {
                if ((await service.AskAsync("/api/v1/repositories/" + name)).Json?.GetProperty("status").GetString() != "error")
                {
                    still.Add((name, host));
                }
            }

            waiting = still;
            await Task.Delay(100);
        }

        return (taken.Count - waiting.Count(item => item.Item1 != "moved"), [.. waiting.Select(item => item.Item2)]);
    }

    // At the one loopback address that the operator allows. Whatever is asked to be moved is moved to the canary.
    private static async Task<WebApplication> StartGoodAsync(int canary)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://{Allowed}:0");
        var app = builder.Build();
        app.MapPost("/in", () => Results.Accepted());
        app.MapFallback("/redirect/{**rest}", () => Results.Redirect($"http://127.0.0.1:{canary}/x"));
        app.MapPost("/redirect", () => Results.Redirect($"http://127.0.0.1:{canary}/in", preserveMethod: true));
        await app.StartAsync();
        return app;
    }
}
