using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Polling.Discovery;
using RepoSentry.Providers;
using RepoSentry.Storage;
using RepoSentry.Tests.Api;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Hosting;

/// <summary>The whole service beside an organization in memory, whose listings are made on a clock of the test's own.</summary>
public sealed class DiscoveryTests
{
    private const string Rest = """
        triggers: [{ name: hook, type: webhook, url: "http://127.0.0.1:1/in" }]
        providers: [{ name: hub, type: github, url: "http://127.0.0.1:1" }]

        """;

    private const string File = Rest + "discovery: [{ provider: hub, organization: acme, exclude: [\"*-old\"] }]\n";

    private readonly FakeTimeProvider time = new(Build.Noon);
    private readonly Organization acme = new();
    private DiscoveryBook book = null!;

    [Fact]
    public async Task Repositories_arrive_and_leave_and_go_on_when_they_return()
    {
        acme.Add("1", "web").Add("2", "api").Add("3", "tool-old");
        await using var host = await StartAsync();
        await UntilAsync(host, "api", "web");
        var id = host.Polling.Repositories["web"].Id;
        (await host.SendAsync(HttpMethod.Get, "/api/v1/repositories/web")).Json.GetProperty("source").GetString().ShouldBe("discovery");

        acme.Add("4", "new");
        await ListAsync();
        await UntilAsync(host, "api", "new", "web");

        acme.Remove("1");
        await ListAsync();
        await UntilAsync(host, "api", "new");
        (await host.SendAsync(HttpMethod.Get, "/api/v1/repositories/web")).Json.GetProperty("status").GetString().ShouldBe("removed");

        acme.Add("1", "web");
        await ListAsync();
        await UntilAsync(host, "api", "new", "web");
        host.Polling.Repositories["web"].Id.ShouldBe(id);
    }

    [Fact]
    public async Task Archived_ones_leave_and_return_and_status_tells_what_was_found()
    {
        acme.Add("1", "web").Add("2", "api").Add("3", "tool-old");
        await using var host = await StartAsync();
        await UntilAsync(host, "api", "web");

        acme.Change("1", one => one with { Archived = true });
        await ListAsync();
        await UntilAsync(host, "api");
        var told = await StatusAsync(host);
        (told.GetProperty("provider").GetString(), told.GetProperty("organization").GetString(), told.GetProperty("found").GetInt32(), told.GetProperty("watched").GetInt32()).ShouldBe(("hub", "acme", 3, 1));
        told.GetProperty("listed_at").GetDateTimeOffset().ShouldBe(time.GetUtcNow());
        told.GetProperty("next_at").GetDateTimeOffset().ShouldBe(time.GetUtcNow().AddMinutes(10));
        told.TryGetProperty("problem", out var problem).ShouldBeTrue();
        problem.ValueKind.ShouldBe(JsonValueKind.Null);

        acme.Change("1", one => one with { Archived = false });
        await ListAsync();
        await UntilAsync(host, "api", "web");
    }

    [Fact]
    public async Task Renames_and_swaps_are_followed_by_id_with_their_history()
    {
        acme.Add("1", "web").Add("2", "api");
        await using var host = await StartAsync();
        await UntilAsync(host, "api", "web");
        await host.RecordAsync("web");
        var (web, api) = (host.Polling.Repositories["web"], host.Polling.Repositories["api"]);

        acme.Rename("1", "site");
        await ListAsync();
        await UntilAsync(host, "api", "site");
        host.Polling.Repositories["site"].ShouldBeSameAs(web);
        (await host.SendAsync(HttpMethod.Get, "/api/v1/events?repository=site")).Json.GetProperty("items").GetArrayLength().ShouldBe(1);

        acme.Rename("1", "api");
        acme.Rename("2", "site");
        await ListAsync();
        await RunningHost.UntilAsync(() => Task.FromResult(host.Polling.Repositories["api"] == web));
        host.Polling.Repositories["site"].ShouldBeSameAs(api);
        web.Config.Url.AbsolutePath.ShouldBe("/acme/api");
        (await host.SendAsync(HttpMethod.Get, "/api/v1/events?repository=api")).Json.GetProperty("items").GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task A_forge_that_does_not_answer_holds_up_no_other_listing_and_no_stop() // kargo#2836
    {
        acme.Add("1", "web");
        await using var host = await StartAsync(Rest + "discovery: [{ provider: hub, organization: slow }, { provider: hub, organization: acme }]\n");
        await UntilAsync(host, "web");

        acme.Add("2", "api");
        await ListAsync();
        await UntilAsync(host, "api", "web");
    }

    [Fact]
    public async Task One_that_a_single_listing_misses_is_not_gone()
    {
        acme.Add("1", "web").Add("2", "api");
        await using var host = await StartAsync();
        await UntilAsync(host, "api", "web");

        acme.MissesOnce = "2"; // a page shifted
        acme.Add("3", "new");
        await ListAsync();
        await UntilAsync(host, "api", "new", "web");
        acme.Listings.ShouldBe(3);
    }

    [Fact]
    public async Task When_many_are_gone_at_once_three_listings_over_ten_minutes_have_to_agree()
    {
        for (var number = 1; number <= 30; number++)
        {
            acme.Add($"{number}", $"r{number:00}");
        }

        await using var host = await StartAsync();
        await RunningHost.UntilAsync(() => Task.FromResult(host.Names.Count == 30));
        acme.Clear();
        acme.Add("99", "new");

        await ListAsync();
        await RunningHost.UntilAsync(() => Task.FromResult(host.Names.Count == 31)); // what arrives is believed
        var problem = (await StatusAsync(host)).GetProperty("problem").GetString()!;
        problem.ShouldStartWith("30 of 30 repositories are gone at once");
        (await host.SendAsync(HttpMethod.Get, "/healthz?verbose")).Json.GetRawText().ShouldContain("30 of 30 repositories are gone at once");

        await ListAsync(TimeSpan.FromMinutes(5));
        host.Names.Count.ShouldBe(31);
        await ListAsync(TimeSpan.FromMinutes(5));
        await UntilAsync(host, "new");
        (await StatusAsync(host)).GetProperty("problem").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task A_listing_that_fails_keeps_all_is_told_and_is_repeated_as_the_forge_asks()
    {
        acme.Add("1", "web");
        await using var host = await StartAsync();
        await UntilAsync(host, "web");

        acme.Clear();
        acme.Failure = new RefSourceException(RefSourceError.RateLimited, "the rate limit is reached", TimeSpan.FromMinutes(3));
        await ListAsync();
        var told = await StatusAsync(host);
        told.GetProperty("problem").GetString().ShouldBe("the rate limit is reached");
        told.GetProperty("next_at").GetDateTimeOffset().ShouldBe(time.GetUtcNow().AddMinutes(3));
        host.Names.ShouldBe(["web"]);
        (await host.SendAsync(HttpMethod.Get, "/readyz")).Status.ShouldBe(200);
        (await host.SendAsync(HttpMethod.Get, "/api/v1/status")).Json.GetProperty("components").GetProperty("discovery:hub/acme").GetProperty("status").GetString().ShouldBe("degraded");

        acme.Failure = new RefSourceException(RefSourceError.Unavailable, "no answer");
        await ListAsync(TimeSpan.FromMinutes(3));
        acme.Failure = null;
        acme.Add("1", "web").Add("2", "api");
        await ListAsync(TimeSpan.FromMinutes(1));
        await UntilAsync(host, "api", "web");
    }

    [Fact]
    public async Task A_restart_watches_at_once_what_was_listed_and_follows_what_was_renamed_meanwhile()
    {
        acme.Add("1", "web").Add("2", "api");
        await using var host = await StartAsync();
        await UntilAsync(host, "api", "web");
        var id = host.Polling.Repositories["web"].Id;
        await host.StopAsync();

        acme.Failure = new RefSourceException(RefSourceError.Unavailable, "no answer");
        await host.StartAsync();
        host.Names.ShouldBe(["api", "web"]);

        acme.Failure = null;
        acme.Rename("1", "site");
        await ListAsync(TimeSpan.FromMinutes(1));
        await UntilAsync(host, "api", "site");
        host.Polling.Repositories["site"].Id.ShouldBe(id);
    }

    [Fact]
    public async Task The_file_and_the_API_come_first_and_what_was_discovered_is_changed_by_neither()
    {
        acme.Add("1", "web").Add("2", "api");
        await using var host = await StartAsync();
        await UntilAsync(host, "api", "web");
        var id = host.Polling.Repositories["web"].Id;

        (await host.SendAsync(HttpMethod.Delete, "/api/v1/repositories/web")).Json.GetProperty("detail").GetString()!.ShouldContain("exclude it");
        (await host.SendAsync(HttpMethod.Put, "/api/v1/repositories/web", new { url = "http://127.0.0.1:1/x/y.git" })).Status.ShouldBe(409);
        (await host.SendAsync(HttpMethod.Post, "/api/v1/repositories/web/pause")).Status.ShouldBe(202);
        (await host.SendAsync(HttpMethod.Post, "/api/v1/repositories/web/resume")).Status.ShouldBe(202);

        (await host.SendAsync(HttpMethod.Post, "/api/v1/repositories", new { name = "shop", url = "http://127.0.0.1:1/acme/web.git" })).Status.ShouldBe(201);
        host.Names.ShouldBe(["api", "shop"]);
        host.Polling.Repositories["shop"].Id.ShouldBe(id);
        (await host.SendAsync(HttpMethod.Delete, "/api/v1/repositories/shop")).Status.ShouldBe(204);
        host.Names.ShouldBe(["api", "web"]);

        host.Write(File + "repositories: [{ name: api, url: \"http://127.0.0.1:1/other/api.git\" }]\n");
        (await host.ReloadAsync()).Status.ShouldBe(200);
        host.Names.ShouldBe(["acme/api", "api", "web"]);
    }

    [Fact]
    public async Task Another_entry_is_listed_at_once_another_filter_holds_at_once_and_one_that_leaves_takes_its_repositories_along()
    {
        acme.Add("1", "web").Add("2", "api");
        await using var host = await StartAsync(Rest + "repositories: [{ name: of-file, url: \"http://127.0.0.1:1/f/f.git\" }]\n");
        host.Names.ShouldBe(["of-file"]);

        host.Write(File + "repositories: [{ name: of-file, url: \"http://127.0.0.1:1/f/f.git\" }]\n");
        (await host.ReloadAsync()).Json.GetProperty("changes").GetRawText().ShouldContain("discovery hub/acme added");
        await UntilAsync(host, "api", "of-file", "web");

        host.Write(File.Replace("*-old", "a*", StringComparison.Ordinal) + "repositories: [{ name: of-file, url: \"http://127.0.0.1:1/f/f.git\" }]\n");
        (await host.ReloadAsync()).Json.GetProperty("changes").GetRawText().ShouldContain("discovery hub/acme changed");
        host.Names.ShouldBe(["of-file", "web"]);

        host.Write(Rest + "repositories: [{ name: of-file, url: \"http://127.0.0.1:1/f/f.git\" }]\n");
        (await host.ReloadAsync()).Json.GetProperty("errors").GetRawText().ShouldContain("all 1 discoveries of the file are gone from it");
        host.Names.ShouldBe(["of-file", "web"]);

        host.Write(File.Replace("acme", "other", StringComparison.Ordinal) + "repositories: [{ name: of-file, url: \"http://127.0.0.1:1/f/f.git\" }]\n");
        acme.Clear();
        (await host.ReloadAsync()).Json.GetProperty("changes").GetRawText().ShouldContain("discovery hub/acme removed");
        await UntilAsync(host, "of-file");
    }

    private Task<FileHost> StartAsync(string file = File) => FileHost.StartAsync(file, customize: services => services
        .AddSingleton(provider => new DiscoveryWorker(
            provider.GetRequiredService<CurrentConfig>(), _ => acme, provider.GetRequiredService<ListingStore>(), book = provider.GetRequiredService<DiscoveryBook>(), provider.GetRequiredService<ConfigRequests>(), time, NullLogger<DiscoveryWorker>.Instance)));

    /// <summary>Makes the next listing, when the one before is over.</summary>
    private async Task ListAsync(TimeSpan? after = null)
    {
        await IsPlannedAsync();
        time.Advance(after ?? TimeSpan.FromMinutes(10));
        await IsPlannedAsync();
    }

    private Task IsPlannedAsync() => RunningHost.UntilAsync(() => Task.FromResult(book.Of("hub/acme").NextAt > time.GetUtcNow()));

    private static Task UntilAsync(FileHost host, params string[] names) => RunningHost.UntilAsync(() => Task.FromResult(host.Names.SequenceEqual(names)));

    private static async Task<JsonElement> StatusAsync(FileHost host) => (await host.SendAsync(HttpMethod.Get, "/api/v1/status")).Json.GetProperty("discovery")[0];

    /// <summary>Its repositories, by id.</summary>
    private sealed class Organization : IRepositoryLister
    {
        private readonly SortedDictionary<int, ListedRepository> repositories = [];

        public RefSourceException? Failure { get; set; }

        /// <summary>An id that the next listing leaves out.</summary>
        public string? MissesOnce { get; set; }

        public int Listings { get; private set; }

        public Organization Add(string id, string name)
        {
            lock (repositories)
            {
                repositories[int.Parse(id, null)] = Named(id, name);
            }

            return this;
        }

        public void Rename(string id, string name) => Change(id, one => Named(id, name));

        public void Change(string id, Func<ListedRepository, ListedRepository> change)
        {
            lock (repositories)
            {
                repositories[int.Parse(id, null)] = change(repositories[int.Parse(id, null)]);
            }
        }

        public void Remove(string id)
        {
            lock (repositories)
            {
                repositories.Remove(int.Parse(id, null));
            }
        }

        public void Clear()
        {
            lock (repositories)
            {
                repositories.Clear();
            }
        }

        public async Task<IReadOnlyList<ListedRepository>> ListAsync(string organization, CancellationToken cancellationToken, bool onlyFirst = false)
        {
            if (organization == "slow")
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            }

            lock (repositories)
            {
                Listings++;
                var told = Failure is { } failure ? throw failure : repositories.Values.Where(one => one.Id != MissesOnce).ToList();
                MissesOnce = null;
                return told;
            }
        }

        private static ListedRepository Named(string id, string name) => new(id, "acme/" + name, name, new Uri("http://127.0.0.1:1/acme/" + name));
    }
}
