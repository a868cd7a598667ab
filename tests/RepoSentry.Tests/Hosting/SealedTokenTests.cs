using Microsoft.Data.Sqlite;
using RepoSentry.Cli.Checks;
using RepoSentry.Configuration;
using RepoSentry.Telemetry;
using RepoSentry.Tests.Api;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Hosting;

public sealed class SealedTokenTests
{
    private const string Path = "/api/v1/repositories";
    private const string Token = "glpat-canary-0123456789";
    private const string File = """
        providers: [{ name: inner, type: git, url: "http://127.0.0.1:1" }]
        repositories: [{ name: of-file, url: "http://127.0.0.1:1/f.git", polling_interval: 1h }]

        """;

    private static readonly string Old = new('o', 40);
    private static readonly string New = new('n', 40);

    [Fact]
    public async Task A_token_through_the_API_is_used_after_a_restart_and_stands_nowhere_in_plain()
    {
        await using var host = await FileHost.StartAsync(File, Old);

        var (status, view) = await host.SendAsync(HttpMethod.Post, Path, Entry());
        status.ShouldBe(201);
        view.GetRawText().ShouldNotContain(Token);
        await host.StopAsync();
        await host.StartAsync();

        TokenOf(host).ShouldBe(Token);
        StoredEntry(host).ShouldContain("\"token\":\"sealed:1:");
        foreach (var file in Directory.GetFiles(System.IO.Path.GetDirectoryName(host.Database)!, "*.db*").Where(file => !file.EndsWith(".lock", StringComparison.Ordinal)))
        {
            System.IO.File.ReadAllText(file, System.Text.Encoding.Latin1).ShouldNotContain(Token, customMessage: file);
        }
    }

    [Fact]
    public async Task Three_stars_keep_the_token_but_never_for_another_server()
    {
        await using var host = await FileHost.StartAsync(File, Old);
        await host.SendAsync(HttpMethod.Post, Path, Entry());

        (await host.SendAsync(HttpMethod.Put, Path + "/web", Entry(token: "***") with { Branches = ["main"] })).Status.ShouldBe(200);
        TokenOf(host).ShouldBe(Token);

        var (status, problem) = await host.SendAsync(HttpMethod.Put, Path + "/web", Entry("http://127.0.0.2:1/x.git", "***"));
        status.ShouldBe(422);
        problem.GetRawText().ShouldContain("there is none");
    }

    [Fact]
    public async Task Another_token_takes_the_place_of_the_one_before_as_often_as_it_is_changed()
    {
        await using var host = await FileHost.StartAsync(File, Old);
        await host.SendAsync(HttpMethod.Post, Path, Entry());

        for (var number = 0; number < 3; number++)
        {
            (await host.SendAsync(HttpMethod.Put, Path + "/web", Entry(token: $"another-{number}"))).Status.ShouldBe(200);
            TokenOf(host).ShouldBe($"another-{number}");
        }

        host.Current.Value.Providers.Count(provider => provider.Name.StartsWith("repository:", StringComparison.Ordinal)).ShouldBe(1);
        (await host.SendAsync(HttpMethod.Put, Path + "/web", Entry())).Status.ShouldBe(200);
        (await host.SendAsync(HttpMethod.Post, Path, new { name = "other", url = "http://127.0.0.1:1/o.git" })).Status.ShouldBe(201);
    }

    [Theory]
    [InlineData("env:HOME")]
    [InlineData("file:/etc/passwd")]
    [InlineData("${HOME}")]
    public async Task A_reference_is_not_taken_for_a_token(string token)
    {
        await using var host = await FileHost.StartAsync(File, Old);

        var (status, problem) = await host.SendAsync(HttpMethod.Post, Path, Entry(token: token));

        status.ShouldBe(422);
        problem.GetRawText().ShouldContain("references are not followed");
    }

    [Fact]
    public async Task The_master_key_is_changed_while_the_service_runs()
    {
        await using var host = await FileHost.StartAsync(File, Old);
        await host.SendAsync(HttpMethod.Post, Path, Entry());
        var before = StoredEntry(host);

        host.WriteMasterKey($"{New}\n{Old}\n");
        var (status, answer) = await host.SendAsync(HttpMethod.Post, "/api/v1/secrets/rotate");
        (status, answer.GetProperty("resealed").GetInt32()).ShouldBe((200, 1));
        StoredEntry(host).ShouldNotBe(before);
        (await host.SendAsync(HttpMethod.Post, "/api/v1/secrets/rotate")).Json.GetProperty("resealed").GetInt32().ShouldBe(0);

        host.WriteMasterKey(New);
        await host.StopAsync();
        await host.StartAsync();
        TokenOf(host).ShouldBe(Token);
    }

    [Fact]
    public async Task With_another_key_the_service_does_not_start_and_a_reload_is_refused()
    {
        await using var host = await FileHost.StartAsync(File, Old);
        await host.SendAsync(HttpMethod.Post, Path, Entry());

        host.WriteMasterKey(New);
        var (status, problem) = await host.ReloadAsync();
        status.ShouldBe(422);
        problem.GetRawText().ShouldContain("no line of security.master_key");
        host.Names.ShouldBe(["of-file", "web"]);

        var loaded = ConfigLoader.Load(host.File);
        var finding = MachineChecks.Sealed(loaded.Config!, loaded.Entries!).ShouldHaveSingleItem();
        (finding.Check, finding.Status).ShouldBe(("master key", "failed"));
        finding.Message.ShouldContain("no line of security.master_key");

        await host.StopAsync();
        (await host.BeginAsync()).ShouldBe(LifecycleState.Failed);
        host.Reason!.ShouldContain("the token of repository web, which came through the API, is sealed with the key");
        StoredEntry(host).ShouldContain("sealed:1:");
    }

    [Fact]
    public async Task A_reload_that_was_refused_is_tried_again_for_its_reason_may_lie_beside_the_file()
    {
        await using var host = await FileHost.StartAsync(File, Old);
        await host.SendAsync(HttpMethod.Post, Path, Entry());
        host.WriteMasterKey(New);
        (await host.ReloadAsync()).Status.ShouldBe(422);
        host.WatchClock.Advance(TimeSpan.FromSeconds(61));
        host.Current.Standing.Problem.ShouldNotBeNull().ShouldContain("no line of security.master_key");

        host.WriteMasterKey(Old);

        await RunningHost.UntilAsync(() =>
        {
            host.WatchClock.Advance(TimeSpan.FromSeconds(20));
            return Task.FromResult(host.Current.Standing.Problem is null);
        });
    }

    [Fact]
    public async Task Without_a_master_key_nothing_is_rotated()
    {
        await using var host = await FileHost.StartAsync(File);

        var (status, problem) = await host.SendAsync(HttpMethod.Post, "/api/v1/secrets/rotate");

        status.ShouldBe(409);
        problem.GetProperty("detail").GetString()!.ShouldContain("security.master_key is not set");
    }

    private static RepositoryBody Entry(string url = "http://127.0.0.1:1/x.git", string token = Token) => new("web", url, token, ["**"]);

    private static string TokenOf(FileHost host)
    {
        var config = host.Current.Value;
        var name = config.Repositories.Single(repository => repository.Name == "web").Provider;
        return config.Providers.Last(provider => provider.Name == name).Token!.Reveal();
    }

    private static string StoredEntry(FileHost host)
    {
        using var connection = new SqliteConnection($"Data Source={host.Database};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT entry FROM repository_states WHERE name = 'web'";
        return (string)command.ExecuteScalar()!;
    }

    private sealed record RepositoryBody(string Name, string Url, string Token, string[] Branches);
}
