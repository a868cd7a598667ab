using RepoSentry.Abstractions;
using RepoSentry.Providers;
using RepoSentry.Providers.Bitbucket;
using RepoSentry.Providers.Gitea;
using RepoSentry.Providers.GitHub;
using RepoSentry.Providers.GitLab;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Providers;

/// <summary>A forge may send null where an entry of a list should be.</summary>
public sealed class NullEntryTests
{
    private static readonly ForgeAnswer Answer = new(new Uri("https://forge.example/commits"), NotModified: false, default, null, null, null);
    private static readonly CommitInfo Commit = new() { Id = new string('1', 40) };

    public static TheoryData<string> Forges => ["github", "gitlab", "gitea", "cloud", "server"];

    [Theory]
    [MemberData(nameof(Forges))]
    public void In_the_place_of_a_commit_it_is_refused(string forge) => Should.Throw<RefSourceException>(() => forge switch
    {
        "github" => GitHubCommits.Read(null, Answer),
        "gitlab" => GitLabCommits.Read(null, Answer),
        "gitea" => GiteaCommits.Read(null, Answer),
        "cloud" => BitbucketCommits.Read((BitbucketCommit?)null, Answer),
        _ => BitbucketCommits.Read(null, Answer, null),
    }).Error.ShouldBe(RefSourceError.Malformed);

    [Fact]
    public void In_the_place_of_a_file_it_makes_the_list_none_for_half_of_it_would_let_a_path_filter_miss_a_change()
    {
        GitHubCommits.WithFiles(Commit, [new GitHubFile("a", "added", null), null]).Added.ShouldBeNull();
        GitLabCommits.WithFiles(Commit, [new GitLabDiff("a", "a", true, false, false), null], 10).Added.ShouldBeNull();
        BitbucketCommits.WithFiles(Commit, new BitbucketPage<BitbucketFile>([new BitbucketFile("added", null, new BitbucketFilePath("a")), null], null)).Added.ShouldBeNull();
        BitbucketCommits.WithFiles(Commit, new ServerPage<ServerChange>([new ServerChange("ADD", new ServerFilePath("a"), null), null], true, null)).Added.ShouldBeNull();
        GitHubCommits.WithFiles(Commit, [new GitHubFile("a", "added", null)]).Added.ShouldBe(["a"]);
    }
}
