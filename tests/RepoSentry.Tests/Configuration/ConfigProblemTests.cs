using RepoSentry.Configuration;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Configuration;

/// <summary>Each mistake is one line: where, what, and what to do.</summary>
public sealed class ConfigProblemTests
{
    private const string Repo = "repositories:\n  - name: web\n    url: https://git.example/web\n";
    private const string Trigger = "tekton:\n  event_listener_url: http://el.ci.svc:8080\n";

    [Theory]
    [InlineData("app:\n  log_levl: info\n", "config.yaml:2:3: unknown key \"log_levl\" in app (did you mean \"log_level\"?)")]
    [InlineData("aap: {}\n", "config.yaml:1:1: unknown key \"aap\" (did you mean \"app\"?)")]
    [InlineData("app:\n  name: a\n  name: b\n", "config.yaml:3:3: the key \"name\" stands twice (first on line 2)")]
    [InlineData("app:\n  log_level: inof\n", "config.yaml:2:14: app.log_level: must be one of trace, debug, info, warn, error, found \"inof\" (did you mean \"info\"?)")]
    [InlineData("app:\n  log_format: xml\n", "config.yaml:2:15: app.log_format: must be one of text, json")]
    [InlineData("app: 5\n", "config.yaml:1:6: app: expected a mapping of keys, found the value \"5\"")]
    [InlineData("app:\n  name: [a]\n", "config.yaml:2:9: app.name: expected text, found a list")]
    [InlineData("app:\n  name: \"\"\n", "config.yaml:2:9: app.name: must be given")]
    [InlineData("app:\n  name: \"a\\nb\"\n", "config.yaml:2:9: app.name: expected text, found \"a\\u000ab\"")]
    [InlineData("polling:\n  interval: 60\n", "config.yaml:2:13: polling.interval: expected a duration, found \"60\" (add the unit: 60s or 60m)")]
    [InlineData("polling:\n  interval: soon\n", "config.yaml:2:13: polling.interval: expected a duration, found \"soon\" (such as 30s, 1h30m, 250ms or 30d)")]
    [InlineData("polling:\n  interval: 500ms\n", "config.yaml:2:13: polling.interval: must be at least 1s, found \"500ms\"")]
    [InlineData("polling:\n  min_interval: 2m\n", "config.yaml:2:17: polling.min_interval: 2m is longer than polling.interval (1m)")]
    [InlineData("polling:\n  interval: 2h\n  max_interval: 1h\n", "config.yaml:3:17: polling.max_interval: 1h is shorter than polling.interval (2h)")]
    [InlineData("polling:\n  max_workers: 0\n", "config.yaml:2:16: polling.max_workers: must be from 1 to 1024, found \"0\"")]
    [InlineData("polling:\n  max_workers: many\n", "config.yaml:2:16: polling.max_workers: expected a whole number, found \"many\"")]
    [InlineData("polling:\n  surplus: -1\n", "config.yaml:2:12: polling.surplus: must be from 0 to 100, found \"-1\"")]
    [InlineData("polling:\n  enable_api_fallback: maybe\n", "config.yaml:2:24: polling.enable_api_fallback: expected true or false, found \"maybe\"")]
    [InlineData("api:\n  listen: 8080\n", "config.yaml:2:11: api.listen: expected an address and a port")]
    [InlineData("api:\n  listen: example.com:80\n", "config.yaml:2:11: api.listen: expected an address and a port")]
    [InlineData("api:\n  listen: 0.0.0.0:80\n  auth: none\n", "config.yaml:3:9: api.auth: none is refused on an address beyond loopback (use auto or token, or set security.allow_unauthenticated: true)")]
    [InlineData("api:\n  public_url: ftp://x\n", "config.yaml:2:15: api.public_url: the scheme \"ftp\" is not supported (use https, http)")]
    [InlineData("security:\n  allowed_networks: [10.0.0.0]\n", "config.yaml:2:21: security.allowed_networks: \"10.0.0.0\" is not a network")]
    [InlineData("security:\n  insecure_hosts: [\"http://x\"]\n", "config.yaml:2:19: security.insecure_hosts: \"http://x\" is not a host name")]
    public void A_mistake_in_a_section_is_told_with_its_place(string text, string expected) => Told(text, expected);

    [Theory]
    [InlineData("    branchs: [main]\n", "config.yaml:4:5: unknown key \"branchs\" in repositories[0] (did you mean \"branches\"?)")]
    [InlineData("    priority: 0\n", "config.yaml:4:15: repositories[0].priority: must be from 1 to 1000, found \"0\"")]
    [InlineData("    polling_interval: 10ms\n", "config.yaml:4:23: repositories[0].polling_interval: must be at least 1s, found \"10ms\"")]
    [InlineData("    on_first_poll: fire\n", "config.yaml:4:20: repositories[0].on_first_poll: must be one of baseline, emit, found \"fire\"")]
    [InlineData("    triggers: [teckton]\n", "config.yaml:4:15: repositories[0].triggers: there is no trigger named \"teckton\" (no trigger is configured: add a tekton section)")]
    [InlineData("    provider: githab\n", "config.yaml:4:15: repositories[0].provider: \"githab\" is neither a provider's name nor a type (did you mean \"github\"?)")]
    [InlineData("    branches: [\"\"]\n", "config.yaml:4:15: repositories[0].branches: an empty glob (** matches every ref)")]
    [InlineData("    branches: [\"^main$\"]\n", "config.yaml:4:15: repositories[0].branches: the glob \"^main$\" has \"^\", which no ref has")]
    [InlineData("    tags: [refs/tags/v*]\n", "config.yaml:4:11: repositories[0].tags: the glob \"refs/tags/v*\" is matched with short names")]
    [InlineData("    branches: [release/]\n", "config.yaml:4:15: repositories[0].branches: the glob \"release/\" ends with a slash, as no ref does (such as release/* for one level below it")]
    [InlineData("    branches: [main, \"!main\"]\n", "config.yaml:4:15: repositories[0].branches: nothing is left: all that the globs take is excluded")]
    [InlineData("    branches: [main, \"dev/*\", \"!**\"]\n", "config.yaml:4:15: repositories[0].branches: nothing is left")]
    [InlineData("  - { name: api, url: \"https://github.com/acme\" }\n", "config.yaml:4:23: repositories[1].url: \"/acme\" names no repository of GitHub (its path is OWNER/NAME; all of an organization are watched by discovery)")]
    [InlineData("    branch_regex: a\n    branches: [b]\n", "config.yaml:4:19: repositories[0].branch_regex: stands beside branches (keep one of the two)")]
    [InlineData("    branch_regex: \"(?!wip)\"\n", "config.yaml:4:19: repositories[0].branch_regex: uses lookarounds, backreferences or repeats that cannot be matched in linear time (globs do most of it")]
    [InlineData("    branch_regex: \"(a\"\n", "config.yaml:4:19: repositories[0].branch_regex: is not a valid expression: insufficient closing parentheses")]
    [InlineData("    labels: [a]\n", "config.yaml:4:13: repositories[0].labels: expected a mapping of keys, found a list")]
    public void A_mistake_in_a_repository_is_told_with_its_place(string line, string expected) => Told(Repo + line, expected);

    [Theory]
    [InlineData("https://user:hunter2@git.example/web", "a user or password in a URL is refused (leave it out and use `token`")]
    [InlineData("ssh://git:hunter2@git.example/web", "a password in a URL is refused")]
    [InlineData("ftp://git.example/web", "the scheme \"ftp\" is not supported (use http, https, ssh, file)")]
    [InlineData("git.example/web", "is not a URL")]
    [InlineData("./web", "is not a URL")]
    [InlineData("https://git.example", "the URL has no path to a repository")]
    [InlineData("--upload-pack=touch", "must not begin with \"-\"")]
    [InlineData("ssh://-oProxyCommand=x/web", "")]
    [InlineData("https://git.example/a b", "has a blank or a control character")]
    [InlineData("https://git.example/web#x", "the URL has a fragment (#)")]
    [InlineData("https://git.example/web?token=hunter2", "a repository's URL has no query")]
    [InlineData("https://git\u07c4.example/web", "the host is not a valid name")]
    [InlineData("file://other/web", "a file URL names no other host")]
    public void A_url_that_is_refused_is_told_and_never_repeated(string url, string expected)
    {
        var errors = ConfigOf.Errors($"repositories:\n  - name: web\n    url: \"{url}\"\n");

        errors.ShouldHaveSingleItem().ShouldStartWith("config.yaml:3:10: repositories[0].url: " + expected);
        errors[0].ShouldNotContain("hunter2");
    }

    [Theory]
    [InlineData("tekton:\n  event_listener_url: http://el.example\n  secret: ${S_SECRET:-x}\n", "config.yaml:2:23: tekton.event_listener_url: a secret must not travel over plain http (use https, or name \"el.example\" in security.insecure_hosts)")]
    [InlineData("tekton:\n  event_listener_url: http://el.example\n  headers: { Authorization: \"${S_TOKEN:-x}\" }\n", "config.yaml:2:23: tekton.event_listener_url: a secret must not travel over plain http")]
    [InlineData(Trigger + "  format: githb\n", "config.yaml:3:11: tekton.format: must be one of auto, github, github-create-delete, gitlab, gitea, bitbucket, cloudevents, native, found \"githb\" (did you mean \"github\"?)")]
    [InlineData(Trigger + "  events: [tags_*]\n", "config.yaml:3:11: tekton.events: \"tags_*\" matches no event type")]
    [InlineData(Trigger + "  format: github-create-delete\n  events: [\"*_updated\"]\n", "config.yaml:4:11: tekton.events: none of them is sent in the format github-create-delete (it is for branch_created, branch_deleted, tag_created, tag_deleted)")]
    [InlineData(Trigger + "  retry: { initial: 2m, max: 1m }\n", "config.yaml:3:21: tekton.retry.initial: 2m is longer than retry.max (1m)")]
    [InlineData(Trigger + "  requests_per_second: -1\n", "config.yaml:3:24: tekton.requests_per_second: must be from 0 to 10000, found \"-1\"")]
    [InlineData(Trigger + "  headers: { \"X A\": b }\n", "config.yaml:3:21: tekton.headers.X A: \"X A\" is not a header that can be set")]
    [InlineData(Trigger + "  headers: { X-A: \"b\\r\\nX-B: c\" }\n", "config.yaml:3:19: tekton.headers.X-A: the secret has control characters or several lines")]
    [InlineData(Trigger + "triggers:\n  - { name: tekton, url: \"https://el\" }\n", "config.yaml:4:13: two triggers are named \"tekton\" (the first is at config.yaml:2:3)")]
    [InlineData("triggers:\n  - { name: a }\n", "config.yaml:2:5: triggers[0].url: must be given")]
    [InlineData("triggers:\n  - { name: a, type: kafka, url: x, whatever: 1 }\n", "config.yaml:2:22: triggers[0].type: kafka is not available in this version (available: tekton, webhook, cloudevents, exec)")]
    [InlineData("triggers:\n  - { name: a, type: webhok, url: x }\n", "config.yaml:2:22: triggers[0].type: must be one of tekton, webhook, cloudevents, exec, found \"webhok\" (did you mean \"webhook\"?)")]
    public void A_mistake_in_a_trigger_is_told_with_its_place(string text, string expected) => Told(text, expected);

    [Theory]
    [InlineData("type: webhook", "config.yaml:2:5: triggers[0].url: must be given")]
    [InlineData("type: webhook, url: \"ftp://x\"", "config.yaml:2:36: triggers[0].url: the scheme \"ftp\" is not supported (use https, http)")]
    [InlineData("type: webhook, url: \"https://x\", format: github", "config.yaml:2:49: unknown key \"format\" in triggers[0]")]
    [InlineData("type: webhook, url: \"https://x\", mode: binary", "config.yaml:2:49: unknown key \"mode\" in triggers[0]")]
    [InlineData("type: webhook, url: \"https://x\", event: [x]", "config.yaml:2:49: unknown key \"event\" in triggers[0] (did you mean \"events\"?)")]
    [InlineData("type: webhook, url: \"https://x\", secret: \"${A_SECRET:-whsec_*}\"", "config.yaml:2:57: triggers[0].secret: whsec_ is not followed by base64 (copy it whole as the receiver shows it; several go with blanks between them)")]
    [InlineData("type: webhook, url: \"http://el.example\", secret: \"${A_SECRET:-x}\"", "config.yaml:2:36: triggers[0].url: a secret must not travel over plain http")]
    [InlineData("type: webhook, url: \"https://x\", timeout: 11m", "config.yaml:2:58: triggers[0].timeout: must be at most 10m, found \"11m\"")]
    [InlineData("type: cloudevents, url: \"https://x\", mode: batch", "config.yaml:2:59: triggers[0].mode: must be one of binary, structured, found \"batch\"")]
    [InlineData("type: cloudevents, url: \"https://x\", secret: \"${A_SECRET:-x}\"", "config.yaml:2:53: unknown key \"secret\" in triggers[0]")]
    [InlineData("type: cloudevents, url: \"http://x.example\", headers: { Authorization: \"${A_TOKEN:-x}\" }", "config.yaml:2:40: triggers[0].url: a secret must not travel over plain http")]
    [InlineData("type: exec", "config.yaml:2:5: triggers[0].command: must name a program (such as command: [/usr/local/bin/on-change, --fast])")]
    [InlineData("type: exec, command: [\"\", x]", "config.yaml:2:37: triggers[0].command: must name a program")]
    [InlineData("type: exec, command: [curl, \"${A_TOKEN:-hunter2}\"]", "config.yaml:2:37: triggers[0].command: variables are refused here")]
    [InlineData("type: exec, command: [x], url: \"https://x\"", "config.yaml:2:42: unknown key \"url\" in triggers[0]")]
    [InlineData("type: exec, command: [x], env: { \"A B\": c }", "config.yaml:2:56: triggers[0].env.A B: \"A B\" is not a name for a variable")]
    [InlineData("type: exec, command: [x], env: { REPOSENTRY_REF: c }", "config.yaml:2:65: triggers[0].env.REPOSENTRY_REF: variables that begin with REPOSENTRY_ tell of the event (choose another name)")]
    [InlineData("type: exec, command: [x], working_directory: /no/such/folder", "config.yaml:2:61: triggers[0].working_directory: the folder \"/no/such/folder\" does not exist")]
    [InlineData("type: exec, command: [x], timeout: 2h", "config.yaml:2:51: triggers[0].timeout: must be at most 1h, found \"2h\"")]
    public void A_mistake_in_a_trigger_of_another_type_is_told_with_its_place(string keys, string expected) => Told($"triggers:\n  - {{ name: a, {keys} }}\n", expected);

    [Theory]
    [InlineData("providers:\n  - { name: a, type: bitbucket-server }\n", "config.yaml:2:5: providers[0].url: must be given (where the instance is, such as https://bitbucket.corp)")]
    [InlineData("providers:\n  - { name: a, type: gitea }\n", "config.yaml:2:5: providers[0].url: must be given (where the instance is, such as https://codeberg.org)")]
    [InlineData("providers:\n  - { name: a }\n", "config.yaml:2:5: providers[0].type: must be given (one of github, gitlab, gitea, bitbucket, azure, git, forgejo, bitbucket-server, azuredevops)")]
    [InlineData("providers:\n  - { name: a b, type: git }\n", "config.yaml:2:13: providers[0].name: \"a b\" is not a name for a provider")]
    [InlineData("providers:\n  - { name: a, type: git, url: \"http://git.example\", token: \"${A_TOKEN:-x}\" }\n", "config.yaml:2:32: providers[0].url: a token must not travel over plain http")]
    [InlineData("providers:\n  - { name: a, type: git, ca_file: missing.pem }\n", "config.yaml:2:36: providers[0].ca_file: the file \"missing.pem\" does not exist (paths stand relative to the configuration file)")]
    [InlineData("providers: [{ name: g, type: gitlab, app: { app_id: 1, installation_id: 2, private_key: x } }]", "config.yaml:1:43: providers[0].app: is for providers of type github")]
    [InlineData("providers: [{ name: g, type: github, token: t, app: { app_id: 1, installation_id: 2, private_key: x } }]", "config.yaml:1:53: providers[0].app: stands beside token")]
    [InlineData("providers: [{ name: g, type: github, app: { app_id: 1, private_key: x } }]", "config.yaml:1:43: providers[0].app.installation_id: must be given")]
    [InlineData("providers: [{ name: g, type: github, app: { app_id: 1/2, installation_id: 2, private_key: x } }]", "config.yaml:1:53: providers[0].app.app_id: is a number that GitHub gave")]
    [InlineData("providers: [{ name: g, type: github, app: { app_id: Iv1abc, installation_id: abc, private_key: x } }]", "config.yaml:1:78: providers[0].app.installation_id: is a number that GitHub gave")]
    public void A_mistake_in_a_provider_is_told_with_its_place(string text, string expected) => Told(text, expected);

    [Theory]
    [InlineData("api: { tls: { cert_file: a.pem } }", "config.yaml:1:26: api.tls.cert_file: the file \"a.pem\" does not exist")]
    [InlineData("api: { tls: { cert_file: /etc/hostname } }", "config.yaml:1:26: api.tls.cert_file: key_file must be given too")]
    [InlineData("api: { tls: { cert_file: /etc/hostname, key_file: /etc/hostname } }", "config.yaml:1:26: api.tls.cert_file: holds no certificate that can be read")]
    [InlineData("api: { trusted_proxies: [10.0.0.0/99] }", "config.yaml:1:25: api.trusted_proxies: \"10.0.0.0/99\" is neither an address nor a network (such as 10.0.0.5 or 10.0.0.0/8)")]
    [InlineData("api: { rate_limit: 50 }", "config.yaml:1:20: api.rate_limit: expected requests per time, found \"50\" (such as 50/s, 600/m or 10000/h, or off)")]
    [InlineData("api: { rate_limit: 0/s }", "config.yaml:1:20: api.rate_limit: expected requests per time")]
    [InlineData("storage: { retention: { audit: 5s } }", "config.yaml:1:32: storage.retention.audit")]
    public void A_mistake_in_who_may_ask_is_told_with_its_place(string text, string expected) => Told(text, expected);

    [Theory]
    [InlineData("api: { oidc: { issuer: x } }", "api.oidc is not available")]
    [InlineData("storage: { type: postgres }", "storage.type: postgres is not available")]
    [InlineData("storage: { retention: { events: 5s } }", "storage.retention.events")]
    [InlineData("cluster: { node: a }", "cluster.node is not available")]
    [InlineData("telemetry: { otlp_endpoint: http://x }", "telemetry.otlp_endpoint is not available")]
    [InlineData("plugins: { directory: /p }", "plugins.directory is not available")]
    [InlineData("notifications: [a]", "notifications is not available")]
    [InlineData("events: { stores: [a] }", "events is not available")]
    [InlineData("repositories: [{ name: a, url: https://g/a, pull_requests: true }]", "repositories[0].pull_requests: plain Git knows no pull requests (name the provider")]
    [InlineData("repositories: [{ name: a, url: https://github.com/a/a, pull_requests: all }]", "repositories[0].pull_requests: expected true, false or forks, found \"all\"")]
    public void A_part_that_is_not_built_yet_is_refused(string text, string expected) => ConfigOf.Errors(text).ShouldHaveSingleItem().ShouldContain(expected);

    [Fact]
    public void A_section_that_says_nothing_is_no_key_of_AWS()
    {
        var errors = ConfigOf.Errors("providers: [{ name: c, type: git, url: \"https://g\", aws: {} }]");
        errors.ShouldContain(error => error.Contains("providers[0].aws.access_key_id: must be given", StringComparison.Ordinal));
        errors.ShouldContain(error => error.Contains("providers[0].aws.secret_access_key: must be given", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("providers: [{ name: c, type: gitea, url: \"https://g\", aws: { access_key_id: A, secret_access_key: \"${A_KEY:-x}\" } }]", "providers[0].aws: is for providers of type git")]
    [InlineData("providers: [{ name: c, type: git, url: \"https://g\", aws: { access_key_id: A } }]", "providers[0].aws.secret_access_key: must be given (a reference such as ${AWS_SECRET_KEY})")]
    [InlineData("providers: [{ name: c, type: git, aws: { access_key_id: A, secret_access_key: \"${A_KEY:-x}\" } }]", "providers[0].url: must be given (such as https://git-codecommit.eu-central-1.amazonaws.com)")]
    public void A_mistake_in_a_key_of_AWS_is_told(string text, string expected) => ConfigOf.Errors(text).ShouldHaveSingleItem().ShouldContain(expected);

    [Fact]
    public void All_errors_are_told_at_once_in_reading_order()
    {
        var errors = ConfigOf.Errors("polling:\n  interval: 5\nrepositories:\n  - url: x\n  - name: b\napi:\n  listen: x\n");

        errors.Select(error => error.Split(": ")[0]).ShouldBe(["config.yaml:2:13", "config.yaml:4:5", "config.yaml:4:10", "config.yaml:5:5", "config.yaml:7:11"]);
    }

    [Fact]
    public void Two_repositories_of_one_name_are_told_with_both_lines() =>
        ConfigOf.Errors("repositories:\n  - { name: web, url: https://g/a }\n  - { name: web, url: https://g/b }\n")
            .ShouldBe(["config.yaml:3:13: two repositories are named \"web\" (the first is at config.yaml:2:13)"]);

    [Fact]
    public void The_same_url_may_be_watched_twice() =>
        ConfigOf.Good("repositories:\n  - { name: a, url: https://g/a }\n  - { name: b, url: https://g/a }\n").Repositories.Count.ShouldBe(2);

    [Fact]
    public void A_missing_file_says_how_to_name_one() =>
        ConfigLoader.Load("/nowhere/config.yaml").Errors.ShouldHaveSingleItem().ToString().ShouldBe("/nowhere/config.yaml: the configuration file does not exist (name one with -c FILE; the README shows a small one)");

    private static void Told(string text, string expected) => ConfigOf.Errors(text).ShouldHaveSingleItem().ShouldStartWith(expected);
}
