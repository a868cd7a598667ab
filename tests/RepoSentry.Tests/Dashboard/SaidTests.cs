using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.RegularExpressions;
using RepoSentry.Abstractions;
using RepoSentry.Api;
using RepoSentry.Configuration;
using RepoSentry.Dashboard.Texts;
using RepoSentry.Delivery.Triggers;
using RepoSentry.Events;
using RepoSentry.Polling;
using RepoSentry.Providers.PlainGit;
using RepoSentry.Storage;
using RepoSentry.Tests.Configuration;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;
using Problems = RepoSentry.Api.Problems;

namespace RepoSentry.Tests.Dashboard;

/// <summary>Sentences that the product's own objects make, as a Chinese page says them.</summary>
public sealed partial class SaidTests
{
    private static readonly PlainGitOptions Git = new() { Provider = "git", Ssh = null };

    [Fact]
    public void Deletions_that_are_held_and_loops_and_waits()
    {
        var held = new HeldDrop(RefKind.Branch, ["refs/heads/a", "refs/heads/b"], 3, 1, Build.Noon, Build.Noon).Explain("web");
        Said(held).ShouldBe("3 个分支中有 2 个自 2026-11-24 12:00Z 起不见了：其删除已被扣留，直到十分钟内三次查看结果相同，或执行 `reposentry repo release web`");
        foreach (var isStopped in new[] { true, false })
        {
            var loop = new LoopGuard().Note("refs/heads/main", "ci bot; <ci@example>", 10, Build.Noon, isStopped)!;
            Said(loop).ShouldContain("在 30 分钟内被 ci bot; <ci@example> 更改 10 次");
            Said($"{held}; {loop}").ShouldBe(Said(held) + "；" + Said(loop));
        }

        Said(new CredentialWait("github", TimeSpan.FromSeconds(95), "https://api.github.com/x answered 429: GitHub's rate limit for provider \"github\" is reached").ToString())
            .ShouldBe("凭据 github 还需等待 1m35s（https://api.github.com/x 应答 429：平台 \"github\" 已达到 GitHub 的速率限制）");
    }

    [Fact]
    public void Budgets_of_every_way_of_looking()
    {
        var polling = new PollingConfig { Strategy = "adaptive", Interval = TimeSpan.FromSeconds(60), MinInterval = TimeSpan.FromSeconds(10), MaxInterval = TimeSpan.FromHours(1), Surplus = 1 };
        var github = new ProviderConfig { Name = "github", Type = "github", Token = new Secret("secret"), RequestsPerHour = 5000 };
        var corp = new ProviderConfig { Name = "corp", Type = "gitlab", RequestsPerHour = 36_000 };
        foreach (var (provider, count, own) in new[] { (github, 400, false), (github, 1000, false), (github, 10_000, false), (github with { RequestsPerHour = 500 }, 100_000, false), (github, 1000, true), (github, 10, true), (corp, 3000, false), (corp, 100_000, false) })
        {
            RepositoryConfig[] fleet = [.. Enumerable.Range(0, count).Select(number => Build.Repository($"r{number}") with { Url = new Uri($"https://github.com/org{number % 100}/r{number}"), Provider = provider.Name, ProviderType = provider.Type, Branches = ["main"], Tags = [], PollingInterval = own ? TimeSpan.FromSeconds(10) : null })];
            Said(LookBudget.Of(provider, fleet, polling).Explain(provider.Name));
        }
    }

    [Fact]
    public void What_rules_keep_back()
    {
        var head = new CommitInfo { Id = Build.Commit('2'), Message = "fix; looks fail (3 in a row) [skip ci]", Timestamp = Build.Noon, Author = new PersonInfo("CI; Bot", "ci@example"), Committer = new PersonInfo("CI; Bot", "ci@example"), Added = [], Modified = [], Removed = [] };
        var change = Build.Event() with { Commits = [head] };
        Said(new ChangeRules(Build.Repository() with { SkipMessages = ["[skip ci]"] }).Judge(change, null)!.Reason).ShouldBe("222222222222 的提交说明含有 \"[skip ci]\"");
        Said(new ChangeRules(Build.Repository() with { IgnoreAuthors = ["ci*"] }).Judge(change, null)!.Reason).ShouldBe("222222222222 的作者是 CI; Bot，符合 \"ci*\"");
        Said(new ChangeRules(Build.Repository() with { Paths = ["src/**"] }).Judge(change, ["docs/looks fail (3 in a row); refused", "b"])!.Reason, free: true).ShouldBe("2 个变化的文件都不匹配 src/**：docs/looks fail (3 in a row); refused, …");
        Said(new ChangeRules(Build.Repository() with { Paths = ["src/**"] }).Judge(change, [])!.Reason).ShouldBe("没有文件变化");
        foreach (var rule in ExplainedRule.Of(Build.Repository() with { Paths = ["src/**"], SkipMessages = ["x"], IgnoreAuthors = ["y"], LoopGuard = "warn" }, []))
        {
            Said(rule.Says).ShouldBe("尚无变化");
        }
    }

    [Fact]
    public void Connections_that_fail_at_forges_and_receivers()
    {
        var url = new Uri("https://git.example:8443/a");
        foreach (var (error, inner) in new (HttpRequestError, Exception?)[]
        {
            (HttpRequestError.NameResolutionError, new SocketException((int)SocketError.HostNotFound)), (HttpRequestError.ConnectionError, new SocketException((int)SocketError.ConnectionRefused)), (HttpRequestError.ConnectionError, new SocketException((int)SocketError.TimedOut)),
            (HttpRequestError.SecureConnectionError, new AuthenticationException("UntrustedRoot")), (HttpRequestError.SecureConnectionError, null), (HttpRequestError.ResponseEnded, null), (HttpRequestError.ConfigurationLimitExceeded, null),
            (HttpRequestError.InvalidResponse, null), (HttpRequestError.ProxyTunnelError, null), (HttpRequestError.Unknown, null),
        })
        {
            var failure = new HttpRequestException(error, "Connection refused (git.example:8443)", inner);
            Said(PlainGitErrors.FromConnection(failure, url).Message).ShouldContain("git.example");
            Said(HttpOutcome.Explain(failure));
        }
    }

    [Theory]
    [InlineData("Host key verification failed.")]
    [InlineData("Permission denied (publickey).")]
    [InlineData("bad permissions")]
    [InlineData("ERROR: Repository not found.")]
    [InlineData("Connection refused")]
    [InlineData("fatal: the server fails; looks fail (3 in a row)")]
    public void Complaints_of_git(string complaint)
    {
        var said = Said(GitChildErrors.From(complaint, new Uri("ssh://git@forge.test/acme/web"), Git).Message, free: complaint.StartsWith("fatal", StringComparison.Ordinal));
        said.ShouldStartWith(complaint.StartsWith("fatal", StringComparison.Ordinal) ? "git 无法读取 ssh://forge.test/acme/web：fatal: the server fails; looks fail (3 in a row)" : "ssh://forge.test/acme/web（平台 \"git\"）：");
    }

    [Fact]
    public void What_tekton_made_of_it()
    {
        var accepted = new DeliveryView { Id = 7, ReceiptId = "r-1", FinishedAt = Build.Noon };
        Said(TektonOutcome.Of(accepted, false, [], Build.Noon).Summary);
        Said(TektonOutcome.Of(accepted, true, [], Build.Noon.AddHours(1)).Summary);
        var listener = new TektonStatement { ReceiptId = "r-1", Kind = "EventListener", State = "created" };
        Said(TektonOutcome.Of(accepted, true, [listener], Build.Noon).Summary);
        Said(TektonOutcome.Of(accepted, true, [listener with { State = "failed" }], Build.Noon).Summary).ShouldBe("EventListener 失败：未说明原因");
        Said(TektonOutcome.Of(accepted, true, [listener with { State = "failed", Message = "refused; the server fails" }], Build.Noon).Summary, free: true).ShouldBe("EventListener 失败：refused; the server fails");
    }

    [Fact]
    public void What_is_wrong_in_a_file_that_was_read_again_and_what_to_do()
    {
        var errors = ConfigOf.Load("""
            polling: { interval: 90, max_interval: 5s, colour: blue }
            api: { listen: 127.0.0.1:1 }
            repositories:
              - name: web
                url: "ftp://host/a"
                branches: [main/]
              - name: other
                url: https://user:pass@host/a
                triggers: [nowhere]
                branch_regex: "(?=a)"
              - url: https://host/b
            """).Errors;
        errors.Count.ShouldBeGreaterThan(6);
        foreach (var error in errors)
        {
            Said($"{error}: the configuration before stays in force");
            Said($"{error} (and 3 more): the configuration before stays in force").ShouldContain("另有 3 项");
        }
    }

    [Fact]
    public void What_a_reload_changes()
    {
        var before = ConfigOf.Load("polling: { interval: 60s }\nrepositories: [{ name: web, url: https://host/a }, { name: old, url: https://host/o }]");
        var after = ConfigOf.Load("polling: { interval: 90s }\nrepositories: [{ name: web, url: https://host/b }, { name: new, url: https://host/n }]");
        ConfigDifference.Between(before, after).Changes.Select(change => Said(change)).ShouldBe(["更改仓库 web", "新增仓库 new", "移除仓库 old", "polling.interval 由 60s 改为 90s"], ignoreOrder: true);
    }

    [Fact]
    public void Refusals_of_what_was_asked()
    {
        foreach (var refusal in new[] { Problems.Unauthorized("token ci was revoked"), Problems.UnreadableForm(new Microsoft.AspNetCore.Http.DefaultHttpContext().Request), Problems.NoSessions(), Problems.NoSessionKeys(), Problems.Starting(null), Problems.Misdirected("evil"), Problems.OfStatus(500), Problems.OfStatus(400), RepositoryEndpoints.Missing("web") })
        {
            Said(RepoSentry.Dashboard.Answered.Problem(refusal).Detail);
        }
    }

    /// <summary>In Chinese, without three English words in a row.</summary>
    private static string Said(string english, bool free = false)
    {
        var said = Sentences.Say(english).ShouldNotBeNull(english);
        if (!free)
        {
            English.Match(said.Replace("`reposentry repo release web`", "", StringComparison.Ordinal)).Value.ShouldBeEmpty(said);
        }

        return said;
    }

    [GeneratedRegex(@"\b[a-z]{2,}( [a-z]{1,}){2,}", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex English { get; }
}
