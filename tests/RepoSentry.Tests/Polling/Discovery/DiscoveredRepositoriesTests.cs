using RepoSentry.Configuration;
using RepoSentry.Polling.Discovery;
using RepoSentry.Storage;
using RepoSentry.Tests.Configuration;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Polling.Discovery;

public sealed class DiscoveredRepositoriesTests
{
    private static readonly Dictionary<(string, string), string> Nobody = [];

    [Theory]
    [InlineData("", "svc-a", null)]
    [InlineData("include: [\"svc-*\"]", "svc-a", null)]
    [InlineData("include: [\"svc-*\"]", "lib-a", "include does not name it")]
    [InlineData("include: [\"svc-*\"]", "svc-a/b", "include does not name it")]
    [InlineData("include: [\"**\"]", "svc-a/b", null)]
    [InlineData("exclude: [\"*-old\"]", "svc-old", "exclude names it")]
    [InlineData("include: [svc-old], exclude: [\"*-old\"]", "svc-old", "exclude names it")]
    public void Globs_take_and_leave_by_name(string keys, string name, string? refusal) =>
        DiscoveredRepositories.Refusal(Acme(keys), Listed("1", name)).ShouldBe(refusal);

    [Fact]
    public void Archives_forks_and_what_lacks_a_topic_are_left_unless_they_are_wanted()
    {
        var (archived, fork, other) = (Listed("1", "a") with { Archived = true }, Listed("2", "b") with { Fork = true }, Listed("3", "c") with { Topics = "CI\nx" });

        DiscoveredRepositories.Refusal(Acme(), archived).ShouldBe("it is archived");
        DiscoveredRepositories.Refusal(Acme(), fork).ShouldBe("it is a fork");
        DiscoveredRepositories.Refusal(Acme("archived: true"), archived).ShouldBeNull();
        DiscoveredRepositories.Refusal(Acme("forks: true"), fork).ShouldBeNull();
        DiscoveredRepositories.Refusal(Acme("topics: [ci, x]"), other).ShouldBeNull();
        DiscoveredRepositories.Refusal(Acme("topics: [ci, y]"), other).ShouldBe("it does not have the topic y");
    }

    [Fact]
    public void One_is_called_by_its_name_below_the_organization_unless_another_is_too()
    {
        var found = Of("discovery: [{ provider: github, organization: acme }, { provider: github, organization: other }]", Nobody, [],
            ("github/acme", [Listed("1", "web"), Listed("2", "api"), Listed("3", ".github")]), ("github/other", [Listed("4", "Web", "other")]));

        found.Select(one => (one.ForgeId, one.Name)).ShouldBe([("3", "acme/.github"), ("2", "api"), ("1", "acme/web"), ("4", "other/Web")]);
    }

    [Fact]
    public void A_name_is_kept_though_another_arrives_that_would_like_it_and_given_back_after_a_rename()
    {
        const string Two = "discovery: [{ provider: github, organization: acme }, { provider: github, organization: other }]";
        var first = Of(Two, Nobody, [], ("github/acme", [Listed("1", "web")]));
        var names = first.ToDictionary(DiscoveredRepositories.IdentityOf, one => one.Name);

        Of(Two, names, [], ("github/acme", [Listed("1", "web")]), ("github/other", [Listed("4", "web", "other")])).Select(one => (one.ForgeId, one.Name)).ShouldBe([("1", "web"), ("4", "other/web")]);
        Of(Two, names, [], ("github/acme", [Listed("1", "site")]), ("github/other", [Listed("4", "web", "other")])).Select(one => (one.ForgeId, one.Name)).ShouldBe([("1", "site"), ("4", "web")]);
    }

    [Theory]
    [InlineData("https://github.com/acme/web")]
    [InlineData("https://github.com/Acme/Web.git")]
    [InlineData("ssh://git@github.com/acme/web.git")]
    public void What_is_watched_under_another_name_already_is_not_watched_twice(string url) =>
        Of("discovery: [{ provider: github, organization: acme }]", Nobody, [Other("shop", url)], ("github/acme", [Listed("1", "web"), Listed("2", "api")])).Select(one => one.Name).ShouldBe(["api"]);

    [Fact]
    public void A_name_that_is_somebody_elses_is_not_taken_in_whichever_case()
    {
        var found = Of("discovery: [{ provider: github, organization: acme }]", new Dictionary<(string, string), string> { [("github.com", "1")] = "web" },
            [Other("WEB", "https://git.example/x/web"), Other("acme/api", "https://git.example/x/api")], ("github/acme", [Listed("1", "web"), Listed("2", "api"), Listed("3", "kept")]), "api", "kept");

        found.Select(one => (one.ForgeId, one.Name)).ShouldBe([("2", "github/acme/api"), ("3", "acme/kept"), ("1", "acme/web")]);
    }

    [Fact]
    public void The_first_entry_that_takes_a_repository_has_it()
    {
        var found = Of(
            "discovery: [{ provider: github, organization: acme, include: [\"svc-*\"], defaults: { branches: [main] } }, { provider: github, organization: acme, defaults: { branches: [dev] } }]",
            Nobody, [], ("github/acme", [Listed("1", "svc-a"), Listed("2", "lib")]), ("github/acme#2", [Listed("1", "svc-a"), Listed("2", "lib")]));

        found.Select(one => (one.Name, one.Branches[0], one.Discovery)).ShouldBe([("svc-a", "main", "github/acme"), ("lib", "dev", "github/acme#2")]);
    }

    [Fact]
    public void It_says_all_that_a_look_needs()
    {
        var one = Of("discovery: [{ provider: github, organization: acme, defaults: { labels: { team: a } } }]", Nobody, [], ("github/acme", [Listed("7", "web")])).ShouldHaveSingleItem();

        (one.Source, one.Provider, one.ProviderType, one.ForgeId, one.Url.AbsoluteUri, one.Labels["team"]).ShouldBe(("discovery", "github", "github", "7", "https://github.com/acme/web", "a"));
    }

    private static IReadOnlyList<RepositoryConfig> Of(
        string yaml, IReadOnlyDictionary<(string, string), string> names, IReadOnlyList<RepositoryConfig> others, (string Key, ListedRepository[] Listed) first, params string[] taken) => Of(yaml, names, others, taken, first);

    private static IReadOnlyList<RepositoryConfig> Of(
        string yaml, IReadOnlyDictionary<(string, string), string> names, IReadOnlyList<RepositoryConfig> others, (string Key, ListedRepository[] Listed) first, (string Key, ListedRepository[] Listed) second) => Of(yaml, names, others, [], first, second);

    private static IReadOnlyList<RepositoryConfig> Of(
        string yaml, IReadOnlyDictionary<(string, string), string> names, IReadOnlyList<RepositoryConfig> others, string[] taken, params (string Key, ListedRepository[] Listed)[] listings) =>
        DiscoveredRepositories.Of(ConfigOf.Good(yaml).Discovery, key => Array.Find(listings, one => one.Key == key).Listed ?? [], others, taken, names);

    private static DiscoveryConfig Acme(string keys = "") => ConfigOf.Good($"discovery: [{{ provider: github, organization: acme{(keys.Length > 0 ? ", " : "")}{keys} }}]").Discovery[0];

    private static ListedRepository Listed(string id, string name, string owner = "acme") => new(id, $"{owner}/{name}", name, new Uri($"https://github.com/{owner}/{name}"));

    private static RepositoryConfig Other(string name, string url) => new() { Name = name, Url = new Uri(url), Provider = "github", ProviderType = "github" };
}
