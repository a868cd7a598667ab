using RepoSentry.Tests.Api;
using RepoSentry.Tests.Dashboard;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Hosting;

public sealed class ReloadTests
{
    private const string Hook = "triggers: [{ name: hook, type: webhook, url: \"http://127.0.0.1:1/in\" }]\n";

    private static string Repositories(params string[] names) =>
        "repositories:\n" + string.Concat(names.Select(name => $"  - {{ name: {name}, url: \"http://127.0.0.1:1/{name}.git\", polling_interval: 1h }}\n"));

    [Fact]
    public async Task A_changed_file_is_taken_over_by_itself()
    {
        await using var host = await FileHost.StartAsync(Hook + Repositories("a", "b"), watches: true);

        host.Write(Hook + Repositories("b", "c"));

        await RunningHost.UntilAsync(() => Task.FromResult(host.Names is ["b", "c"] && host.Current.Standing.Changes is ["repository c added", "repository a removed"]));
        (await host.SendAsync(HttpMethod.Get, "/api/v1/repositories/a")).Json.GetProperty("status").GetString().ShouldBe("removed");
    }

    [Theory]
    [InlineData("", "all 2 repositories of the file are gone")]
    [InlineData(Hook, "all 2 repositories of the file are gone")]
    [InlineData("repositories: [{ name: a, url: \"http://127.0.0.1:1/a.git\" }]", "all 1 triggers of the file are gone")]
    public async Task A_file_that_lost_its_end_is_not_taken_over(string rest, string reason)
    {
        await using var host = await FileHost.StartAsync(Hook + Repositories("a", "b"));
        await host.RecordAsync("a", "hook");

        host.Write(rest);
        var (status, answer) = await host.ReloadAsync();

        status.ShouldBe(422);
        answer.GetRawText().ShouldContain(reason);
        host.Names.ShouldBe(["a", "b"]);
        (await host.SendAsync(HttpMethod.Get, "/api/v1/deliveries?status=dead")).Json.GetProperty("items").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task What_fails_unexpectedly_in_the_middle_leaves_the_service_as_it_was_and_the_next_good_file_mends_it()
    {
        await using var host = await FileHost.StartAsync(Hook + Repositories("a"));
        File.WriteAllText(Path.Combine(Path.GetDirectoryName(host.File)!, "broken.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        const string Both = "triggers: [{ name: first, type: webhook, url: \"http://127.0.0.1:1/f\" }, { name: hook, type: webhook, url: \"http://127.0.0.1:1/other\" }, { name: last, type: webhook, url: \"https://127.0.0.1:1/l\"";

        host.Write(Both + ", ca_file: broken.pem }]\n" + Repositories("a", "b"));
        var (status, answer) = await host.ReloadAsync();

        status.ShouldBe(409, answer.GetRawText());
        answer.GetRawText().ShouldContain("could not be applied");
        host.Triggers.All.Select(worker => worker.Name).ShouldBe(["hook"]);
        host.Current.Value.Repositories.Select(repository => repository.Name).ShouldBe(["a"]);
        (await host.SendAsync(HttpMethod.Get, "/readyz")).Json.GetRawText().ShouldContain("could not be applied");

        host.Write(Both + " }]\n" + Repositories("a", "b"));
        (await host.ReloadAsync()).Status.ShouldBe(200);
        host.Triggers.All.Select(worker => worker.Name).ShouldBe(["first", "hook", "last"]);
        host.Names.ShouldBe(["a", "b"]);
        host.Current.Standing.Problem.ShouldBeNull();
    }

    [Fact]
    public async Task A_swapped_symbolic_link_is_a_changed_file()
    {
        await using var host = await FileHost.StartAsync(Hook + Repositories("a"), watches: true);
        var (first, second) = (host.File + ".1", host.File + ".2");
        File.Move(host.File, first);
        File.CreateSymbolicLink(host.File, first);
        File.WriteAllText(second, host.Text(Hook + Repositories("a", "z")));

        File.CreateSymbolicLink(host.File + ".new", second);
        File.Move(host.File + ".new", host.File, overwrite: true);

        await RunningHost.UntilAsync(() => Task.FromResult(host.Names is ["a", "z"]));
    }

    [Fact]
    public async Task What_cannot_be_used_leaves_everything_as_it_was_and_is_told_with_its_place()
    {
        await using var host = await FileHost.StartAsync(Hook + Repositories("a"));
        host.Write(Hook + Repositories("a", "b") + "polling: { interval: often }\n");

        var (status, answer) = await host.ReloadAsync();

        status.ShouldBe(422);
        answer.GetProperty("errors")[0].GetProperty("place").GetString().ShouldStartWith("reposentry.yaml:8:");
        answer.GetRawText().ShouldNotContain(Path.GetDirectoryName(host.File)!);
        host.Names.ShouldBe(["a"]);
        host.Current.Standing.Problem.ShouldNotBeNull().ShouldContain("stays in force");
        (await host.SendAsync(HttpMethod.Get, "/readyz")).Status.ShouldBe(200);

        host.Write(Hook + Repositories("a", "b"));
        await host.ReloadAsync();
        host.Names.ShouldBe(["a", "b"]);
        host.Current.Standing.Problem.ShouldBeNull();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Each_error_is_told_with_its_place_and_hint_on_the_page_too(int wrong)
    {
        await using var host = await FileHost.StartAsync(Hook + Repositories("a"));
        host.Write(Hook + Repositories("a") + $"polling: {{ intervall: 10s{(wrong == 1 ? "" : ", min_intervall: 10s")} }}\n");

        var (_, answer) = await host.ReloadAsync();
        var errors = answer.GetProperty("errors").EnumerateArray().ToList();
        errors.Count.ShouldBe(wrong);
        answer.GetProperty("detail").GetString()!.ShouldStartWith($"{errors[0].GetProperty("place").GetString()}: {errors[0].GetProperty("message").GetString()}");
        using var surfer = new Surfer(host.Server);
        var (status, html, _) = await surfer.PostAsync("/system/reload", proof: false);
        status.ShouldBe(422);
        foreach (var error in errors)
        {
            html.ShouldContain($"<li><code>{error.GetProperty("place").GetString()}</code> <span class=\"said\">{error.GetProperty("message").GetString()}");
            html.ShouldContain($"<span class=\"said cell-note\">{error.GetProperty("hint").GetString()}</span>");
        }
    }

    [Fact]
    public async Task Of_many_errors_twenty_are_shown()
    {
        await using var host = await FileHost.StartAsync(Hook + Repositories("a"));
        host.Write(Hook + "repositories:\n" + string.Concat(Enumerable.Range(0, 25).Select(number => $"  - {{ name: a{number}, url: \"http://127.0.0.1:1/a{number}.git\", wrong: x }}\n")));
        using var surfer = new Surfer(host.Server);
        var html = (await surfer.PostAsync("/system/reload", proof: false)).Html;
        html.Split("<li><code>").Length.ShouldBe(21);
        html.ShouldContain("<p>and 5 more</p>");
    }

    [Fact]
    public async Task The_answer_tells_what_is_different_and_what_needs_a_restart()
    {
        await using var host = await FileHost.StartAsync(Hook + Repositories("a", "b"));
        host.Write(Hook + Repositories("b", "c") + "polling: { interval: 30s }\nstorage: { sqlite: { path: ./other.db } }\n");

        var (status, answer) = await host.ReloadAsync();

        status.ShouldBe(200);
        answer.GetProperty("outcome").GetString().ShouldBe("applied");
        answer.GetProperty("changes").EnumerateArray().Select(item => item.GetString()).ShouldBe(["repository c added", "repository a removed", "polling.interval 1m -> 30s"]);
        answer.GetProperty("need_restart").EnumerateArray().Select(item => item.GetString()).ShouldBe(["storage.sqlite.path"]);
        host.Current.Value.Polling.Interval.ShouldBe(TimeSpan.FromSeconds(30));
        host.Current.Value.Storage.SqlitePath.ShouldNotEndWith("other.db");
        (await host.ReloadAsync()).Json.GetProperty("outcome").GetString().ShouldBe("unchanged");
        var standing = (await host.SendAsync(HttpMethod.Get, "/api/v1/status")).Json.GetProperty("config");
        standing.GetProperty("changes").EnumerateArray().Select(item => item.GetString()).ShouldBe(["repository c added", "repository a removed", "polling.interval 1m -> 30s"], "the last difference stays");
    }

    [Fact]
    public async Task The_same_URL_under_a_new_name_is_the_same_repository()
    {
        await using var host = await FileHost.StartAsync(Hook + Repositories("a"));
        var id = host.Polling.Repositories["a"].Id;

        host.Write(Hook + Repositories("a").Replace("name: a", "name: renamed", StringComparison.Ordinal));
        await host.ReloadAsync();

        host.Polling.Repositories["renamed"].Id.ShouldBe(id);
        await RunningHost.UntilAsync(() => Task.FromResult(host.Polling.Repositories["renamed"].Config.Name == "renamed"));
    }

    [Fact]
    public async Task A_removed_repository_that_returns_goes_on_as_the_one_it_was()
    {
        await using var host = await FileHost.StartAsync(Hook + Repositories("a", "b"));
        var id = host.Polling.Repositories["a"].Id;
        host.Write(Hook + Repositories("b"));
        await host.ReloadAsync();

        host.Write(Hook + Repositories("a", "b"));
        await host.ReloadAsync();

        host.Polling.Repositories["a"].Id.ShouldBe(id);
        (await host.SendAsync(HttpMethod.Get, "/api/v1/repositories/a")).Json.GetProperty("status").GetString().ShouldNotBe("removed");
    }

    [Fact]
    public async Task What_is_owed_to_a_removed_trigger_becomes_a_dead_letter_with_that_reason()
    {
        await using var host = await FileHost.StartAsync(Hook + Repositories("a"));
        await host.RecordAsync("a", "hook");

        host.Write(Hook.Replace("name: hook", "name: other", StringComparison.Ordinal) + Repositories("a"));
        await host.ReloadAsync();

        host.Triggers.All.Select(worker => worker.Name).ShouldBe(["other"]);
        await RunningHost.UntilAsync(async () =>
            (await host.SendAsync(HttpMethod.Get, "/api/v1/deliveries")).Json.GetProperty("items")[0] is var delivery
            && delivery.GetProperty("status").GetString() == "dead" && delivery.GetProperty("last_error").GetString()!.Contains("removed from the configuration", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_event_for_a_trigger_that_left_in_the_meantime_becomes_a_dead_letter_too()
    {
        await using var host = await FileHost.StartAsync(Hook + Repositories("a"));
        host.Write(Hook.Replace("name: hook", "name: other", StringComparison.Ordinal) + Repositories("a"));
        await host.ReloadAsync();

        await host.RecordAsync("a", "hook");

        await RunningHost.UntilAsync(async () => (await host.SendAsync(HttpMethod.Get, "/api/v1/deliveries")).Json.GetProperty("items")[0].GetProperty("status").GetString() == "dead");
    }

    [Fact]
    public async Task A_trigger_with_another_address_sends_there_from_now_on_and_keeps_what_it_owes()
    {
        await using var receiver = await Receivers.StartAsync();
        await using var host = await FileHost.StartAsync(Hook + Repositories("a"));
        await host.RecordAsync("a", "hook");

        host.Write(Hook.Replace("http://127.0.0.1:1/in", receiver.Url, StringComparison.Ordinal) + Repositories("a"));
        (await host.ReloadAsync()).Json.GetProperty("changes")[0].GetString().ShouldBe("trigger hook changed");

        await receiver.Received.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task The_log_level_and_the_rate_limit_hold_from_the_reload_on()
    {
        await using var host = await FileHost.StartAsync(Hook + Repositories("a"));
        var text = await File.ReadAllTextAsync(host.File, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            host.File,
            text.Replace("log_level: error", "log_level: warn", StringComparison.Ordinal).Replace("rate_limit: off", "rate_limit: \"2/h\"", StringComparison.Ordinal),
            TestContext.Current.CancellationToken);

        var (status, answer) = await host.ReloadAsync();

        status.ShouldBe(200);
        answer.GetProperty("need_restart").GetArrayLength().ShouldBe(0);
        answer.GetProperty("changes").EnumerateArray().Select(item => item.GetString()).ShouldBe(["api.rate_limit off -> 2/h", "app.log_level error -> warn"]);
        host.LogLevel.ShouldBe(Serilog.Events.LogEventLevel.Warning);
        (await host.SendAsync(HttpMethod.Get, "/api/v1/status")).Status.ShouldBe(200);
        (await host.SendAsync(HttpMethod.Get, "/api/v1/status")).Status.ShouldBe(200);
        (await host.SendAsync(HttpMethod.Get, "/api/v1/status")).Status.ShouldBe(429);
    }
}
