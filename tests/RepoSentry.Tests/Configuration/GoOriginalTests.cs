using RepoSentry.Configuration;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Configuration;

/// <summary>A config.yaml of the Go original loads unchanged.</summary>
public sealed class GoOriginalTests : IDisposable
{
    private const string Original = """
        app:
          name: "sentry"
          log_level: "debug"
          log_format: "json"
          health_check_port: 8080
          data_dir: "/var/lib/sentry"
        polling:
          interval: "5m"
          timeout: "30s"
          max_workers: 5
          batch_size: 10
          enable_api_fallback: true
          retry_attempts: 3
          retry_backoff: 5s
        storage:
          type: "sqlite"
          sqlite:
            path: "/var/lib/sentry/sentry.db"
            max_connections: 10
            connection_timeout: "30s"
        tekton:
          event_listener_url: "http://10.0.0.1:30081"
          system_namespace: "sentry-system"
          bootstrap_pipeline: "bootstrap"
          timeout: "10s"
          retry_attempts: 3
          retry_backoff: "2s"
          headers:
            X-Source: "sentry"
            Content-Type: "application/json"
        repositories:
          - name: "one"
            url: "https://github.com/owner/one"
            provider: "github"
            token: "${GITHUB_TOKEN}"
            branch_regex: "^(main|develop|feature/.*)$"
            enabled: true
            polling_interval: "3m"
          - name: "two"
            url: "https://gitlab.corp/group/two.git"
            provider: "gitlab"
            token: "${GITLAB_TOKEN}"
            branch_regex: "^main$"
            api_base_url: "https://gitlab.corp/api/v4"
          - name: "three"
            url: "https://ghe.corp/org/three"
            provider: "github"
            token: "${GHE_TOKEN}"
            branch_regex: ".*"
            enabled: false
        rate_limit:
          github: { requests_per_hour: 4000, burst: 10 }
          gitlab: { requests_per_second: 8, burst: 5 }
        security:
          allowed_env_vars: ["GITHUB_TOKEN", "GITLAB_TOKEN", "GHE_TOKEN"]
          require_https: true
        api:
          enabled: true
          port: 9090
          cors: { enabled: true, allowed_origins: ["*"] }
        monitoring:
          metrics_enabled: true
        """;

    private static readonly (string, string)[] Tokens = [("GITHUB_TOKEN", "a"), ("GITLAB_TOKEN", "b")];

    private readonly string folder = Directory.CreateTempSubdirectory("go").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void It_loads_and_what_has_a_counterpart_is_taken_over()
    {
        var config = ConfigOf.Good(Original, Tokens);

        config.Api.Listen.ShouldBe("127.0.0.1:9090");
        config.Triggers[0].Retry.Initial.ShouldBe(TimeSpan.FromSeconds(2));
        config.Triggers[0].Format.ShouldBe("cloudevents");
        config.Triggers[0].Headers["x-source"].Reveal().ShouldBe("sentry");
        config.Providers.Select(provider => (provider.Name, provider.Type, provider.RequestsPerHour, provider.Burst))
            .ShouldBe([("repository:one", "github", 4000, 10), ("repository:two", "gitlab", 28_800, 5), ("repository:three", "github", 4000, 10)]);
        config.Repositories.Select(repository => repository.Enabled).ShouldBe([true, true, false]);
        config.Polling.Interval.ShouldBe(TimeSpan.FromMinutes(5));
    }

    [Fact]
    public void One_warning_names_each_key_its_replacement_and_the_format()
    {
        var warnings = ConfigOf.Warnings(Original, Tokens);

        warnings.Count.ShouldBe(2);
        warnings[0].ShouldStartWith("config.yaml:5:3: keys of the Go original: app.health_check_port (health answers at /livez and /readyz on api.listen), polling.batch_size (polling.max_workers bounds the work)");
        warnings[0].ShouldEndWith("; tekton.format is cloudevents, the shape its TriggerBindings bind");
        ((string[])["tekton.retry_attempts", "api.port (taken as api.listen on 127.0.0.1", "monitoring", "storage.sqlite.max_connections", "rate_limit.gitlab.requests_per_second"]).ShouldAllBe(key => warnings[0].Contains(key));
        warnings[1].ShouldContain("the variable GHE_TOKEN is not set");
    }

    [Fact]
    public void A_format_that_is_given_stands() =>
        ConfigOf.Good("app: { health_check_port: 1 }\ntekton: { event_listener_url: \"http://el\", format: github }\n").Triggers[0].Format.ShouldBe("github");

    [Fact]
    public void Without_any_of_its_keys_nothing_changes()
    {
        ConfigOf.Good("tekton: { event_listener_url: \"http://el\" }\n").Triggers[0].Format.ShouldBe("auto");
        ConfigOf.Warnings("tekton: { event_listener_url: \"http://el\" }\n").ShouldBeEmpty();
    }

    [Fact]
    public void Our_own_key_wins_over_its_counterpart() => ConfigOf.Good("api: { port: 1, listen: \"127.0.0.1:2\" }\n").Api.Listen.ShouldBe("127.0.0.1:2");

    [Fact]
    public void Its_second_file_of_repositories_is_read_and_its_mistakes_are_placed_there()
    {
        var (main, second) = (Path.Combine(folder, "config.yaml"), Path.Combine(folder, "repositories.yaml"));
        File.WriteAllText(main, "repositories_config: ./repositories.yaml\n");
        File.WriteAllText(second, "repositories:\n  - { name: a, url: https://github.com/a/a }\nglobal_settings:\n  default_polling_enabled: true\n");

        var loaded = ConfigLoader.Load(main, ConfigOf.Environment());
        loaded.Config.ShouldNotBeNull().Repositories.ShouldHaveSingleItem().Name.ShouldBe("a");
        loaded.Files.ShouldBe([main, second]);

        File.WriteAllText(second, "repositories:\n  - { name: a, url: nothing }\n");
        ConfigLoader.Load(main, ConfigOf.Environment()).Errors.ShouldHaveSingleItem().ToString().ShouldStartWith(Path.Combine(folder, "./repositories.yaml") + ":2:21: repositories[0].url: is not a URL");
    }

    [Fact]
    public void The_variables_that_a_takeover_makes_are_among_those_that_it_allows()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, """
                security: { allowed_env_vars: [GITHUB_TOKEN] }
                tekton: { event_listener_url: "http://127.0.0.1:1", headers: { X-Key: plain } }
                repositories: [{ name: a, url: "https://github.com/acme/a", provider: github, token: "${GITHUB_TOKEN}", branch_regex: main }]
                """);

            var conversion = GoConversion.Of(file);

            conversion.Moved.Values.ShouldBe(["plain"]);
            ConfigOf.Load(conversion.Text!, [("GITHUB_TOKEN", "t"), .. conversion.Moved.Select(pair => (pair.Key, pair.Value))]).Errors.ShouldBeEmpty();
        }
        finally
        {
            File.Delete(file);
        }
    }
}
