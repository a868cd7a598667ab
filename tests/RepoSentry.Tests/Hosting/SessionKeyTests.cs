using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using RepoSentry.Abstractions;
using RepoSentry.Api.Access;
using RepoSentry.Cli.Checks;
using RepoSentry.Configuration;
using RepoSentry.Configuration.Secrets;
using RepoSentry.Storage;
using RepoSentry.Tests.Api.Access;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Hosting;

public sealed class SessionKeyTests
{
    private const string Bootstrap = "bootstrap-token-of-the-tests";
    private const string File = """
        providers: [{ name: inner, type: git, url: "http://127.0.0.1:1" }]
        repositories: [{ name: of-file, url: "http://127.0.0.1:1/f.git", polling_interval: 1h }]

        """;

    private static readonly string Old = new('o', 40);
    private static readonly string New = new('n', 40);

    [Fact]
    public async Task Its_keys_stand_sealed_in_the_database_and_nowhere_in_plain()
    {
        await using var host = await FileHost.StartAsync(File, Old, bootstrap: Bootstrap);
        using var browser = new Browser(host.Server);
        await browser.SignInAsync(Bootstrap);

        var row = Rows(host).ShouldHaveSingleItem();
        var (plain, problem) = row.Open(new MasterKey(new Secret(Old)));
        problem.ShouldBeNull();
        var secret = System.Xml.Linq.XElement.Parse(plain!).Descendants("value").Single().Value;
        secret.Length.ShouldBeGreaterThan(40);
        var files = Directory.GetFiles(Path.GetDirectoryName(host.Database)!, "*.db*").Where(file => !file.EndsWith(".lock", StringComparison.Ordinal)).ToList();
        files.ShouldContain(host.Database + "-wal");
        foreach (var file in files)
        {
            var text = await System.IO.File.ReadAllTextAsync(file, System.Text.Encoding.Latin1, TestContext.Current.CancellationToken);
            text.ShouldNotContain(secret, customMessage: file);
            text.ShouldNotContain("masterKey", customMessage: file);
        }
    }

    [Fact]
    public async Task Sessions_hold_while_the_master_key_is_changed_and_after_a_start_with_the_new_one()
    {
        await using var host = await FileHost.StartAsync(File, Old, bootstrap: Bootstrap);
        using var browser = new Browser(host.Server);
        await browser.SignInAsync(Bootstrap);
        var before = Rows(host).Single().Sealed;

        host.WriteMasterKey($"{New}\n{Old}\n");
        var (status, answer) = await browser.SendAsync(HttpMethod.Post, "/api/v1/secrets/rotate");
        (status, answer.GetProperty("resealed").GetInt32(), answer.GetProperty("dropped").GetInt32()).ShouldBe((200, 1, 0));
        Rows(host).Single().Sealed.ShouldNotBe(before);
        (await browser.StatusAsync()).ShouldBe(200);

        host.WriteMasterKey(New);
        await host.StopAsync();
        await host.StartAsync();
        using var again = new Browser(host.Server);
        again.Take(browser.Cookie!);
        again.Proof = browser.Proof;
        (await again.StatusAsync()).ShouldBe(200);
        (await again.SendAsync(HttpMethod.Post, "/api/v1/reload")).Status.ShouldBe(200);
    }

    [Fact]
    public async Task A_key_that_no_line_opens_is_told_everywhere_ends_only_sessions_and_is_dropped_by_a_rotation()
    {
        await using var host = await FileHost.StartAsync(File, Old, bootstrap: Bootstrap);
        using var browser = new Browser(host.Server);
        await browser.SignInAsync(Bootstrap);
        (await ConfigHealthAsync(browser)).ShouldBe(("ok", null));

        host.WriteMasterKey(New);
        var (state, told) = await ConfigHealthAsync(browser);
        state.ShouldBe("degraded");
        told!.ShouldContain("keys of browser sessions are sealed with the key");
        var loaded = ConfigLoader.Load(host.File);
        MachineChecks.Sealed(loaded.Config!, loaded.Entries!).ShouldHaveSingleItem().Message.ShouldContain("no line of security.master_key");

        await host.StopAsync();
        await host.StartAsync();
        using var again = new Browser(host.Server);
        again.Take(browser.Cookie!);
        (await again.StatusAsync()).ShouldBe(401);
        await again.SignInAsync(Bootstrap);
        (await again.StatusAsync()).ShouldBe(200);
        (await ConfigHealthAsync(again)).Status.ShouldBe("degraded");
        (await again.SendAsync(HttpMethod.Post, "/api/v1/secrets/rotate")).Json.GetProperty("dropped").GetInt32().ShouldBe(1);
        (await ConfigHealthAsync(again)).ShouldBe(("ok", null));
        (await again.StatusAsync()).ShouldBe(200);
    }

    [Fact]
    public async Task A_wrong_master_key_shows_as_soon_as_it_is_in_place()
    {
        await using var host = await FileHost.StartAsync(File, Old);
        using var browser = new Browser(host.Server);
        await host.SendAsync(HttpMethod.Post, "/api/v1/repositories", new { name = "web", url = "http://127.0.0.1:1/x.git", token = "glpat-0123456789" });
        (await ConfigHealthAsync(browser)).ShouldBe(("ok", null));

        host.WriteMasterKey(New);
        var (status, message) = await ConfigHealthAsync(browser);
        status.ShouldBe("degraded");
        message!.ShouldContain("the next start fails");
        (await browser.StatusAsync("/readyz")).ShouldBe(200);

        host.WriteMasterKey($"{New}\n{Old}");
        (await ConfigHealthAsync(browser)).ShouldBe(("ok", null));
    }

    [Fact]
    public async Task With_a_wrong_master_key_no_token_is_sealed()
    {
        await using var host = await FileHost.StartAsync(File, Old, bootstrap: Bootstrap);
        using var browser = new Browser(host.Server);
        await browser.SignInAsync(Bootstrap);
        (await browser.SendAsync(HttpMethod.Post, "/api/v1/repositories", new { name = "own", url = "http://127.0.0.1:1/x.git", token = "glpat-0123456789" })).Status.ShouldBe(201);

        host.WriteMasterKey(New);
        var (status, answer) = await browser.SendAsync(HttpMethod.Post, "/api/v1/repositories", new { name = "other", url = "http://127.0.0.1:1/y.git", token = "glpat-0123456789" });
        (status, answer.ToString().Contains("no token is sealed meanwhile", StringComparison.Ordinal)).ShouldBe((422, true));
        (await browser.SendAsync(HttpMethod.Post, "/api/v1/repositories", new { name = "open", url = "http://127.0.0.1:1/z.git" })).Status.ShouldBe(201);
        host.WriteMasterKey(Old);
        await host.StopAsync();
        await host.StartAsync();
    }

    [Fact]
    public async Task A_key_that_is_too_short_seals_nothing_and_shows()
    {
        await using var host = await FileHost.StartAsync(File, Old, bootstrap: Bootstrap);
        using var browser = new Browser(host.Server);
        await browser.SignInAsync(Bootstrap);

        host.WriteMasterKey("short");
        (await ConfigHealthAsync(browser)).Message!.ShouldContain("needs at least 32 characters");
        (await browser.SendAsync(HttpMethod.Post, "/api/v1/repositories", new { name = "own", url = "http://127.0.0.1:1/x.git", token = "glpat-0123456789" })).Status.ShouldBe(422);
        (await browser.SendAsync(HttpMethod.Post, "/api/v1/secrets/rotate")).Status.ShouldBe(409);
        using var other = new Browser(host.Server);
        (await other.SendAsync(HttpMethod.Post, "/api/v1/session", new { token = Bootstrap })).Status.ShouldBe(503);
        (await browser.StatusAsync()).ShouldBe(200, "who is signed in stays so");
        host.WriteMasterKey(Old);
        (await ConfigHealthAsync(browser)).ShouldBe(("ok", null));
    }

    [Fact]
    public async Task Keys_that_a_rotation_drops_are_used_no_longer()
    {
        await using var host = await FileHost.StartAsync(File, Old, bootstrap: Bootstrap);
        using var browser = new Browser(host.Server);
        await browser.SignInAsync(Bootstrap);
        host.WriteMasterKey(New);
        (await browser.SendAsync(HttpMethod.Post, "/api/v1/secrets/rotate")).Json.GetProperty("dropped").GetInt32().ShouldBe(1);

        (await browser.StatusAsync()).ShouldBe(401);
        using var again = new Browser(host.Server);
        await again.SignInAsync(Bootstrap);
        Rows(host).ShouldHaveSingleItem().Open(new MasterKey(new Secret(New))).Problem.ShouldBeNull();
    }

    [Fact]
    public async Task A_key_that_another_process_made_is_found_when_its_cookie_comes()
    {
        await using var host = await FileHost.StartAsync(File, $"{Old}\n{New}", bootstrap: Bootstrap);
        using var browser = new Browser(host.Server);
        await browser.SignInAsync(Bootstrap);
        var config = new CurrentConfig(new SentryConfig { Security = new SecurityConfig { MasterKey = new Secret(New) } }); // opens not what the first has made, so it makes its own
        using var other = new SessionCookies(new KeyRing(host.Services.GetRequiredService<SealedStore>(), new SealsInUse(), config, NullLogger<KeyRing>.Instance), TimeProvider.System);

        var proof = other.Proof("a session");

        Rows(host).Count.ShouldBe(2);
        (await host.Services.GetRequiredService<SessionCookies>().IsProofAsync("a session", proof, TestContext.Current.CancellationToken)).ShouldBeTrue();
        (await host.Services.GetRequiredService<SessionCookies>().IsProofAsync("another session", proof, TestContext.Current.CancellationToken)).ShouldBeFalse();
    }

    private static async Task<(string? Status, string? Message)> ConfigHealthAsync(Browser browser)
    {
        var (_, json) = await browser.SendAsync(HttpMethod.Get, "/healthz?verbose");
        var config = json.GetProperty("components").GetProperty("config");
        return (config.GetProperty("status").GetString(), config.TryGetProperty("message", out var message) ? message.GetString() : null);
    }

    private static List<SealedKey> Rows(FileHost host)
    {
        using var connection = new SqliteConnection($"Data Source={host.Database};Mode=ReadOnly;Pooling=False");
        return connection.Query<SealedKey>("SELECT name, sealed FROM key_ring").AsList();
    }
}
