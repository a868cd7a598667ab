using System.Text.Json.Nodes;
using RepoSentry.Abstractions;
using RepoSentry.Delivery.Payloads;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Contracts;

/// <summary>GitHub's own published webhook schema judges our pushes and pull requests.</summary>
public sealed class GitHubWebhookSchemaTests
{
    private static readonly (string Name, RepositoryInfo Info)[] Repositories =
    [
        ("github.com", new RepositoryInfo("web", new Uri("https://github.com/acme/web"), "github", "main", "186853002", Private: false)),
        ("enterprise", new RepositoryInfo("web", new Uri("https://ghe.corp:8443/acme/web.git"), "github", "main", "R_kgDOLx", Private: true)),
        ("plain https", new RepositoryInfo("web", new Uri("https://git.example/acme/web.git"), "git")),
        ("no owner", new RepositoryInfo("web", new Uri("https://git.example/web.git"), "git")),
        ("subgroup", new RepositoryInfo("web", new Uri("https://gitlab.corp/group/sub/web.git"), "gitlab", "main", "7")),
        ("odd path", new RepositoryInfo("web", new Uri("https://git.example/a b/ü [1].git"), "git")),
        ("ssh", new RepositoryInfo("web", new Uri("ssh://git@git.corp:2222/acme/web.git"), "git")),
        ("file", new RepositoryInfo("web", new Uri("file:///srv/git/web.git"), "git")),
        ("address", new RepositoryInfo("web", new Uri("http://[::1]:8080/acme/web.git"), "git")),
    ];

    private static readonly (string Name, RefChange Change)[] Changes =
    [
        ("created branch", new RefChange(RefKind.Branch, "refs/heads/main", null, Id('2'))),
        ("updated branch", new RefChange(RefKind.Branch, "refs/heads/füße", Id('1'), Id('2'))),
        ("deleted branch", new RefChange(RefKind.Branch, "refs/heads/a%\"b", Id('1'), null)),
        ("created tag", new RefChange(RefKind.Tag, "refs/tags/v1.0", null, Id('2'))),
        ("moved tag", new RefChange(RefKind.Tag, "refs/tags/v1.0", Id('1'), Id('2'))),
        ("deleted tag", new RefChange(RefKind.Tag, "refs/tags/v1.0", Id('1'), null)),
    ];

    [Fact]
    public async Task Every_push_we_render_is_valid_by_the_published_schema()
    {
        var samples = (
            from repository in Repositories
            from change in Changes
            from known in new[] { true, false }
            select ($"{change.Name} on {repository.Name}, commits {(known ? "known" : "unknown")}", Event(repository.Info, change.Change, known))).ToArray();

        var errors = await PublishedSchema.ValidateAsync("webhooks", [.. samples.Select(sample => Line(sample.Item2))]);

        errors.Length.ShouldBe(samples.Length);
        samples.Zip(errors).Where(pair => pair.Second != "[]").Select(pair => $"{pair.First.Item1}: {pair.Second}").ShouldBeEmpty();
    }

    [Fact]
    public async Task Every_creation_and_deletion_we_render_is_valid_by_the_published_schema()
    {
        var samples = (from repository in Repositories from change in Changes where change.Change.Before is null || change.Change.After is null select Event(repository.Info, change.Change, known: true)).ToArray();

        var errors = await PublishedSchema.ValidateAsync("webhooks", [.. samples.Select(sample => Line(sample, sample.Change.After is null ? "delete$event" : "create$event", "github-create-delete"))]);

        errors.Length.ShouldBe(samples.Length);
        samples.Zip(errors).Where(pair => pair.Second != "[]").Select(pair => $"{pair.First.Change.Ref} {pair.First.Repository.Url}: {pair.Second}").ShouldBeEmpty();
    }

    [Fact]
    public async Task Every_pull_request_we_render_is_valid_by_the_published_schema()
    {
        (string Action, RefChange Change, PullRequestState State, bool Reopened)[] steps =
        [
            ("opened", Moved(null, Id('2')), PullRequestState.Open, false),
            ("reopened", Moved(null, Id('2')), PullRequestState.Open, true),
            ("synchronize", Moved(Id('1'), Id('2')), PullRequestState.Open, false),
            ("closed", Moved(Id('1'), null), PullRequestState.Closed, false),
            ("closed", Moved(Id('1'), null), PullRequestState.Merged, false),
        ];
        PullRequestInfo[] told =
        [
            new() { Number = 7, HeadSha = Id('2') },
            new() { Number = 7, HeadSha = Id('2'), Fork = true, HeadBranch = "a b", Title = "T" },
            new()
            {
                Number = 7, ForgeId = "77", HeadSha = Id('2'), HeadBranch = "topic", HeadRepository = "grace/web", HeadCloneUrl = "https://github.com/grace/web.git", Fork = true, BaseBranch = "main", BaseSha = Id('5'),
                Title = "Ü \"quoted\"", Body = "text", Url = "https://github.com/acme/web/pull/7", Draft = true, Author = new PersonInfo(null, null, "grace"), Labels = ["ci", "a b/ü"], MergeSha = Id('6'),
                CreatedAt = DateTimeOffset.UnixEpoch, UpdatedAt = DateTimeOffset.UnixEpoch, ClosedAt = DateTimeOffset.UnixEpoch,
            },
        ];
        var samples = (
            from repository in Repositories
            from step in steps
            from one in told
            select (step.Action, Event(repository.Info, step.Change, known: true) with { Commits = [], PullRequest = one with { State = step.State, Reopened = step.Reopened } })).ToArray();

        var errors = await PublishedSchema.ValidateAsync("webhooks", [.. samples.Select(sample => Line(sample.Item2, "pull_request$" + sample.Action))]);

        errors.Length.ShouldBe(samples.Length);
        samples.Zip(errors).Where(pair => pair.Second != "[]").Select(pair => $"{pair.First.Action} {pair.First.Item2.Repository.Url}: {pair.Second}").ShouldBeEmpty();
    }

    private static RefChange Moved(string? before, string? after) => new(RefKind.PullRequest, "refs/pull/7/head", before, after);

    private static ChangeEvent Event(RepositoryInfo repository, RefChange change, bool known) => new()
    {
        Id = Guid.Parse("019abf00-0000-7000-8000-000000000001"),
        Change = change,
        Repository = repository,
        DetectedAt = new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero),
        Forced = known ? true : null,
        CompareUrl = known ? "https://github.com/acme/web/compare/1...2" : null,
        Commits = known && change.After is { } head ? [Commit(Id('a'), null), Commit(head, "Ada")] : [],
    };

    private static CommitInfo Commit(string id, string? author) => new()
    {
        Id = id,
        Message = "Message",
        Timestamp = new DateTimeOffset(2026, 11, 24, 11, 58, 30, 500, TimeSpan.FromMinutes(-210)),
        Url = author is null ? "https://git.example/[odd]" : "https://github.com/acme/web/commit/" + id,
        Author = author is null ? null : new PersonInfo(author, "ada@example.org", "ada"),
        Added = ["new.txt"],
    };

    private static string Line(ChangeEvent change, string definition = "push$event", string format = "github")
    {
        var payload = JsonNode.Parse(PayloadFormats.Render(format, change).Body)!.AsObject();
        return new JsonObject { ["definition"] = definition, ["payload"] = payload }.ToJsonString();
    }

    private static string Id(char digit) => new(digit, 40);
}
