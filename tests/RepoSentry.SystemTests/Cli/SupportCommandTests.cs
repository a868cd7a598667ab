using System.Formats.Tar;
using System.IO.Compression;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Cli;

/// <summary>The archive for those who ask for help: what is in it, and that no secret is.</summary>
public sealed class SupportCommandTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public async Task It_tells_what_the_service_and_the_machine_know_and_no_secret_of_either()
    {
        await using var gitHub = await FakeGitHub.StartNewAsync();
        gitHub.Token = "another";
        gitHub.Add("acme/web");
        var local = TestRepository.Create(Path.Combine(folder.Path, "local.git"));
        local.Push("main", "first");
        await using var service = new Service($$"""
            polling: { strategy: fixed, interval: 1s, min_interval: 1s }
            providers: [{ name: hub, type: github, url: "{{gitHub.Root}}", token: canary-literal-1 }]
            triggers:
              - { name: tekton, type: tekton, url: "http://127.0.0.1:9/${PATH_KEY}", secret: "${HOOK_SECRET}", headers: { Authorization: "Bearer canary-header-2" } }
            repositories:
              - { name: web, url: "{{gitHub.Root}}acme/web", provider: hub }
              - { name: local, url: "{{local.Url}}" }
            """, api: "auth: token, bootstrap_token: canary-bootstrap-3-canary-bootstrap-3");
        var log = Path.Combine(folder.Path, "service.log");
        foreach (var (name, value) in (ReadOnlySpan<(string, string)>)[("PATH_KEY", "canary-path-4"), ("HOOK_SECRET", "canary-variable-5"), ("REPOSENTRY__APP__LOG_FILE", log), ("REPOSENTRY_SERVER", $"http://127.0.0.1:{service.Port}"), ("REPOSENTRY_TOKEN", "canary-bootstrap-3-canary-bootstrap-3")])
        {
            service.Environment[name] = value;
        }

        await service.StartReadyAsync();
        await service.UntilAsync(async () => (await CountAsync(service, "repo", "list", "--status", "active", "-o", "name")) == 1, "watching");
        var made = await Service.RunAsync(["token", "create", "canary", "--role", "viewer"], service.Environment);
        made.Code.ShouldBe(0, made.Errors);
        local.Push("main", "second");
        await service.UntilAsync(async () => (await Service.RunAsync(["delivery", "list", "-o", "json"], service.Environment)).Output.Contains("\"last_error\": \"", StringComparison.Ordinal) && (await Service.RunAsync(["repo", "show", "web"], service.Environment)).Output.Contains("401", StringComparison.Ordinal), "failing");
        File.Copy(log, log += ".copy"); // the service writes on in its own
        service.Environment["REPOSENTRY__APP__LOG_FILE"] = log;
        await File.AppendAllTextAsync(log, $"a line with {made.Output.Trim()} and https://robot:canary-userinfo-6@git.corp/x in it\n", TestContext.Current.CancellationToken);

        var file = Path.Combine(folder.Path, "dump.tar.gz");
        var (code, output, errors) = await Service.RunAsync(["support", "dump", "-o", file, "-c", service.ConfigPath], service.Environment);
        code.ShouldBe(0, errors);
        output.ShouldBe(file + "\n");
        File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var parts = Read(file);

        parts.Keys.ShouldBe(
            ["README.txt", "config.txt", "config-problems.txt", "machine.txt", "database.json", "log.txt", "version.json", "health.json", "status.json", "numbers.json", "metrics.txt", "repositories.json", "failed-polls.json", "failed-deliveries.json"]);
        parts.Keys.Where(name => name != "README.txt" && !parts["README.txt"].Contains(name, StringComparison.Ordinal)).ShouldBeEmpty();
        parts["config.txt"].ShouldContain("providers[0].token = ***");
        parts["failed-polls.json"].ShouldContain("401");
        parts["failed-deliveries.json"].ShouldContain("X-GitHub-Event", Case.Insensitive);
        parts["failed-deliveries.json"].ShouldNotContain("\"body\"");
        parts["log.txt"].ShouldContain("a line with *** and https://***@git.corp/x in it");
        parts["machine.txt"].ShouldContain("processors");
        var all = string.Concat(parts.Values) + errors;
        all.ShouldNotContain("canary-", Case.Insensitive);
        all.ShouldNotContain(made.Output.Trim());
        (await Service.RunAsync(["support", "dump", "-o", file], service.Environment)).Code.ShouldBe(6, "the archive exists");
    }

    [Fact]
    public async Task What_cannot_be_had_is_named_and_the_rest_is_there()
    {
        var nobody = new Dictionary<string, string> { ["REPOSENTRY_SERVER"] = $"http://127.0.0.1:{ServerProcess.FreePort()}" };
        var file = Path.Combine(folder.Path, "dump.tar.gz");
        var (code, _, errors) = await Service.RunAsync(["support", "dump", "-o", file, "-c", Path.Combine(folder.Path, "none.yaml")], nobody);

        code.ShouldBe(0, errors);
        errors.ShouldContain("not in it: everything of the running service");
        errors.ShouldContain("not in it: configuration, database and log");
        var parts = Read(file);
        parts.Keys.ShouldBe(["README.txt", "machine.txt"]);
        parts["README.txt"].ShouldContain("What could not be had");
    }

    public void Dispose() => folder.Dispose();

    private static async Task<int> CountAsync(Service service, params string[] arguments) =>
        (await Service.RunAsync(arguments, service.Environment)).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;

    internal static Dictionary<string, string> Read(string file)
    {
        using var archive = new TarReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
        var parts = new Dictionary<string, string>(StringComparer.Ordinal);
        while (archive.GetNextEntry(copyData: true) is { } entry)
        {
            using var text = new StreamReader(entry.DataStream ?? Stream.Null);
            parts[entry.Name.Replace("reposentry-support/", "", StringComparison.Ordinal)] = text.ReadToEnd();
        }

        return parts;
    }
}
