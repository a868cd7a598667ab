using System.Text.Json;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Hosting;

/// <summary>The executable beside an organization whose repositories come, are pushed to, are renamed and go.</summary>
public sealed class DiscoveryTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData("github")]
    [InlineData("gitlab")]
    public async Task A_repository_that_appears_is_a_silent_baseline_and_fires_from_its_first_push_on(string type)
    {
        await using var forge = await StartAsync(type);
        await using var receiver = await new Receiver().StartAsync();
        await using var service = Describe(forge, type, receiver);
        forge.Add("acme/svc-web").Commit(1, null, "first").Commit(2, 1, "second").Push("main", 1);
        forge.Add("acme/lib").Push("main", 1);
        await service.StartReadyAsync();
        await UntilAsync(service, "svc-web");

        forge.Add("acme/svc-new").Commit(3, null, "third").Commit(4, 3, "fourth").Push("main", 3);
        await ListAgainAsync(service);
        await UntilAsync(service, "svc-new", "svc-web");
        receiver.Arrivals.ShouldBeEmpty();

        forge.Repositories["acme/svc-new"].Push("main", 4);
        var arrival = (await receiver.UntilAsync(all => all.Count == 1, Patience))[0];
        arrival.Verdict.Passes.ShouldBeTrue(arrival.Verdict.Reason);
        JsonDocument.Parse(arrival.Body).RootElement.GetProperty("after").GetString().ShouldBe(FakeRepository.Sha(4));
        forge.Problems.ShouldBeEmpty();
    }

    [Fact]
    public async Task What_was_renamed_and_pushed_to_while_the_service_was_killed_fires_once_under_its_new_name()
    {
        await using var forge = await StartAsync("github");
        await using var receiver = await new Receiver().StartAsync();
        await using var service = Describe(forge, "github", receiver);
        forge.Add("acme/svc-web").Commit(1, null, "first").Commit(2, 1, "second").Push("main", 1);
        await service.StartReadyAsync();
        await UntilAsync(service, "svc-web");

        await service.KillAsync();
        forge.Rename("acme/svc-web", "acme/svc-site");
        forge.Repositories["acme/svc-site"].Push("main", 2);
        await service.StartReadyAsync();

        var body = JsonDocument.Parse((await receiver.UntilAsync(all => all.Count == 1, Patience))[0].Body).RootElement;
        (body.GetProperty("before").GetString(), body.GetProperty("after").GetString()).ShouldBe((FakeRepository.Sha(1), FakeRepository.Sha(2)));
        await UntilAsync(service, "svc-site");
        var events = (await service.GetAsync("/api/v1/events")).GetProperty("items");
        events.GetArrayLength().ShouldBe(1);
        events[0].GetProperty("repository").GetString().ShouldBe("svc-site");
    }

    [Fact]
    public async Task The_commands_tell_what_an_organization_has_and_why_it_cannot_be_listed()
    {
        await using var forge = await StartAsync("github");
        await using var receiver = await new Receiver().StartAsync();
        await using var service = Describe(forge, "github", receiver);
        forge.Add("acme/svc-web").Push("main", 1);
        forge.Add("acme/lib").Push("main", 1);
        var environment = new Dictionary<string, string> { ["REPOSENTRY_SERVER"] = $"http://127.0.0.1:{service.Port}", ["RECEIVER_SECRET"] = Receiver.SecretText };

        (await Service.RunAsync(["plan", "-c", service.ConfigPath], environment)).Errors.ShouldContain("the repositories of forge/acme are not counted");
        (await Service.RunAsync(["plan", "-c", service.ConfigPath, "--fleet", "10"], environment)).Errors.ShouldContain("--fleet is for replays: add --replay or --from-git");
        await service.StartReadyAsync();
        await UntilAsync(service, "svc-web");

        (await Service.RunAsync(["repo", "list", "-o", "wide"], environment)).Output.ShouldContain("discovery");
        (await Service.RunAsync(["status"], environment)).Output.ShouldMatch(@"(?m)^forge/acme +2 +1 ");
        var removed = await Service.RunAsync(["repo", "remove", "svc-web"], environment);
        removed.Code.ShouldBe(6);
        removed.Errors.ShouldContain("was discovered");
        (await Service.RunAsync(["plan", "-c", service.ConfigPath], environment)).Output.ShouldMatch(@"(?m)^forge +1 ");

        (await Service.RunAsync(["check", "-c", service.ConfigPath], environment)).Output.ShouldContain("1 of the first 2 repositories are taken");
        File.WriteAllText(service.ConfigPath, File.ReadAllText(service.ConfigPath).Replace("organization: acme", "organization: acmee", StringComparison.Ordinal));
        var failed = await Service.RunAsync(["check", "-c", service.ConfigPath], environment);
        failed.Code.ShouldBe(1);
        failed.Output.ShouldContain("GitHub has no \"acmee\"");
        await service.UntilAsync(async () => (await service.GetAsync("/api/v1/status")).GetProperty("discovery")[0].GetProperty("problem").GetString()?.Contains("acmee", StringComparison.Ordinal) == true, "told");
    }

    private static async Task<FakeForge> StartAsync(string type) => type == "github" ? await FakeGitHub.StartNewAsync() : await FakeGitLab.StartNewAsync();

    // An entry that says something else is listed at once.
    private static Task ListAgainAsync(Service service)
    {
        File.WriteAllText(service.ConfigPath, File.ReadAllText(service.ConfigPath).Replace("every: 10m", "every: 11m", StringComparison.Ordinal));
        return Task.CompletedTask;
    }

    private static Task UntilAsync(Service service, params string[] names) => service.UntilAsync(
        async () => (await service.GetAsync("/api/v1/repositories")).GetProperty("items").EnumerateArray()
            .Where(item => item.GetProperty("status").GetString() == "active" && item.GetProperty("source").GetString() == "discovery").Select(item => item.GetProperty("name").GetString()).SequenceEqual(names),
        "watching " + string.Join(", ", names));

    private static Service Describe(FakeForge forge, string type, Receiver receiver) => new($$"""
        polling: { strategy: fixed, interval: 1s, min_interval: 1s, retry_attempts: 1 }
        providers: [{ name: forge, type: {{type}}, url: "{{forge.Root}}", requests_per_minute: 100000 }]
        tekton: { event_listener_url: "{{receiver.Url}}", secret: "env:RECEIVER_SECRET" }
        discovery: [{ provider: forge, organization: acme, include: ["svc-*"], every: 10m }]
        """);
}
