using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Polling;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Configuration;

/// <summary>What the configuration means.</summary>
public sealed class ConfigLoaderTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("config").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void The_sample_of_the_manual_loads()
    {
        foreach (var name in (string[])["corp-ca.pem", "known_hosts", "gitlab", "id_ed25519"])
        {
            File.WriteAllText(Path.Combine(folder, name), name + "\n");
        }

        File.WriteAllText(Path.Combine(folder, "config.yaml"), """
            app:      { name: reposentry, data_dir: ./data, log_level: info, log_format: text, log_file: "", log_file_rotation: { max_size: 100, max_backups: 3, max_age: 30, compress: true }, shutdown_timeout: 25s }
            api:      { listen: "127.0.0.1:8080", auth: auto, public_url: "", bootstrap_token: "", tls: { cert_file: "", key_file: "" }, trusted_proxies: [], rate_limit: "50/s", metrics_listen: "" }
            polling:  { strategy: adaptive, interval: 60s, min_interval: 10s, max_interval: 1h, surplus: 1.0, timeout: 30s, enrich_timeout: 5s, max_workers: 64, enable_api_fallback: true, retry_attempts: 3, retry_backoff: 1s }
            storage:  { type: sqlite, sqlite: { path: ./data/reposentry.db }, retention: { events: 30d, attempts: 7d, polls: 7d, audit: 365d } }
            cluster:  { node: "", heartbeat: 3s, lease: 10s }
            rate_limit: { github: { requests_per_hour: 5000, burst: 100 }, gitlab: { requests_per_minute: 2000, burst: 100 } }
            providers:
              - { name: github, type: github, token: "${GITHUB_TOKEN}" }
              - { name: corp, type: gitlab, url: "https://gitlab.corp", api_base_url: "", token: "file:gitlab", ca_file: corp-ca.pem, proxy: "", requests_per_minute: 600 }
              - { name: inner, type: git, url: "ssh://git@git.corp", ssh: { key: "file:id_ed25519", known_hosts: known_hosts } }
            tekton:   { event_listener_url: "http://el-main.ci.svc:8080", secret: "${WEBHOOK_SECRET}", format: auto, timeout: 35s, headers: {}, ca_file: "", requests_per_second: 5, max_in_flight: 2, retry: { initial: 1s, max: 1h, max_age: 76h } }
            triggers:
              - { name: audit, type: tekton, url: "https://audit.corp/in", secret: "env:AUDIT_SECRET", events: ["tag_*"], coalesce: latest }
            repositories:
              - { name: web, url: "https://github.com/acme/web", branches: ["main", "release/*"], tags: ["v*"], pull_requests: false, paths: [], triggers: [tekton], priority: 2, polling_interval: 30s, labels: { team: shop }, on_first_poll: baseline, skip_messages: [], ignore_authors: [] }
              - { name: old-style, url: "https://gitlab.corp/g/p.git", provider: gitlab, token: "${GITLAB_TOKEN}", branch_regex: "^(main|dev)$", enabled: true, api_base_url: "https://gitlab.corp/api/v4" }
              - { name: inner, url: "git@git.corp:team/inner.git" }
              - { name: open, url: "https://codeberg.example/a/b" }
            discovery:
              - { provider: github, organization: acme, include: ["svc-*"], exclude: ["*-archive"], topics: [ci], archived: false, forks: false, every: 10m, defaults: { branches: [main] } }
            telemetry: { otlp_endpoint: "", metrics_per_repository: true }
            plugins:  { directory: ./plugins }
            security: { allowed_env_vars: ["*_TOKEN", "*_SECRET", "*_PASSWORD", "*_KEY", "*_URL"], require_https: true, insecure_hosts: [], allowed_networks: [], allow_unauthenticated: false, master_key: "" }
            """);

        var loaded = ConfigLoader.Load(Path.Combine(folder, "config.yaml"), ConfigOf.Environment(("GITHUB_TOKEN", "gh"), ("GITLAB_TOKEN", "gl"), ("WEBHOOK_SECRET", "wh"), ("AUDIT_SECRET", "au")));

        loaded.Errors.ShouldBeEmpty();
        loaded.Warnings.ShouldBeEmpty();
        var config = loaded.Config.ShouldNotBeNull();
        config.Polling.Strategy.ShouldBe("adaptive");
        config.Triggers.Select(trigger => (trigger.Name, trigger.Coalesce, trigger.Secret!.Reveal(), trigger.Secret.Origin)).ShouldBe([("tekton", "none", "wh", "env:WEBHOOK_SECRET"), ("audit", "latest", "au", "env:AUDIT_SECRET")]);
        config.Repositories.Select(repository => (repository.Name, repository.Provider, repository.ProviderType))
            .ShouldBe([("web", "github", "github"), ("old-style", "repository:old-style", "gitlab"), ("inner", "inner", "git"), ("open", "git", "git")]);
        config.Providers.Select(provider => provider.Name).ShouldBe(["github", "corp", "inner", "repository:old-style", "git"]);
        var corp = config.Providers[1];
        (corp.Token!.Reveal(), corp.RequestsPerHour, corp.CaFile).ShouldBe(("gitlab", 36_000, Path.Combine(folder, "corp-ca.pem")));
        config.Providers[2].Ssh!.KeyFile.ShouldBe(Path.Combine(folder, "id_ed25519"));
        config.Providers[3].CaFile.ShouldBe(corp.CaFile);
        config.Repositories[0].PollingInterval.ShouldBe(TimeSpan.FromSeconds(30));
    }

    [Theory]
    [InlineData("git@github.com:acme/web.git", "ssh://git@github.com/acme/web.git", "github")]
    [InlineData("ssh://git@gitlab.com:22/acme/web", "ssh://git@gitlab.com:22/acme/web", "gitlab")]
    [InlineData("/srv/git/a b#c.git", "file:///srv/git/a%20b%23c.git", "git")]
    [InlineData("file:///srv/git/web", "file:///srv/git/web", "git")]
    [InlineData("https://GitHub.com/Acme/Web", "https://github.com/Acme/Web", "github")]
    [InlineData("http://git.example:8080/web", "http://git.example:8080/web", "git")]
    public void A_url_is_normalised_and_its_host_tells_the_type(string written, string url, string type)
    {
        var repository = ConfigOf.Good($"repositories: [{{ name: web, url: \"{written}\" }}]").Repositories[0];

        (repository.Url.AbsoluteUri, repository.ProviderType, repository.Provider).ShouldBe((new Uri(url).AbsoluteUri, type, type));
    }

    [Fact]
    public void A_self_hosted_forge_is_implied_by_the_named_type()
    {
        var config = ConfigOf.Good("repositories:\n  - { name: a, url: \"https://gitlab.corp:8443/g/a\", provider: gitlab }\n  - { name: b, url: \"https://gitlab.corp:8443/g/b\", provider: gitlab }\n");

        var provider = config.Providers.ShouldHaveSingleItem();
        (provider.Name, provider.Type, provider.Url, provider.Token, provider.RequestsPerHour).ShouldBe(("gitlab:gitlab.corp:8443", "gitlab", new Uri("https://gitlab.corp:8443"), null, 30_000));
    }

    [Theory]
    [InlineData("https://codeberg.org/acme/web", "", "gitea:codeberg.org", "https://codeberg.org")]
    [InlineData("https://gitea.com/acme/web", "", "gitea:gitea.com", "https://gitea.com")]
    [InlineData("https://git.corp/acme/web", ", provider: forgejo", "gitea:git.corp", "https://git.corp")]
    [InlineData("ssh://git@git.corp/acme/web", ", provider: gitea", "gitea:git.corp", "https://git.corp")]
    public void Gitea_is_known_by_its_public_hosts_or_by_either_of_its_names(string url, string more, string name, string forge)
    {
        var config = ConfigOf.Good($"repositories: [{{ name: web, url: \"{url}\"{more} }}]");

        var provider = config.Providers.ShouldHaveSingleItem();
        (provider.Name, provider.Type, provider.Url).ShouldBe((name, "gitea", new Uri(forge)));
        provider.RequestsPerHour.ShouldBe(36_000);
        config.Repositories[0].ProviderType.ShouldBe("gitea");
    }

    [Theory]
    [InlineData("https://bitbucket.org/acme/web", "", "git", 0)]
    [InlineData("https://bitbucket.org/acme/web", ", token: \"${A_TOKEN}\"", "bitbucket", 1000)]
    [InlineData("https://bitbucket.org/acme/web", ", provider: bitbucket", "bitbucket", 60)]
    [InlineData("https://bitbucket.corp/scm/acme/web.git", ", provider: bitbucket-server", "bitbucket", 18_000)]
    [InlineData("https://dev.azure.com/acme/shop/_git/web", "", "git", 0)]
    [InlineData("https://dev.azure.com/acme/shop/_git/web", ", token: \"${A_TOKEN}\"", "azure", 6000)]
    [InlineData("https://tfs.corp/tfs/Coll/shop/_git/web", ", provider: azuredevops", "azure", 6000)]
    public void Bitbucket_and_Azure_are_asked_where_they_are_named_or_a_token_is_there_for_them(string url, string more, string type, int perHour)
    {
        var config = ConfigOf.Good($"repositories: [{{ name: web, url: \"{url}\"{more} }}]", ("A_TOKEN", "a"));

        config.Repositories[0].ProviderType.ShouldBe(type);
        config.Providers.ShouldHaveSingleItem().RequestsPerHour.ShouldBe(perHour);
    }

    [Fact]
    public void Repositories_with_one_token_for_one_forge_share_a_provider_and_so_its_budget()
    {
        var config = ConfigOf.Good("""
            repositories:
              - { name: a, url: "https://github.com/g/a", token: "${A_TOKEN}" }
              - { name: b, url: "https://github.com/g/b", token: "${A_TOKEN}" }
              - { name: c, url: "https://github.com/g/c", token: "${B_TOKEN}" }
            """, ("A_TOKEN", "a"), ("B_TOKEN", "b"));

        config.Repositories.Select(repository => repository.Provider).ShouldBe(["repository:a", "repository:a", "repository:c"]);
        config.Providers.Select(provider => provider.RequestsPerHour).ShouldBe([5000, 5000]);
    }

    [Fact]
    public void A_providers_credential_goes_to_no_other_host() =>
        ConfigOf.Errors("providers: [{ name: corp, type: gitlab, url: \"https://gitlab.corp\", token: \"${A_TOKEN:-x}\" }]\nrepositories:\n  - { name: a, url: \"https://evil.example/a\", provider: corp }\n")
            .ShouldBe(["config.yaml:3:57: repositories[0].provider: \"corp\" is for gitlab.corp, and its credential goes to no other host (name the provider of the URL's host, or its type)"]);

    [Fact]
    public void A_provider_named_like_a_type_keeps_its_token_from_other_hosts()
    {
        var config = ConfigOf.Good("providers: [{ name: github, type: github, token: \"${A_TOKEN:-x}\" }]\nrepositories:\n  - { name: a, url: \"https://ghe.corp/a/b\", provider: github }\n");

        config.Providers.Single(provider => provider.Name == config.Repositories[0].Provider).Token.ShouldBeNull();
    }

    [Fact]
    public void An_empty_token_is_no_token_of_its_own() =>
        ConfigOf.Good("providers: [{ name: github, type: github, token: \"${A_TOKEN:-x}\" }]\nrepositories: [{ name: a, url: \"https://github.com/a/b\", token: \"\", api_base_url: \"\" }]\n").Repositories[0].Provider.ShouldBe("github");

    [Fact]
    public void A_providers_token_does_not_follow_a_repositorys_api_address_to_another_host()
    {
        var config = ConfigOf.Good("""
            providers: [{ name: corp, type: gitlab, url: "https://gitlab.corp", token: "${A_TOKEN:-x}" }]
            repositories:
              - { name: same, url: "https://gitlab.corp/a/b", api_base_url: "https://gitlab.corp/api/v4" }
              - { name: other, url: "https://gitlab.corp/a/b", api_base_url: "https://elsewhere.example/api/v4" }
            """);

        config.Providers.Single(provider => provider.Name == "repository:same").Token.ShouldNotBeNull();
        config.Providers.Single(provider => provider.Name == "repository:other").Token.ShouldBeNull();
    }

    [Fact]
    public void The_rate_limit_section_feeds_providers_without_their_own()
    {
        var config = ConfigOf.Good("rate_limit: { github: { requests_per_hour: 900 }, gitlab: { requests_per_minute: 10 } }\nproviders: [{ name: github, type: github }, { name: gitlab, type: gitlab, requests_per_minute: 7 }]\n");

        config.Providers.Select(provider => provider.RequestsPerHour).ShouldBe([900, 420]);
    }

    [Fact]
    public void Variables_win_over_the_file_and_flags_over_both()
    {
        var options = ConfigOf.Environment(("REPOSENTRY__API__LISTEN", "127.0.0.1:2"), ("reposentry__polling__interval", "2m"), ("REPOSENTRY__SECURITY__INSECURE_HOSTS", "a, b"), ("REPOSENTRY__TEKTON__SECRET", "pa$$w${ord"), ("REPOSENTRY__TEKTON__EVENT_LISTENER_URL", "https://el"))
            with
        { Flags = new Dictionary<string, string> { ["api.listen"] = "127.0.0.1:3" } };
        var loaded = ConfigLoader.LoadText("api:\n  listen: 127.0.0.1:1\napp: { name: here }\n", "config.yaml", options);

        loaded.Errors.ShouldBeEmpty();
        var config = loaded.Config.ShouldNotBeNull();
        (config.Api.Listen, config.Polling.Interval, config.App.Name).ShouldBe(("127.0.0.1:3", TimeSpan.FromMinutes(2), "here"));
        config.Security.InsecureHosts.ShouldBe(["a", "b"]);
        config.Triggers[0].Secret!.Reveal().ShouldBe("pa$$w${ord");
        ((string[])["api.listen", "polling.interval", "app.name", "api.auth"]).Select(path => loaded.Origins[path].ToString())
            .ShouldBe(["flag --api.listen", "variable reposentry__polling__interval", "file config.yaml:3:14", "default"]);
        loaded.Origins["tekton.secret"].Value.ShouldBe("***");
    }

    [Fact]
    public void An_unknown_setting_in_the_environment_is_an_error_that_hides_its_value() =>
        ConfigOf.Errors("", ("REPOSENTRY__API__LISTN", "x"), ("REPOSENTRY__POLLING__INTERVAL", "hunter2"))
            .ShouldBe(["REPOSENTRY__POLLING__INTERVAL: polling.interval: expected a duration, found what was given (such as 30s, 1h30m, 250ms or 30d)", "REPOSENTRY__API__LISTN: unknown key \"listn\" in api (did you mean \"listen\"?)"], ignoreOrder: true);

    [Theory]
    [InlineData("127.0.0.1:0", true)]
    [InlineData("[::1]:8080", true)]
    [InlineData("localhost:8080", true)]
    [InlineData("0.0.0.0:8080", false)]
    [InlineData("*:8080", false)]
    [InlineData(":8080", false)]
    [InlineData("[::]:8080", false)]
    public void Auto_asks_for_tokens_beyond_loopback(string listen, bool loopback)
    {
        var api = ConfigOf.Good($"api: {{ listen: \"{listen}\" }}").Api;

        (api.IsLoopback, api.RequiresToken).ShouldBe((loopback, !loopback));
    }

    [Fact]
    public void The_bounds_give_way_to_the_interval_where_they_are_left_out()
    {
        ConfigOf.Good("polling: { interval: 3h }").Polling.MaxInterval.ShouldBe(TimeSpan.FromHours(3));
        ConfigOf.Good("polling: { interval: 5s }").Polling.MinInterval.ShouldBe(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void The_database_stands_in_the_data_folder() => ConfigOf.Good("app: { data_dir: /var/lib/rs }").Storage.SqlitePath.ShouldBe("/var/lib/rs/reposentry.db");

    [Fact]
    public void Each_type_of_trigger_has_its_own_keys_and_defaults()
    {
        var config = ConfigOf.Good("""
            triggers:
              - { name: t, url: "https://el", format: native }
              - { name: w, type: webhook, url: "https://hook.example/in", secret: "env:HOOK_SECRET", headers: { X-A: b } }
              - { name: c, type: cloudevents, url: "https://broker.example", mode: structured, requests_per_second: 3, max_in_flight: 1, timeout: 2s }
              - { name: e, type: exec, command: [./bin/run, "--to", x], env: { MODE: fast, API_TOKEN: "env:E_TOKEN" }, working_directory: /tmp, events: ["tag_*"], retry: { max_age: 1h } }
              - { name: bare, type: exec, command: git-thing }
            """, ("HOOK_SECRET", "whsec_bmV3ZXI= whsec_b2xk"), ("E_TOKEN", "e"));

        config.Triggers.Select(trigger => (trigger.Name, trigger.Type, trigger.Timeout.TotalSeconds, trigger.RequestsPerSecond, trigger.MaxInFlight))
            .ShouldBe([("t", "tekton", 35, 5, 2), ("w", "webhook", 15, 0, 16), ("c", "cloudevents", 2, 3, 1), ("e", "exec", 60, 0, 16), ("bare", "exec", 60, 0, 16)]);
        (config.Triggers[0].Format, config.Triggers[2].Mode, config.Triggers[1].Secret!.Origin).ShouldBe(("native", "structured", "env:HOOK_SECRET"));
        var exec = config.Triggers[3].Exec.ShouldNotBeNull();
        exec.Command.ShouldBe([Path.GetFullPath("bin/run"), "--to", "x"]);
        (exec.Environment["MODE"].Reveal(), exec.Environment["API_TOKEN"].Reveal(), exec.WorkingDirectory).ShouldBe(("fast", "e", "/tmp"));
        config.Triggers[4].Exec!.Command.ShouldBe(["git-thing"]);
        (config.Triggers[3].Url, config.Triggers[3].Retry.MaxAge).ShouldBe((null, TimeSpan.FromHours(1)));
    }

    [Theory]
    [InlineData("http://localhost:1/x")]
    [InlineData("http://127.8.8.8/x")]
    [InlineData("http://[::1]/x")]
    [InlineData("http://el.ci.svc/x")]
    [InlineData("http://el.ci.svc.cluster.local:8080/x")]
    [InlineData("http://named.corp/x")]
    public void A_secret_may_travel_over_http_where_nobody_listens(string url) =>
        ConfigOf.Good($"security: {{ insecure_hosts: [named.corp] }}\ntekton: {{ event_listener_url: \"{url}\", secret: \"${{A_SECRET:-x}}\" }}\nrepositories: [{{ name: a, url: \"{url}\", token: \"${{A_TOKEN:-x}}\" }}]\n");

    [Theory]
    [InlineData("http://svc/x")]
    [InlineData("http://evil-svc/x")]
    [InlineData("http://127.0.0.1.evil.example/x")]
    [InlineData("http://localhost.evil.example/x")]
    public void A_token_must_not_travel_over_http_elsewhere(string url) =>
        ConfigOf.Errors($"repositories: [{{ name: a, url: \"{url}\", token: \"${{A_TOKEN:-x}}\" }}]\n").ShouldHaveSingleItem().ShouldContain("a token must not travel over plain http");

    [Fact]
    public void A_trigger_can_name_each_type_of_event_and_all_of_a_kind()
    {
        foreach (var events in EventTypes.All.Append("pull_request_*").Append("!pull_request_*"))
        {
            ConfigOf.Good($"tekton: {{ event_listener_url: \"http://127.0.0.1:8080\", events: [\"{events}\"] }}\n").Triggers[0].Events.ShouldBe([events]);
        }
    }

    [Fact]
    public void Filters_can_name_what_lies_beyond_the_first_plane()
    {
        var repository = ConfigOf.Good("repositories: [{ name: a, url: \"https://github.com/a/b\", branches: [\"feature/😀*\"], paths: [\"docs/😀/**\"], skip_messages: [\"😀\"], ignore_authors: [\"😀*\"] }]\n").Repositories[0];

        RefFilter.For(repository, RefKind.Branch).Matches("refs/heads/feature/😀x").ShouldBeTrue();
        Wording.Quote(new string('a', 59) + "😀b").ShouldBe("\"" + new string('a', 59) + "…\"");
        Wording.Quote("\ud83d").ShouldBe("\"\\ud83d\"");
    }
}
