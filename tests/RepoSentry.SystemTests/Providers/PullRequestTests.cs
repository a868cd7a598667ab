using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Network;
using RepoSentry.Providers;
using RepoSentry.Providers.GitHub;
using RepoSentry.SystemTests.Providers.PlainGit;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Providers;

/// <summary>What holds of the pull requests of every forge.</summary>
public abstract class PullRequestContract : IAsyncLifetime
{
    private FakeForge forge = null!;
    private IRefSource source = null!;
    private Uri url = null!;

    private protected abstract Task<(FakeForge Forge, ProviderConfig Provider, string Path)> StartAsync();

    /// <summary>Part of the requests that list them.</summary>
    private string List => forge is FakeGitLab ? "merge_requests" : "pull";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        (forge, var provider, var path) = await StartAsync();
        url = new Uri(forge.Root, path);
        provider = provider with { RequestsPerHour = 10_000_000, Burst = 100_000 };
        var client = OutboundHttp.CreateClient(new OutboundOptions());
        source = RefSourceCatalog.SourceOf(provider, client, TimeProvider.System) ?? GitHubRefSource.For(provider, client, TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await forge.DisposeAsync();
    }

    [Fact]
    public async Task Open_pull_requests_are_told_with_where_they_come_from_and_where_they_go()
    {
        forge.Add("acme/web").Push("main", 1).Open(3, 31, "fix/a").Open(4, 41, "topic", "release/1", isFork: true).Open(2, 21).Close(2);

        var seen = (await source.LookAsync(PullRequests(), Token)).Of(RefKind.PullRequest)!;

        seen.Refs.Select(item => item.CommitId).ShouldBe([FakeRepository.Sha(31), FakeRepository.Sha(41)]);
        var (own, fork) = (seen.PullRequests[seen.Refs[0].Name], seen.PullRequests[seen.Refs[1].Name]);
        (own.Number, own.Title, own.HeadBranch, own.BaseBranch, own.Fork, own.State, own.HeadSha).ShouldBe((3, "Pull 3", "fix/a", "main", false, PullRequestState.Open, FakeRepository.Sha(31)));
        (fork.Number, fork.HeadBranch, fork.BaseBranch, fork.Fork).ShouldBe((4, "topic", "release/1", true));
        own.Url.ShouldNotBeNull().ShouldEndWith("/3");
        own.Author.ShouldNotBeNull().Username.ShouldNotBeNull().ShouldStartWith("grace");
        own.Labels.ShouldNotBeNull();
        own.CreatedAt.ShouldNotBeNull().Year.ShouldBe(2026);
    }

    [Fact]
    public async Task The_record_of_a_pull_request_tells_how_it_ended()
    {
        forge.Add("acme/web").Push("main", 1).Open(1, 11).Open(2, 21).Open(3, 31).Close(1).Close(2, "merged");
        var forgeSource = (IPullRequestSource)source;

        var told = new[] { 1L, 2, 3, 9 }.Select(async number => await forgeSource.PullRequestAsync(url, null, number, Token));

        (await Task.WhenAll(told)).Select(one => one?.State).ShouldBe([PullRequestState.Closed, PullRequestState.Merged, PullRequestState.Open, null]);
        (await forgeSource.PullRequestAsync(url, null, 1, Token))!.HeadSha.ShouldBe(FakeRepository.Sha(11));
        (await forgeSource.PullRequestAsync(url, null, 2, Token))!.MergeSha.ShouldNotBeNull().ShouldStartWith(FakeRepository.Sha(501)[..12]);
    }

    [Theory]
    [InlineData(403)]
    [InlineData(404)]
    public async Task Where_only_their_list_is_refused_the_repository_is_not(int status)
    {
        forge.Add("acme/web").Push("main", 1).Open(3, 31);
        await source.LookAsync(PullRequests(), Token);
        var all = PullRequests() with { Kinds = [new KindRequest(RefKind.Branch, [], null), .. PullRequests().Kinds] };
        forge.Next(List, status);

        var failure = await Should.ThrowAsync<RefSourceException>(() => source.LookAsync(all, Token));

        failure.Error.ShouldBe(RefSourceError.Malformed);
        failure.Message.ShouldContain("set pull_requests: false, else let the token read them");
        (await source.LookAsync(all, Token)).Of(RefKind.PullRequest)!.Refs.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Pull_requests_on_any_page_are_seen_once_although_the_list_shifts_meanwhile()
    {
        var repository = forge.Add("acme/web").Push("main", 1);
        foreach (var number in Enumerable.Range(1, 230))
        {
            repository.Open(number, number);
        }

        forge.Answered = target =>
        {
            if (target.Contains(List, StringComparison.Ordinal))
            {
                forge.Answered = null;
                repository.Close(5);
            }
        };

        var seen = (await source.LookAsync(PullRequests(), Token)).Of(RefKind.PullRequest)!;

        seen.PullRequests.Values.Select(one => one.Number).Order().ShouldBe(Enumerable.Range(1, 230).Where(number => number != 5).Select(number => (long)number));
    }

    [Fact]
    public async Task A_pull_request_without_a_commit_makes_no_short_list()
    {
        forge.Add("acme/web").Push("main", 1).Open(1, 11);
        forge.Next(List, 200, forge is FakeGitHub or FakeGitLab or FakeGitea ? "[{}]" : """{"values":[{"id":1}],"isLastPage":true,"value":[{}]}""");

        (await Should.ThrowAsync<RefSourceException>(() => source.LookAsync(PullRequests(), Token))).Error.ShouldBe(RefSourceError.Malformed);
    }

    private RefLookRequest PullRequests() => new(url, [new KindRequest(RefKind.PullRequest, [], null)]);
}

public sealed class GitHubPullRequests : PullRequestContract
{
    private protected override async Task<(FakeForge Forge, ProviderConfig Provider, string Path)> StartAsync() =>
        await FakeGitHub.StartNewAsync() is var forge ? (forge, new ProviderConfig { Name = "forge", Type = "github", Url = forge.Root }, "acme/web") : default;
}

public sealed class GitLabPullRequests : PullRequestContract
{
    private protected override async Task<(FakeForge Forge, ProviderConfig Provider, string Path)> StartAsync() =>
        await FakeGitLab.StartNewAsync() is var forge ? (forge, new ProviderConfig { Name = "forge", Type = "gitlab", Url = forge.Root }, "acme/web") : default;
}

public sealed class GiteaPullRequests : PullRequestContract
{
    private protected override async Task<(FakeForge Forge, ProviderConfig Provider, string Path)> StartAsync() =>
        await FakeGitea.StartNewAsync() is var forge ? (forge, new ProviderConfig { Name = "forge", Type = "gitea", Url = forge.Root }, "acme/web") : default;
}

public sealed class BitbucketCloudPullRequests : PullRequestContract
{
    private protected override async Task<(FakeForge Forge, ProviderConfig Provider, string Path)> StartAsync() =>
        await FakeBitbucket.StartNewAsync() is var forge ? (forge, new ProviderConfig { Name = "forge", Type = "bitbucket", ApiBaseUrl = new Uri(forge.Root, "2.0") }, "https://bitbucket.org/acme/web") : default;
}

public sealed class BitbucketServerPullRequests : PullRequestContract
{
    private protected override async Task<(FakeForge Forge, ProviderConfig Provider, string Path)> StartAsync() =>
        await FakeBitbucketServer.StartNewAsync() is var forge ? (forge, new ProviderConfig { Name = "forge", Type = "bitbucket", Url = forge.Root }, "scm/acme/web.git") : default;
}

public sealed class AzurePullRequests : PullRequestContract
{
    private protected override async Task<(FakeForge Forge, ProviderConfig Provider, string Path)> StartAsync() =>
        await FakeAzure.StartNewAsync() is var forge ? (forge, new ProviderConfig { Name = "forge", Type = "azure", Url = forge.Root }, "acme/shop/_git/web") : default;
}
