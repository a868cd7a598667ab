using RepoSentry.Dashboard.Pages;
using RepoSentry.Tests.Api;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Dashboard;

/// <summary>What the words of a search of events mean, alone and beside each other.</summary>
public sealed class EventSearchTests
{
    [Theory]
    [InlineData("repo:r001", "status:failed", "repo:r001 status:failed")]
    [InlineData("repo:r001 status:pending since:2h", "status:failed", "repo:r001 since:2h status:failed")]
    [InlineData("status:failed repo:\"team a/b\"", "status:failed", "repo:\"team a/b\"")]
    [InlineData("", "since:1h", "since:1h")]
    [InlineData("since:1h", "since:1h", "")]
    [InlineData("repo:\"open", "since:1h", "since:1h")]
    public void A_filter_is_set_beside_what_is_searched_for(string text, string word, string becomes) => EventSearch.Parse(text, Build.Noon).Toggle(word).ShouldBe(becomes);

    [Theory]
    [InlineData("web", "web", null, null)]
    [InlineData("repo:web deadbeef", "web", null, "deadbeef")]
    [InlineData("branch:main commit:deadbeef0", null, "main", "deadbeef0")]
    [InlineData(@"ref:rtl/\u202Egnp.exe", null, "rtl/\u202Egnp.exe", null)]
    public void Words_stand_beside_each_other(string text, string? repository, string? name, string? commit)
    {
        var search = EventSearch.Parse(text, Build.Noon);
        search.Problem.ShouldBeNull();
        (search.Repository, search.Ref, search.Commit).ShouldBe((repository, name, commit));
    }

    [Theory]
    [InlineData("repo:a repo:b", "search.twice")]
    [InlineData("web repo:b", "search.twice")]
    [InlineData("since:banana", "search.time")]
    [InlineData("until:banana", "search.time")]
    [InlineData("status:lost", "search.status")]
    [InlineData("type:lost", "search.type")]
    [InlineData("repo:", "search.nothing")]
    [InlineData("nope:1", "search.unknown")]
    [InlineData("repo:\"\"", "search.nothing")]
    [InlineData("repo:\"a b", "search.quote")]
    [InlineData("repo:\"a b\"c", "search.quote")]
    [InlineData("repo:\"a b\" repo:c", "search.twice")]
    public void What_cannot_be_searched_for_says_why(string text, string problem) => EventSearch.Parse(text, Build.Noon).Problem!.Value.Key.ShouldBe(problem);

    [Theory]
    [InlineData("repo:\"team a/we ird\" ref:main", "team a/we ird", "main")]
    [InlineData("\"team a/we ird\"", "team a/we ird", null)]
    [InlineData("\"deadbeef\"", "deadbeef", null)]
    [InlineData("\"a: b\"", "a: b", null)]
    [InlineData("repo:\"say \"\"hi\"\"\"", "say \"hi\"", null)]
    [InlineData("repo:\"say \\\"hi\\\" \\\\\"", "say \"hi\" \\", null)]
    [InlineData("repo:we\"ird ref:\"x y\"", "we\"ird", "x y")]
    [InlineData("ref:\"a \\u202Eb\"", null, "a \u202Eb")]
    public void What_has_blanks_stands_between_quotes(string text, string? repository, string? name)
    {
        var search = EventSearch.Parse(text, Build.Noon);
        search.Problem.ShouldBeNull();
        (search.Repository, search.Ref, search.Commit).ShouldBe((repository, name, null));
    }

    [Theory]
    [InlineData("web")]
    [InlineData("team a/we ird")]
    [InlineData("\"quoted\"")]
    [InlineData("we\"ird")]
    [InlineData("a \"b\" \\")]
    [InlineData("a\\b")]
    [InlineData("a:b c:d")]
    public void What_is_written_is_read_as_the_same(string name)
    {
        var search = EventSearch.Parse(EventSearch.Write("repo", name) + " since:2h", Build.Noon);
        search.Problem.ShouldBeNull();
        search.Repository.ShouldBe(name);
    }

    [Fact]
    public async Task The_link_of_a_repository_whose_name_has_blanks_finds_its_events()
    {
        await using var host = await RunningHost.StartAsync(config => config with { Repositories = [.. config.Repositories, config.Repositories[0] with { Name = "team a/we ird" }] });
        await host.RecordAsync(1, "team a/we ird");
        var id = (await host.JsonAsync("/api/v1/events")).GetProperty("items")[0].GetProperty("id").GetString();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        var link = (await surfer.GetAsync("/repositories/team%20a%2Fwe%20ird")).Html.Split("<a href=\"/events?q=")[1].Split('"')[0];
        var html = (await surfer.GetAsync("/events?q=" + link)).Html;
        html.ShouldContain($"/events/{id}");
        html.ShouldNotContain("stands there twice");
    }

    [Theory]
    [InlineData("since:2h", "2026-")]
    [InlineData("since:2026-11-24T12:00:00Z", "2026-11-24T12:00:00Z")]
    public void Times_are_spans_or_moments(string text, string expected)
    {
        EventSearch.Parse(text, Build.Noon).Since!.ShouldStartWith(expected);
        EventSearch.Parse(text.Replace("since", "until", StringComparison.Ordinal), Build.Noon).Until!.ShouldStartWith(expected);
    }

    [Fact]
    public async Task A_commit_beside_a_repository_is_of_that_repository()
    {
        await using var host = await RunningHost.StartAsync();
        await host.RecordAsync(1);
        var item = (await host.JsonAsync("/api/v1/events")).GetProperty("items")[0];
        var (id, commit) = (item.GetProperty("id").GetString(), item.GetProperty("commit_sha").GetString());
        using var surfer = new Surfer(host.Http.BaseAddress!);
        foreach (var (words, found) in new[] { ("", true), ("repo:web ", true), ("ref:b1 ", true), ("since:1h ", true), ("repo:none ", false), ("ref:b2 ", false), ("status:failed ", false), ("until:1h ", false) })
        {
            (await surfer.GetAsync("/events?q=" + Uri.EscapeDataString(words + commit))).Html.Contains($"/events/{id}", StringComparison.Ordinal).ShouldBe(found, words);
        }
    }
}
