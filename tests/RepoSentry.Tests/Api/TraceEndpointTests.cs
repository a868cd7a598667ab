using RepoSentry.Tests.Hosting;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Api;

public sealed class TraceEndpointTests
{
    [Theory]
    [InlineData("0000000000", 404, "Zeros stand for no commit")]
    [InlineData("1234567", 404, "Nothing recorded has to do with 1234567")]
    [InlineData("12", 400, "characters or more")]
    public async Task What_stands_for_nothing_finds_nothing(string id, int status, string reason)
    {
        await using var host = await FileHost.StartAsync("repositories: [{ name: a, url: \"http://127.0.0.1:1/a.git\", enabled: false }]\n");

        var (answered, problem) = await host.SendAsync(HttpMethod.Get, "/api/v1/trace/" + id);

        (answered, problem.GetProperty("detail").GetString()!.Contains(reason, StringComparison.Ordinal)).ShouldBe((status, true));
    }
}
