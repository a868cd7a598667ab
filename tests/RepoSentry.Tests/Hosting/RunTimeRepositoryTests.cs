using Dapper;
using Microsoft.Data.Sqlite;
using RepoSentry.Tests.Api;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Hosting;

public sealed class RunTimeRepositoryTests
{
    private const string Path = "/api/v1/repositories";
    private const string File = """
        triggers: [{ name: hook, type: webhook, url: "http://127.0.0.1:1/in" }]
        providers: [{ name: inner, type: git, url: "http://127.0.0.1:1" }]
        repositories: [{ name: of-file, url: "http://127.0.0.1:1/f.git", polling_interval: 1h }]

        """;

    private static object Entry(string name, string url = "http://127.0.0.1:1/x.git") => new { name, url, branches = new[] { "main", "release/*" }, labels = new { team = "ünï" } };

    [Fact]
    public async Task A_repository_comes_changes_and_goes_at_run_time()
    {
        await using var host = await FileHost.StartAsync(File);

        var (created, view) = await host.SendAsync(HttpMethod.Post, Path, Entry("web"));
        created.ShouldBe(201);
        view.GetProperty("source").GetString().ShouldBe("api");
        view.GetProperty("labels").GetProperty("team").GetString().ShouldBe("ünï");
        host.Names.ShouldBe(["of-file", "web"]);
        (await host.SendAsync(HttpMethod.Post, Path, Entry("web"))).Status.ShouldBe(409);

        (await host.SendAsync(HttpMethod.Put, Path + "/web", new { url = "http://127.0.0.1:1/y.git" })).Status.ShouldBe(200);
        await RunningHost.UntilAsync(() => Task.FromResult(host.Polling.Repositories["web"].Config.Branches is ["**"]));

        (await host.SendAsync(HttpMethod.Delete, Path + "/web")).Status.ShouldBe(204);
        host.Names.ShouldBe(["of-file"]);
        (await host.SendAsync(HttpMethod.Delete, Path + "/web")).Status.ShouldBe(404);
        (await host.SendAsync(HttpMethod.Put, Path + "/web", Entry("web"))).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Many_that_come_at_once_are_each_answered_for_themselves()
    {
        await using var host = await FileHost.StartAsync(File);

        var answers = await Task.WhenAll(Enumerable.Range(0, 300).SelectMany(number => new[]
        {
            host.SendAsync(HttpMethod.Post, Path, Entry($"r{number:000}")),
            host.SendAsync(HttpMethod.Post, Path, number % 3 == 0 ? Entry($"r{number:000}") : number % 3 == 1 ? Entry("of-file") : Entry($"x{number}", "gopher://nowhere")),
        }));

        answers.GroupBy(answer => answer.Status).ToDictionary(group => group.Key, group => group.Count()).ShouldBe(new Dictionary<int, int> { [201] = 300, [409] = 200, [422] = 100 }, ignoreOrder: true);
        host.Names.ShouldBe(["of-file", .. Enumerable.Range(0, 300).Select(number => $"r{number:000}")]);
        (await Task.WhenAll(Enumerable.Range(0, 300).Select(number => host.SendAsync(HttpMethod.Delete, $"{Path}/r{number:000}")))).ShouldAllBe(answer => answer.Status == 204);
        host.Names.ShouldBe(["of-file"]);
    }

    [Fact]
    public async Task One_that_cannot_be_stored_does_not_keep_those_out_that_came_with_it()
    {
        await using var host = await FileHost.StartAsync(File);
        await using (var database = new SqliteConnection($"Data Source={host.Database}"))
        {
            await database.OpenAsync(TestContext.Current.CancellationToken);
            await database.ExecuteAsync("CREATE TRIGGER refuse BEFORE INSERT ON repository_states WHEN NEW.name = 'r7' BEGIN SELECT RAISE(ABORT, 'not this one'); END");
        }

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(number => host.SendAsync(HttpMethod.Post, Path, Entry($"r{number}"))));

        answers.Select((answer, number) => (answer.Status, number)).Where(one => one.Status != 201).ShouldBe([(503, 7)]);
        host.Names.Count.ShouldBe(20);
    }

    [Fact]
    public async Task What_stands_in_the_file_is_changed_there()
    {
        await using var host = await FileHost.StartAsync(File);

        (await host.SendAsync(HttpMethod.Delete, Path + "/of-file")).Status.ShouldBe(409);
        (await host.SendAsync(HttpMethod.Put, Path + "/of-file", Entry("of-file"))).Status.ShouldBe(409);
        (await host.SendAsync(HttpMethod.Post, Path, Entry("of-file"))).Status.ShouldBe(409);

        await host.SendAsync(HttpMethod.Post, Path, Entry("web"));
        host.Write(File.Replace("of-file", "web", StringComparison.Ordinal));
        await host.ReloadAsync();
        (await host.SendAsync(HttpMethod.Get, Path + "/web")).Json.GetProperty("source").GetString().ShouldBe("file");
    }

    [Fact]
    public async Task It_is_watched_again_after_a_restart_and_beside_another_file()
    {
        await using var host = await FileHost.StartAsync(File);
        await host.SendAsync(HttpMethod.Post, Path, Entry("web"));

        await host.StopAsync();
        await host.StartAsync();
        host.Names.ShouldBe(["of-file", "web"]);

        host.Write(File.Replace("of-file", "changed", StringComparison.Ordinal));
        await host.ReloadAsync();
        host.Names.ShouldBe(["changed", "web"]);
    }

    [Fact]
    public async Task An_entry_that_no_longer_fits_the_file_stays_with_an_error_until_it_fits_again()
    {
        await using var host = await FileHost.StartAsync(File);
        await host.SendAsync(HttpMethod.Post, Path, new { name = "web", url = "http://127.0.0.1:1/x.git", triggers = new[] { "hook" } });

        host.Write(File.Replace("name: hook", "name: other", StringComparison.Ordinal));
        await host.ReloadAsync();
        host.Names.ShouldBe(["of-file"]);
        var (_, view) = await host.SendAsync(HttpMethod.Get, Path + "/web");
        view.GetProperty("status").GetString().ShouldBe("error");
        view.GetProperty("error").GetString()!.ShouldContain("hook");

        host.Write(File);
        await host.ReloadAsync();
        host.Names.ShouldBe(["of-file", "web"]);
    }

    [Theory]
    [InlineData("""{"name":"x"}""", 422, "url")]
    [InlineData("""{"url":"https://git.example/x"}""", 400, "name must be given")]
    [InlineData("""{"name":"x","url":"https://git.example/x","frob":1}""", 422, "unknown key")]
    [InlineData("""{"name":"x","url":"https://git.example/x","token":"t"}""", 422, "set security.master_key")]
    [InlineData("""{"name":"x","url":"https://git.example/x","api_base_url":"https://evil.example"}""", 422, "configuration file only")]
    [InlineData("""{"name":"x","url":"file:///etc"}""", 422, "not taken through the API")]
    [InlineData("""{"name":"x","url":"ssh://git@git.example/x"}""", 422, "not taken through the API")]
    [InlineData("""{"name":"x","url":"https://${HOME_TOKEN}/x"}""", 422, "may not be used")]
    [InlineData("""{"name":"x","url":"https://git.example/x","triggers":["none"]}""", 422, "no trigger named")]
    [InlineData("""{"name":"x","name":"y","url":"https://git.example/x"}""", 400, "no key twice")]
    [InlineData("""[1]""", 400, "must be a JSON object")]
    [InlineData("""{"name":""", 400, "line 1")]
    public async Task What_cannot_be_used_is_refused_with_its_reason(string body, int status, string reason)
    {
        await using var host = await FileHost.StartAsync(File);

        var (answered, problem) = await host.SendJsonAsync(HttpMethod.Post, Path, body);

        answered.ShouldBe(status);
        problem.GetRawText().ShouldContain(reason);
        host.Names.ShouldBe(["of-file"]);
    }

    [Theory]
    [InlineData("POST", "/api/v1/nothing", 404, "not-found")]
    [InlineData("GET", "/nothing", 404, "not-found")]
    [InlineData("PATCH", "/api/v1/repositories", 405, "method-not-allowed")]
    [InlineData("POST", "/api/v1/repositories", 415, "unsupported-media-type")]
    public async Task What_nobody_answers_has_a_stable_type_too(string method, string path, int status, string type)
    {
        await using var host = await FileHost.StartAsync(File);

        var (answered, problem) = await host.SendAsync(new HttpMethod(method), path);

        answered.ShouldBe(status);
        problem.GetProperty("type").GetString().ShouldBe("https://reposentry.dev/problems/" + type);
        problem.GetProperty("detail").GetString().ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public async Task Without_a_provider_of_the_file_only_public_addresses_are_reached()
    {
        await using var host = await FileHost.StartAsync(File);

        (await host.SendAsync(HttpMethod.Post, Path, Entry("web", "http://127.0.0.1:2/x.git"))).Status.ShouldBe(201);

        await RunningHost.UntilAsync(async () =>
            (await host.SendAsync(HttpMethod.Get, Path + "/web")).Json.GetProperty("error").GetString() is { } error && error.Contains("no public address", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_pause_holds_over_a_restart_and_ends_when_it_is_resumed()
    {
        await using var host = await FileHost.StartAsync(File);
        (await host.SendAsync(HttpMethod.Post, Path + "/of-file/pause")).Status.ShouldBe(202);
        (await host.SendAsync(HttpMethod.Post, Path + "/none/pause")).Status.ShouldBe(404);

        await host.StopAsync();
        await host.StartAsync();
        host.Polling.Repositories["of-file"].IsWatched.ShouldBeFalse();
        (await host.SendAsync(HttpMethod.Get, Path + "/of-file")).Json.GetProperty("status").GetString().ShouldBe("paused");
        (await host.SendAsync(HttpMethod.Post, Path + "/of-file/poll")).Status.ShouldBe(409);

        await host.SendAsync(HttpMethod.Post, Path + "/of-file/resume");
        await RunningHost.UntilAsync(async () => (await host.SendAsync(HttpMethod.Get, Path + "/of-file")).Json.GetProperty("status").GetString() == "error"); // looked at again, where nothing answers
    }
}
