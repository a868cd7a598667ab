using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Api;

public sealed class ConditionalRequestTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/api/v1/repositories")]
    [InlineData("/api/v1/repositories/web")]
    [InlineData("/api/v1/repositories/web/refs")]
    [InlineData("/api/v1/events")]
    [InlineData("/api/v1/deliveries")]
    [InlineData("/api/v1/triggers")]
    [InlineData("/api/v1/tokens")]
    public async Task What_the_caller_has_already_is_not_sent_again(string path)
    {
        await using var host = await RunningHost.StartAsync();
        HttpResponseMessage? again = null;
        await RunningHost.UntilAsync(async () =>
        {
            using var first = await SendAsync(host, HttpMethod.Get, path);
            again = await SendAsync(host, HttpMethod.Get, path, ("If-None-Match", $"\"other\", W/{first.Headers.ETag.ShouldNotBeNull()}"));
            return again.StatusCode == HttpStatusCode.NotModified;
        });
        (await again!.Content.ReadAsStringAsync(Token)).ShouldBeEmpty();
        using var other = await SendAsync(host, HttpMethod.Get, path, ("If-None-Match", "\"other\""));
        other.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_change_that_somebody_else_made_meanwhile_is_not_overwritten()
    {
        await using var host = await RunningHost.StartAsync();
        using var made = await SendAsync(host, HttpMethod.Post, "/api/v1/repositories", body: Entry("main"));
        made.StatusCode.ShouldBe(HttpStatusCode.Created);
        var old = made.Headers.ETag.ShouldNotBeNull().ToString();
        using var changed = await SendAsync(host, HttpMethod.Put, "/api/v1/repositories/extra", ("If-Match", old), Entry("release"));
        changed.StatusCode.ShouldBe(HttpStatusCode.OK);
        using var late = await SendAsync(host, HttpMethod.Put, "/api/v1/repositories/extra", ("If-Match", old), Entry("dev"));
        late.StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await late.Content.ReadAsStringAsync(Token)).ShouldContain("problems/precondition-failed");
        using var kept = await SendAsync(host, HttpMethod.Delete, "/api/v1/repositories/extra", ("If-Match", old));
        kept.StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);
        var current = changed.Headers.ETag.ShouldNotBeNull().ToString();
        using var gone = await SendAsync(host, HttpMethod.Delete, "/api/v1/repositories/extra", ("If-Match", current));
        gone.StatusCode.ShouldBe(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task A_look_in_between_does_not_refuse_a_change()
    {
        await using var host = await RunningHost.StartAsync(config => config with { Security = config.Security with { AllowedNetworks = ["127.0.0.0/8"] } }); // else the look is refused at once, and may end before the answer
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var port = ((IPEndPoint)silent.LocalEndpoint).Port;
        using var made = await SendAsync(host, HttpMethod.Post, "/api/v1/repositories", body: Entry("main", port));
        var tag = made.Headers.ETag!.ToString();
        silent.Stop(); // only now does the look end
        await RunningHost.UntilAsync(async () => (await host.JsonAsync("/api/v1/repositories/extra")).GetProperty("status").GetString() == "error");
        using var now = await SendAsync(host, HttpMethod.Get, "/api/v1/repositories/extra");
        now.Headers.ETag!.ToString().ShouldNotBe(tag);
        using var changed = await SendAsync(host, HttpMethod.Put, "/api/v1/repositories/extra", ("If-Match", tag), Entry("release", port));
        changed.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    private static object Entry(string branch, int port = 1) => new { name = "extra", url = $"http://127.0.0.1:{port}/extra.git", provider = "git", branches = new[] { branch } };

    private static async Task<HttpResponseMessage> SendAsync(RunningHost host, HttpMethod method, string path, (string Name, string Value) header = default, object? body = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = body is null ? null : JsonContent.Create(body) };
        if (header.Name is not null)
        {
            request.Headers.TryAddWithoutValidation(header.Name, header.Value);
        }

        return await host.Http.SendAsync(request, Token);
    }
}
