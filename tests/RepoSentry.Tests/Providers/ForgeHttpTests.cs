using RepoSentry.Abstractions;
using RepoSentry.Providers;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Providers;

public sealed class ForgeHttpTests
{
    private static readonly string NoName = $"https://{string.Concat(Enumerable.Repeat("é.", 200))}example/acme/web?page=2"; // longer than a name may be, which is found when it is asked for

    [Fact]
    public void An_address_whose_host_is_no_name_leads_nowhere()
    {
        var at = new Uri("https://forge.example/api");
        Should.Throw<RefSourceException>(() => ForgeHttp.QueryOf(NoName, at, "next")).Error.ShouldBe(RefSourceError.Malformed);
        ForgeHttp.QueryOf("https://FORGE.example/api?page=2", at, "next").ShouldBe("?page=2");
        ForgeHttp.MovedTo(new Uri("https://forge.example/acme/old"), "acme/web", NoName).ShouldBeNull();
        ForgeHttp.MovedTo(new Uri("https://forge.example/acme/old"), "acme/web", "https://forge.example/acme/web").ShouldBe(new Uri("https://forge.example/acme/web"));
    }
}
