using Microsoft.Extensions.DependencyInjection;
using RepoSentry.Polling;
using RepoSentry.Tests.Api;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Dashboard;

/// <summary>What forms do: the same as the API, with the same row in the audit log.</summary>
public sealed class FormTests
{
    [Theory]
    [InlineData("/repositories/web/poll", "/repositories/web?said=poll", "repository.poll", "web")]
    [InlineData("/repositories/group%2Fapi/pause", "/repositories/group%2Fapi?said=pause", "repository.pause", "group/api")]
    [InlineData("/repositories/web/resume", "/repositories/web?said=resume", "repository.resume", "web")]
    [InlineData("/triggers/tekton/pause", "/triggers/tekton?said=trigger-paused", "trigger.pause", "tekton")]
    [InlineData("/triggers/tekton/resume", "/triggers/tekton?said=trigger-resumed", "trigger.resume", "tekton")]
    public async Task A_form_leads_back_with_a_word_about_it(string path, string back, string action, string about)
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        var (status, _, location) = await surfer.PostAsync(path, proof: false);
        (status, location).ShouldBe((303, back));
        (await surfer.GetAsync(back)).Html.ShouldContain("class=\"flash\"");
        (await surfer.GetAsync(back)).Html.ShouldNotContain("class=\"flash\"", customMessage: "it was said once, and a link that says so says nothing");
        (await surfer.GetAsync(back.Split('?')[0] + "?said=<b>no</b>")).Html.ShouldNotContain("class=\"flash\"");
        var row = (await host.JsonAsync("/api/v1/audit")).GetProperty("items")[0];
        (row.GetProperty("action").GetString(), row.GetProperty("object").GetString(), row.GetProperty("outcome").GetString(), row.GetProperty("actor").GetString()).ShouldBe((action, about, "done", "local"));
    }

    [Fact]
    public async Task A_trigger_is_paused_when_its_page_says_so()
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        foreach (var (order, state) in new[] { ("pause", "paused"), ("resume", "running"), ("pause", "paused") })
        {
            await surfer.PostAsync("/triggers/tekton/" + order, proof: false);
            (await host.JsonAsync("/api/v1/triggers")).GetProperty("items")[0].GetProperty("state").GetString().ShouldBe(state);
        }
    }

    [Fact]
    public async Task What_cannot_be_done_is_told_and_stands_as_failed()
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        var (status, html, _) = await surfer.PostAsync("/repositories/web/release", proof: false);
        status.ShouldBe(409);
        html.ShouldContain("Nothing of web is held");
        (await host.JsonAsync("/api/v1/audit")).GetProperty("items")[0].GetProperty("outcome").GetString().ShouldBe("failed");
    }

    [Fact]
    public async Task A_token_that_is_not_made_is_told_beside_what_was_written()
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        var (status, html, _) = await surfer.PostAsync("/settings/tokens", proof: false, ("name", "ci b?"), ("role", "operator"), ("expires", "90d"));
        status.ShouldBe(400);
        html.ShouldContain("id=\"token-problem\"");
        var form = html[html.IndexOf("token-problem", StringComparison.Ordinal)..];
        form.ShouldContain("value=\"ci b?\"");
        form.ShouldContain("<option value=\"operator\" selected");
        form.ShouldContain("value=\"90d\"");
        (await surfer.GetAsync("/settings")).Html.ShouldNotContain("token-problem");
    }

    [Theory]
    [InlineData("ci", "soon", 400, "Expires in: soon is no time span to come. Write a number and its unit, such as 90d", "有效期：soon 不是有效的时长。请写数字和单位，如 90d")]
    [InlineData("ci", "0s", 400, "Expires in: 0s is no time span to come", "有效期：0s")]
    [InlineData("c i", "soon", 400, "Name: a name such as ci-deploy", "名称：如 ci-deploy")]
    [InlineData("taken", "90d", 409, "Name: a token taken is in use.", "名称：令牌 taken 正在使用")]
    public async Task A_token_that_is_not_made_is_told_in_the_words_of_the_form(string name, string expires, int expected, string english, string chinese)
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        await surfer.PostAsync("/settings/tokens", proof: false, ("name", "taken"), ("role", "viewer"));
        foreach (var (language, text) in new[] { ("en", english), ("zh-CN", chinese) })
        {
            await surfer.PostAsync("/preferences", proof: false, ("language", language));
            var (status, html, _) = await surfer.PostAsync("/settings/tokens", proof: false, ("name", name), ("role", "viewer"), ("expires", expires));
            status.ShouldBe(expected);
            html.ShouldContain($"<span>{text}");
            html.ShouldNotContain("expires_at");
        }

        (await surfer.PostAsync("/settings/tokens", proof: false, ("name", "short"), ("role", "viewer"), ("expires", "12h"))).Status.ShouldBe(200, "the example works");
    }

    [Fact]
    public async Task A_time_that_is_none_is_told_beside_the_field()
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        foreach (var (language, text) in new[] { ("en", "xx is no time: write a span that ends now, such as 2h, or a time such as 2026-11-24T12:00:00Z."), ("zh-CN", "xx 不是时间") })
        {
            await surfer.PostAsync("/preferences", proof: false, ("language", language));
            var (status, html, _) = await surfer.PostAsync($"/triggers/{RunningHost.TriggerName}/recover", proof: false, ("since", "xx"));
            status.ShouldBe(400);
            html.ShouldContain(text);
            html.ShouldContain("name=\"since\" value=\"xx\"");
        }
    }

    [Fact]
    public async Task A_cursor_that_is_none_is_told_where_tokens_are_listed()
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        (await surfer.GetAsync("/settings?cursor=none")).Status.ShouldBe(400);
    }

    [Fact]
    public async Task Several_are_paused_at_once_and_each_stands_in_the_audit_log()
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        (await surfer.PostAsync("/repositories?status=paused", proof: false, ("do", "pause"), ("name", "web"), ("name", "group/api"))).Html.ShouldContain("Pause: done for 2 of 2");
        var polling = host.Services.GetRequiredService<PollWorker>();
        await RunningHost.UntilAsync(() => Task.FromResult(polling.Repositories.Values.All(repository => repository.Paused)));
        var rows = (await host.JsonAsync("/api/v1/audit?action=repository.pause")).GetProperty("items");
        rows.EnumerateArray().Select(row => row.GetProperty("object").GetString()).ShouldBe(["group/api", "web"]);
        (await surfer.PostAsync("/repositories", proof: false, ("do", "pause"))).Status.ShouldBe(400);
    }

    [Fact]
    public async Task What_was_not_done_for_some_of_several_is_told_with_its_reason()
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        await surfer.PostAsync("/repositories", proof: false, ("do", "pause"), ("name", "web"));
        var polling = host.Services.GetRequiredService<PollWorker>();
        await RunningHost.UntilAsync(() => Task.FromResult(polling.Repositories["web"].Paused));
        var (status, html, _) = await surfer.PostAsync("/repositories", proof: false, ("do", "poll"), ("name", "web"), ("name", "group/api"), ("name", "gone"));
        status.ShouldBe(200);
        html.ShouldContain("Poll now: done for 1 of 3");
        html.ShouldContain("web is paused: resume it.");
        html.ShouldContain("There is no repository gone.");

        var many = Enumerable.Range(0, 101).Select(number => ("name", $"r{number}")).Prepend(("do", "pause")).ToArray();
        (status, html, _) = await surfer.PostAsync("/repositories", proof: false, many);
        status.ShouldBe(400);
        html.ShouldContain("101 were chosen, and nothing was done");
    }

    [Fact]
    public async Task What_the_configuration_switches_off_no_operator_resumes()
    {
        await using var host = await RunningHost.StartAsync(config => config with { Repositories = [.. config.Repositories, config.Repositories[0] with { Name = "off", Enabled = false }] });
        using var surfer = new Surfer(host.Http.BaseAddress!);
        const string Reason = "off stays paused: enabled is false in the configuration: set it to true there";
        using var refused = await host.Http.PostAsync(new Uri("/api/v1/repositories/off/resume", UriKind.Relative), null, TestContext.Current.CancellationToken);
        ((int)refused.StatusCode).ShouldBe(409);
        (await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain(Reason);

        var (status, html, _) = await surfer.PostAsync("/repositories/off/resume", proof: false);
        status.ShouldBe(409);
        html.ShouldContain(Reason);
        html = (await surfer.PostAsync("/repositories", proof: false, ("do", "resume"), ("name", "web"), ("name", "off"))).Html;
        html.ShouldContain("Resume: done for 1 of 2");
        html.ShouldContain(Reason);

        html = (await surfer.GetAsync("/repositories/off")).Html;
        html.ShouldNotContain("/repositories/off/resume");
        html.ShouldContain("Its entry says <code>enabled: false</code>");
        (await host.JsonAsync("/api/v1/repositories/off")).GetProperty("status").GetString().ShouldBe("paused");
        (await host.JsonAsync("/api/v1/repositories/off/explain")).GetProperty("status").GetString().ShouldBe("paused");
    }

    [Fact]
    public async Task A_page_that_answers_a_form_stands_where_the_form_stood()
    {
        await using var host = await RunningHost.StartAsync();
        var page = $"/triggers/{RunningHost.TriggerName}";
        using var surfer = new Surfer(host.Http.BaseAddress!) { From = page + "?status=waiting" };
        (await surfer.PostAsync(page + "/recover", proof: false, ("since", "2h"))).Html.ShouldContain($"data-at=\"{page}?status=waiting\"");
        (await surfer.GetAsync(page)).Html.ShouldNotContain("data-at");
        using var stranger = new Surfer(host.Http.BaseAddress!) { From = "//evil.example/" };
        (await stranger.PostAsync(page + "/recover", proof: false)).Html.ShouldContain("data-at=\"/\"");
    }

    [Theory]
    [InlineData("/preferences", "theme=%00")]
    [InlineData("/repositories", "do=poll&name=%00web")]
    [InlineData("/settings/tokens", "name=%00")]
    [InlineData("/rules", "refs=%00")]
    public async Task A_form_that_cannot_be_read_is_refused_on_a_page(string path, string form)
    {
        await using var host = await RunningHost.StartAsync();
        using var body = new StringContent(form, null, "application/x-www-form-urlencoded");
        using var response = await host.Http.PostAsync(new Uri(path, UriKind.Relative), body, TestContext.Current.CancellationToken);
        ((int)response.StatusCode).ShouldBe(400);
        (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("role=\"alert\"");
        (await host.JsonAsync("/api/v1/audit")).GetProperty("items").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task What_is_no_form_at_all_does_nothing()
    {
        await using var host = await RunningHost.StartAsync();
        foreach (var path in new[] { "/preferences", "/repositories", "/settings/tokens" })
        {
            using var response = await host.Http.PostAsync(new Uri(path, UriKind.Relative), null, TestContext.Current.CancellationToken);
            ((int)response.StatusCode).ShouldBeInRange(200, 400, path);
        }
    }

    [Fact]
    public async Task A_form_leads_also_to_a_page_whose_address_is_not_in_ascii()
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        (await surfer.PostAsync("/preferences", proof: false, ("theme", "dark"), ("next", "/events?q=ref:主"))).Location.ShouldBe("/events?q=ref:%E4%B8%BB");
    }

    [Fact]
    public async Task More_refs_than_an_address_holds_are_tested_and_what_is_left_out_is_told()
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        (await surfer.PostAsync("/rules", proof: false, ("repository", "web"), ("refs", "main\r\nv1"))).Location.ShouldBe("/rules?repository=web&refs=main%0Av1");
        var refs = string.Join('\n', Enumerable.Range(0, 2000).Select(number => $"feature/{number:0000}"));
        var (status, html, _) = await surfer.PostAsync("/rules", proof: false, ("repository", "web"), ("refs", refs));
        status.ShouldBe(200);
        html.ShouldContain("These are the first 100 of 2,000 refs.");
        html.ShouldContain("feature/1999", customMessage: "the box keeps what was pasted");
    }

    [Fact]
    public async Task An_event_is_replayed_and_a_token_is_made_shown_once_and_revoked()
    {
        await using var host = await RunningHost.StartAsync();
        await host.RecordAsync(1);
        using var surfer = new Surfer(host.Http.BaseAddress!);
        var id = (await host.JsonAsync("/api/v1/events")).GetProperty("items")[0].GetProperty("id").GetString();
        (await surfer.PostAsync($"/events/{id}/replay", proof: false, ("trigger", RunningHost.TriggerName))).Location.ShouldBe($"/events/{id}?said=replayed");
        (await host.JsonAsync($"/api/v1/events/{id}")).GetProperty("deliveries").GetArrayLength().ShouldBe(1);

        var (status, html, _) = await surfer.PostAsync("/settings/tokens", proof: false, ("name", "ci"), ("role", "viewer"), ("expires", "90d"));
        status.ShouldBe(200);
        html.ShouldContain("rst_");
        (await surfer.GetAsync("/settings")).Html.ShouldNotContain("It is shown now");
        (await surfer.PostAsync("/settings/tokens", proof: false, ("name", "ci"), ("role", "viewer"))).Status.ShouldBe(409);
        (await surfer.PostAsync("/settings/tokens/ci/revoke", proof: false)).Location.ShouldBe("/settings?said=revoked");
        (await host.JsonAsync("/api/v1/tokens")).GetProperty("items").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task Recovering_counts_first()
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        (await surfer.PostAsync($"/triggers/{RunningHost.TriggerName}/recover", proof: false, ("since", "2h"))).Html.ShouldContain("0 dead letters would be tried again");
    }

    [Fact]
    public async Task Language_and_theme_are_kept()
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        (await surfer.PostAsync("/preferences", proof: false, ("language", "zh-CN"), ("theme", "dark"), ("next", "/budget"))).Location.ShouldBe("/budget");
        (await surfer.GetAsync("/budget", "en")).Html.ShouldContain("<html lang=\"zh-CN\" data-theme=\"dark\"");
    }

    [Fact]
    public async Task Scripts_and_styles_are_small_packed_and_kept_for_ever()
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        var html = (await surfer.GetAsync("/")).Html;
        var total = 0L;
        foreach (var address in System.Text.RegularExpressions.Regex.Matches(html, "/assets/[0-9a-f]+/[a-z.]+", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)).Select(match => match.Value).Distinct())
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address, UriKind.Relative));
            request.Headers.Add("Accept-Encoding", "gzip");
            using var response = await host.Http.SendAsync(request, TestContext.Current.CancellationToken);
            response.EnsureSuccessStatusCode();
            response.Headers.CacheControl!.ToString().ShouldContain("immutable");
            response.Content.Headers.ContentEncoding.ShouldBe(["gzip"]);
            total += response.Content.Headers.ContentLength!.Value;
        }

        total.ShouldBeInRange(1_000, 120 * 1024);
        (await surfer.GetAsync("/assets/000000000000/app.css")).Status.ShouldBe(404);
    }
}
