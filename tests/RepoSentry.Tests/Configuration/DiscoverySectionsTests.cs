using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Configuration;

public sealed class DiscoverySectionsTests
{
    private const string Forges = """
        triggers: [{ name: audit, type: webhook, url: "https://audit.corp/in" }]
        providers:
          - { name: corp, type: gitlab, url: "https://gitlab.corp/git" }
          - { name: hub, type: github, token: "${HUB_TOKEN:-t}" }
          - { name: dc, type: bitbucket-server, url: "https://bitbucket.corp" }
          - { name: inner, type: git, url: "ssh://git@git.corp" }

        """;

    [Fact]
    public void Every_key_is_read_and_the_defaults_are_those_of_a_repository()
    {
        var one = ConfigOf.Good(Forges + """
            discovery:
              - provider: hub
                organization: Acme
                include: ["svc-*", lib-?]
                exclude: "*-archive"
                topics: [ci]
                archived: true
                forks: true
                every: 2h
                defaults: { branches: [main], tags: ["v*"], triggers: [audit], priority: 3, polling_interval: 30s, labels: { team: shop }, on_first_poll: emit, enabled: false }
            """).Discovery.ShouldHaveSingleItem();

        (one.Key, one.Provider, one.ProviderType, one.Organization).ShouldBe(("hub/acme", "hub", "github", "Acme"));
        (one.Archived, one.Forks, one.Every).ShouldBe((true, true, TimeSpan.FromHours(2)));
        one.Include.ShouldBe(["svc-*", "lib-?"]);
        one.Exclude.ShouldBe(["*-archive"]);
        one.Topics.ShouldBe(["ci"]);
        var template = one.Template;
        (template.Provider, template.ProviderType, template.Source, template.Priority, template.EmitOnFirstPoll, template.Enabled).ShouldBe(("hub", "github", "discovery", 3, true, false));
        template.Branches.ShouldBe(["main"]);
        template.Tags.ShouldBe(["v*"]);
        template.Triggers.ShouldBe(["audit"]);
        template.PollingInterval.ShouldBe(TimeSpan.FromSeconds(30));
        template.Labels["team"].ShouldBe("shop");
    }

    [Fact]
    public void Little_has_to_be_said_and_a_type_is_as_good_as_a_name()
    {
        var found = ConfigOf.Good(Forges + "discovery: [{ provider: gitlab, organization: /team/shop/ }, { provider: github, organization: acme }, { provider: azure, organization: acme/shop }, { provider: github, organization: ACME }]").Discovery;

        found.Select(one => (one.Key, one.Organization)).ShouldBe([("corp/team/shop", "team/shop"), ("hub/acme", "acme"), ("azure/acme/shop", "acme/shop"), ("hub/acme#2", "ACME")]);
        (found[0].Archived, found[0].Forks, found[0].Every).ShouldBe((false, false, TimeSpan.FromMinutes(10)));
        found[0].Include.ShouldBe(["**"]);
        found[0].Template.Branches.ShouldBe(["**"]);
    }

    [Theory]
    [InlineData("{ provider: inner, organization: a }", "1:15", "provider: Git alone cannot tell which repositories there are (name a provider of a forge")]
    [InlineData("{ provider: git, organization: a }", "1:15", "provider: Git alone")]
    [InlineData("{ provider: gitea, organization: a }", "1:15", "provider: no provider of the type gitea is configured (add one under providers")]
    [InlineData("{ provider: hubb, organization: a }", "1:15", "provider: \"hubb\" is neither a provider's name nor a type (did you mean \"hub\"?)")]
    [InlineData("{ organization: a }", "1:3", "provider: must be given")]
    [InlineData("{ provider: hub }", "1:3", "organization: must be given")]
    [InlineData("{ provider: hub, organization: acme/web }", "1:34", "organization: \"acme/web\" is not the name of an organization or a user")]
    [InlineData("{ provider: hub, organization: \"..\" }", "1:34", "organization: \"..\" is not the name")]
    [InlineData("{ provider: dc, organization: A/B }", "1:33", "organization: \"A/B\" is not the key of a project")]
    [InlineData("{ provider: dc, organization: A, topics: [x] }", "1:44", "topics: repositories of bitbucket have no topics (choose by include and exclude)")]
    [InlineData("{ provider: hub, organization: a, every: 30s }", "1:44", "every: must be at least 1m")]
    [InlineData("{ provider: hub, organization: a, exclude: [\"!x\"] }", "1:46", "exclude: the glob \"!x\" begins with \"!\"")]
    [InlineData("{ provider: hub, organization: a, include: [\"\"] }", "1:46", "include: an empty glob")]
    [InlineData("{ provider: hub, organization: a, include: [\"a/*\"] }", "1:46", "include: the glob \"a/*\" has a slash, as no name of a repository does (the name alone is matched, such as *)")]
    [InlineData("{ provider: azure, organization: a/b/c }", "1:36", "organization: \"a/b/c\" is not an ORGANIZATION, or ORGANIZATION/PROJECT")]
    [InlineData("{ provider: hub, organization: a, archive: true }", "1:37", "unknown key \"archive\" in discovery[0] (did you mean \"archived\"?)")]
    [InlineData("{ provider: hub, organization: a, defaults: { url: \"https://x/y\" } }", "1:54", "defaults.url: cannot be a default of many repositories")]
    [InlineData("{ provider: hub, organization: a, defaults: { token: abc } }", "1:56", "defaults.token: cannot be a default")]
    [InlineData("{ provider: hub, organization: a, defaults: { brnches: [x] } }", "1:49", "unknown key \"brnches\" in discovery[0].defaults (did you mean \"branches\"?)")]
    [InlineData("{ provider: hub, organization: a, defaults: { triggers: [nobody] } }", "1:59", "defaults.triggers: there is no trigger named \"nobody\"")]
    [InlineData("{ provider: hub, organization: a, defaults: { branches: [\"a b\"] } }", "1:59", "defaults.branches: the glob")]
    public void A_mistake_is_told_with_its_place(string entry, string place, string expected)
    {
        var error = ConfigOf.Errors($"discovery: [{entry}]\n" + Forges).ShouldHaveSingleItem();

        error.ShouldContain(expected);
        var (line, column) = (int.Parse(place.Split(':')[0], null), int.Parse(place.Split(':')[1], null));
        error.ShouldStartWith($"config.yaml:{line}:{column + "discovery: [".Length - 2}:");
    }

    [Fact]
    public void All_mistakes_of_an_entry_are_told_at_once_and_a_token_is_never_shown()
    {
        var errors = ConfigOf.Errors(Forges + "discovery: [{ provider: hub, organization: a/b, every: 1s, defaults: { name: x, token: canary, tags: [\"refs/x\"], nix: 1 } }]");

        errors.Count.ShouldBe(6);
        errors.ShouldAllBe(error => !error.Contains("canary", StringComparison.Ordinal));
    }

    [Fact]
    public void What_no_default_can_be_is_no_setting_either()
    {
        var loaded = ConfigOf.Load(Forges + "discovery: [{ provider: hub, organization: a }]");

        loaded.Origins.Keys.ShouldContain("discovery[0].defaults.branches");
        loaded.Origins.Keys.Intersect(["discovery[0].defaults.name", "discovery[0].defaults.url", "discovery[0].defaults.provider", "discovery[0].defaults.token", "discovery[0].defaults.api_base_url"]).ShouldBeEmpty();
    }
}
