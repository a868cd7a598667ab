using RepoSentry.Storage;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Storage;

public abstract class ListingStoreContract : StoreContract
{
    private ListingStore Listings => new(Database);

    [Fact]
    public async Task A_listing_comes_back_as_it_was_and_another_takes_its_place()
    {
        var web = new ListedRepository("1", "acme/shop/web", "shop/web", new Uri("https://git.example/acme/shop/web.git")) { ShortName = "web", Archived = true, Topics = "ci\ntwo words" };
        var tool = new ListedRepository("2", "acme/tool", "tool", new Uri("https://git.example/acme/tool.git")) { Fork = true };
        await Listings.SaveAsync(new Listing("a/acme", Time.GetUtcNow(), [web, tool]), Token);
        await Listings.SaveAsync(new Listing("a/other", Time.GetUtcNow(), []), Token);

        var loaded = await Listings.LoadAsync(Token);
        loaded.Single(one => one.Discovery == "a/acme").Repositories.ShouldBe([web, tool]);
        loaded.Single(one => one.Discovery == "a/other").Repositories.ShouldBeEmpty();

        var later = Time.GetUtcNow().AddMinutes(10);
        await Listings.SaveAsync(new Listing("a/acme", later, [web with { Archived = false }]), Token);
        var changed = (await Listings.LoadAsync(Token)).Single(one => one.Discovery == "a/acme");
        changed.Repositories.ShouldBe([web with { Archived = false }]);
        changed.ListedAt.ShouldBe(later);
    }

    [Fact]
    public async Task What_is_configured_no_more_is_forgotten()
    {
        var web = new ListedRepository("1", "acme/web", "web", new Uri("https://git.example/acme/web.git"));
        await Listings.SaveAsync(new Listing("a/acme", Time.GetUtcNow(), [web]), Token);
        await Listings.SaveAsync(new Listing("a/other", Time.GetUtcNow(), [web]), Token);

        await Listings.KeepOnlyAsync(["a/other"], Token);

        (await Listings.LoadAsync(Token)).ShouldHaveSingleItem().Discovery.ShouldBe("a/other");
        (await ScalarAsync<long>("SELECT COUNT(*) FROM listed_repositories")).ShouldBe(1);
    }
}
