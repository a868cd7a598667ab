using System.Net;
using System.Text.Json;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using RepoSentry.Api.Access;
using RepoSentry.Storage;
using RepoSentry.Storage.Sqlite;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Api.Access;

public sealed class TokenTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void A_token_is_found_by_scanners_and_told_from_a_typing_error()
    {
        var secrets = Enumerable.Range(0, 100).Select(_ => TokenSecret.Create()).ToList();
        secrets.ShouldBeUnique();
        secrets.ShouldAllBe(secret => secret.StartsWith("rst_", StringComparison.Ordinal) && secret.Length == 53 && TokenSecret.IsWellFormed(secret));
        foreach (var at in Enumerable.Range(4, 49))
        {
            var changed = secrets[0].ToCharArray();
            changed[at] = changed[at] == 'a' ? 'b' : 'a';
            TokenSecret.IsWellFormed(new string(changed)).ShouldBeFalse();
        }
    }

    [Fact]
    public async Task A_token_is_shown_once_and_nothing_of_it_is_stored_but_a_digest()
    {
        await using var story = await AccessStory.StartAsync();
        using var response = await story.SendAsync(HttpMethod.Post, "/api/v1/tokens", AccessStory.Bootstrap, new { name = "ci", role = "operator", expires_in = "90d" });
        response.StatusCode.ShouldBe(HttpStatusCode.Created);
        var created = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Token)).RootElement;
        var secret = created.GetProperty("token").GetString()!;
        secret.ShouldStartWith("rst_");
        (created.GetProperty("expires_at").GetDateTimeOffset() - TimeProvider.System.GetUtcNow()).TotalDays.ShouldBeInRange(89, 91);

        (await story.StatusAsync(HttpMethod.Get, "/api/v1/status", secret)).ShouldBe(200); // at once, not after the next check
        var list = (await story.JsonAsync(HttpMethod.Get, "/api/v1/tokens", AccessStory.Bootstrap)).ToString();
        list.ShouldContain(secret[..12]);
        list.ShouldNotContain(secret[12..]);
        using var connection = SqliteDatabase.Connect(story.Host.DatabasePath, Microsoft.Data.Sqlite.SqliteOpenMode.ReadOnly);
        var row = string.Join(' ', (IDictionary<string, object>)connection.QuerySingle("SELECT * FROM api_tokens"));
        row.ShouldContain(TokenSecret.Digest(secret));
        row.ShouldNotContain(secret[12..]);
    }

    [Theory]
    [InlineData("""{"role":"viewer"}""")]
    [InlineData("""{"name":"local","role":"viewer"}""")]
    [InlineData("""{"name":"17","role":"viewer"}""")]
    [InlineData("""{"name":"a b","role":"viewer"}""")]
    [InlineData("""{"name":"ci"}""")]
    [InlineData("""{"name":"ci","role":"root"}""")]
    [InlineData("""{"name":"ci","role":"admin","expires_in":"soon"}""")]
    [InlineData("""{"name":"ci","role":"admin","expires_at":"2001-01-01T00:00:00Z"}""")]
    [InlineData("""{"name":"ci","role":"admin","expires_in":"1d","expires_at":"2101-01-01T00:00:00Z"}""")]
    [InlineData("""{"name":"ci","role":"admin","scope":"all"}""")]
    [InlineData("[]")]
    public async Task A_request_that_does_not_say_what_it_wants_makes_no_token(string body)
    {
        await using var story = await AccessStory.StartAsync();
        using var content = JsonDocument.Parse(body);
        (await story.StatusAsync(HttpMethod.Post, "/api/v1/tokens", AccessStory.Bootstrap, content.RootElement)).ShouldBe(400);
        (await story.JsonAsync(HttpMethod.Get, "/api/v1/tokens", AccessStory.Bootstrap)).GetProperty("items").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task A_name_is_used_once_and_is_free_again_when_its_token_is_revoked()
    {
        await using var story = await AccessStory.StartAsync();
        var body = new { name = "ci", role = "viewer" };
        var first = (await story.JsonAsync(HttpMethod.Post, "/api/v1/tokens", AccessStory.Bootstrap, body)).GetProperty("token").GetString();
        (await story.StatusAsync(HttpMethod.Post, "/api/v1/tokens", AccessStory.Bootstrap, body)).ShouldBe(409);
        (await story.StatusAsync(HttpMethod.Delete, "/api/v1/tokens/ci", AccessStory.Bootstrap)).ShouldBe(204);
        (await story.StatusAsync(HttpMethod.Delete, "/api/v1/tokens/ci", AccessStory.Bootstrap)).ShouldBe(404);
        using var refused = await story.SendAsync(HttpMethod.Get, "/api/v1/status", first);
        refused.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await refused.Content.ReadAsStringAsync(Token)).ShouldContain("token ci was revoked");
        var second = await story.JsonAsync(HttpMethod.Post, "/api/v1/tokens", AccessStory.Bootstrap, body);
        (await story.StatusAsync(HttpMethod.Delete, "/api/v1/tokens/" + second.GetProperty("id"), AccessStory.Bootstrap)).ShouldBe(204);
        (await story.JsonAsync(HttpMethod.Get, "/api/v1/tokens?revoked=true", AccessStory.Bootstrap)).GetProperty("items").GetArrayLength().ShouldBe(2);
    }

    [Fact]
    public async Task A_stream_ends_when_its_token_is_revoked()
    {
        await using var story = await AccessStory.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/api/v1/events/stream", UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + await story.CreateAsync("ci", Role.Viewer));
        using var response = await story.Host.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        await story.Tokens.RevokeAsync("ci", Token);

        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var told = await response.Content.ReadAsStringAsync(limit.Token);
        told.ShouldStartWith("retry:");
        told.ShouldNotContain("heartbeat");
    }

    [Fact]
    public async Task A_token_that_another_process_revokes_ends_in_the_running_service()
    {
        await using var story = await AccessStory.StartAsync();
        var secret = await story.CreateAsync("ci", Role.Viewer);
        await RunningHost.UntilAsync(async () => await story.StatusAsync(HttpMethod.Get, "/api/v1/status", secret) == 200);
        await using (var other = SqliteDatabase.Open(story.Host.DatabasePath))
        {
            (await new TokenStore(other, TimeProvider.System).RevokeAsync("ci", Token)).ShouldNotBeNull();
        }

        await RunningHost.UntilAsync(async () => await story.StatusAsync(HttpMethod.Get, "/api/v1/status", secret) == 401);
    }

    [Fact]
    public async Task When_a_token_was_used_last_is_written_for_many_requests_at_once()
    {
        await using var story = await AccessStory.StartAsync();
        var secret = await story.CreateAsync("ci", Role.Viewer);
        foreach (var _ in Enumerable.Range(0, 20))
        {
            (await story.StatusAsync(HttpMethod.Get, "/api/v1/status", secret)).ShouldBe(200);
        }

        (await story.Tokens.ListAsync(0, revoked: false, 10, Token))[0].LastUsedAt.ShouldBeNull();
        await story.Host.Services.GetRequiredService<TokenBook>().RecordUsesAsync(Token);
        var used = (await story.Tokens.ListAsync(0, revoked: false, 10, Token))[0];
        used.LastUsedAt.ShouldNotBeNull();
        used.LastUsedFrom.ShouldBe("127.0.0.1");
    }
}
