using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Cli;

/// <summary>What client commands say where there is more to say than yes or no.</summary>
public sealed class ClientAnswerTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public async Task Looking_now_at_what_is_held_ends_and_says_so_and_names_are_printed_bare()
    {
        var web = TestRepository.Create(Path.Combine(folder.Path, "web.git"));
        var commit = web.Push("main", "First");
        string[] branches = [.. Enumerable.Range(0, 30).Select(number => $"refs/heads/b{number}")];
        web.SetMany(branches, commit);
        await using var service = await new Service($$"""
            polling: { strategy: fixed, interval: 1h, max_interval: 1h }
            triggers: [{ name: program, type: exec, command: ["true"] }]
            repositories: [{ name: web, url: "{{web.Url}}" }]
            """).StartReadyAsync();
        await service.WatchingAsync();
        web.Push("main", "Second");
        (await RunAsync(service, "repo poll web --wait")).Code.ShouldBe(0);
        var id = (await RunAsync(service, "event list -o name")).Output.Trim();

        Array.ForEach(branches, web.Delete);
        var (code, _, errors) = await RunAsync(service, "repo poll web --wait");

        code.ShouldBe(0);
        errors.ShouldContain("web: 30 ");
        errors.ShouldContain("held");
        errors.ShouldNotContain("nothing has changed");
        (await RunAsync(service, "repo explain web")).Output.ShouldContain(" and 10 more\n");
        (await RunAsync(service, "status -o name")).Output.ShouldBe("reposentry\n");
        (await RunAsync(service, $"event show {id} -o name")).Output.ShouldBe(id + "\n");
        (await RunAsync(service, "delivery show 1 -o name")).Output.ShouldBe("1\n");
    }

    [Fact]
    public async Task Every_error_of_an_entry_is_told_not_only_the_first()
    {
        await using var service = await new Service("repositories: []\n").StartReadyAsync();

        var (code, _, errors) = await RunAsync(service, "repo add https://git.example/acme/web.git --trigger nobody --provider nothing");

        code.ShouldBe(1);
        errors.ShouldContain("\"nobody\"");
        errors.ShouldContain("\"nothing\"");
        errors.ShouldNotContain("more)");
    }

    [Fact]
    public async Task A_wrong_token_is_told_apart_from_none()
    {
        await using var service = await new Service("repositories: []\n", api: "auth: token").StartReadyAsync();

        var missing = await RunAsync(service, "status", token: "");
        var wrong = await RunAsync(service, "status", token: "rst_" + new string('a', 49));

        (missing.Code, wrong.Code).ShouldBe((4, 4));
        missing.Errors.ShouldContain("Send a token");
        wrong.Errors.ShouldContain("The service knows no such token");
        wrong.Errors.ShouldNotContain("Send a token");
    }

    [Fact]
    public async Task A_certificate_that_is_not_trusted_is_named_as_the_cause_and_is_trusted_by_its_authority()
    {
        TestAuthority.Create(folder.Path);
        await using var service = new Service("repositories: []\n", api: $"tls: {{ cert_file: {folder.Path}/server.pem, key_file: {folder.Path}/server.key }}");
        service.Start();
        var server = $"https://127.0.0.1:{service.Port}";
        var trusting = new Dictionary<string, string> { ["REPOSENTRY_SERVER"] = server, ["SSL_CERT_FILE"] = Path.Combine(folder.Path, "ca.pem") };
        await service.UntilAsync(async () => (await Service.RunAsync(["status"], trusting)).Code == 0, "answering who trusts its authority");

        var (code, _, errors) = await Service.RunAsync(["status"], new Dictionary<string, string> { ["REPOSENTRY_SERVER"] = server });

        code.ShouldBe(5);
        errors.ShouldContain($"{server}/ shows a certificate that is not trusted here");
        errors.ShouldContain("SSL_CERT_FILE");
        errors.ShouldNotContain("Is the service running");
    }

    [Fact]
    public async Task A_backup_replaces_no_file()
    {
        await using var service = await new Service("repositories: []\n").StartReadyAsync();
        var file = Path.Combine(folder.Path, "backup.db");
        await File.WriteAllTextAsync(file, "precious", TestContext.Current.CancellationToken);

        var (code, _, errors) = await Service.RunAsync(["db", "backup", file, "--database", service.DatabasePath]);

        code.ShouldBe(6);
        errors.ShouldContain(file);
        (await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).ShouldBe("precious");
    }

    public void Dispose() => folder.Dispose();

    private static Task<(int Code, string Output, string Errors)> RunAsync(Service service, string line, string? token = null)
    {
        var environment = new Dictionary<string, string> { ["REPOSENTRY_SERVER"] = $"http://127.0.0.1:{service.Port}" };
        if (token is not null)
        {
            environment["REPOSENTRY_TOKEN"] = token;
        }

        return Service.RunAsync(line.Split(' '), environment);
    }
}
