using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using RepoSentry.Api;
using RepoSentry.Cli.Client;
using RepoSentry.Delivery;
using RepoSentry.Storage;
using RepoSentry.Tests.Api.Access;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Api;

public sealed class EventStreamTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_reader_whose_connection_ends_in_a_burst_goes_on_without_gap_or_repetition()
    {
        await using var host = await RunningHost.StartAsync();
        var burst = host.RecordAsync(300);
        var (names, last, connections) = (new List<string>(), "0", 0);
        while (names.Count < 300)
        {
            connections++;
            await using var stream = await OpenAsync(host, last: last);
            await foreach (var message in stream.MessagesAsync().Take(37))
            {
                last = message.Id.ShouldNotBeNull();
                names.Add(Data(message).GetProperty("branch_name").GetString()!);
                if (names.Count == 300)
                {
                    break;
                }
            }
        }

        await burst;
        connections.ShouldBe(9);
        names.ShouldBe(Enumerable.Range(1, 300).Select(number => $"b{number}"));
    }

    [Fact]
    public async Task Twenty_readers_are_told_the_same()
    {
        await using var host = await RunningHost.StartAsync();
        var readers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => OpenAsync(host)));
        await host.RecordAsync(100);
        foreach (var reader in readers)
        {
            var ids = await reader.MessagesAsync().Take(100).Select(message => message.Id!).ToListAsync(Token);
            ids.ShouldBe(Enumerable.Range(1, 100).Select(number => $"{number}"));
            await reader.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_reader_that_was_slow_is_caught_up_from_the_database()
    {
        await using var host = await RunningHost.StartAsync();
        await using var slow = await OpenAsync(host);
        await host.RecordAsync(1500);
        await using var fast = await OpenAsync(host, last: "1499");
        (await fast.MessagesAsync().FirstAsync(Token)).Id.ShouldBe("1500");
        (await slow.MessagesAsync().Take(1500).Select(message => message.Id).ToListAsync(Token)).ShouldBe(Enumerable.Range(1, 1500).Select(number => $"{number}"));
    }

    [Fact]
    public void What_moved_is_noted_up_to_a_bound_and_then_only_that_more_has()
    {
        var feed = new LiveFeed();
        using var moved = new MovedEvents(feed);
        foreach (var id in Enumerable.Range(0, MovedEvents.Most * 3))
        {
            feed.Publish(new LiveNote.Moved(Build.Noon, id));
        }

        var (_, deliveries, overflowed) = moved.Take();
        overflowed.ShouldBeTrue();
        deliveries.Count.ShouldBeLessThanOrEqualTo(MovedEvents.Most);
        moved.Take().Overflowed.ShouldBeFalse();
    }

    [Fact]
    public async Task What_becomes_of_an_event_is_told_without_an_id()
    {
        await using var host = await RunningHost.StartAsync();
        await host.Services.GetRequiredService<DeliveryWorkers>().All.Single().PauseAsync();
        await using var stream = await OpenAsync(host);
        await host.RecordAsync(1, triggers: ["tekton"]);
        var id = Data(await stream.MessagesAsync().FirstAsync(Token)).GetProperty("id").GetString();
        host.Services.GetRequiredService<LiveFeed>().Publish(new LiveNote.Moved(Build.Noon, 1));
        var told = await stream.MessagesAsync().FirstAsync(Token);
        (told.Type, told.Id).ShouldBe(("status", null));
        Data(told).GetProperty("event_id").GetString().ShouldBe(id);
        Data(told).GetProperty("deliveries").GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task An_order_of_an_operator_is_told()
    {
        await using var host = await RunningHost.StartAsync();
        await host.RecordAsync(1);
        await using var stream = await OpenAsync(host);
        using var body = new StringContent("{\"trigger\":\"tekton\"}", null, "application/json");
        var id = (await host.JsonAsync("/api/v1/events")).GetProperty("items")[0].GetProperty("id").GetString();
        using var replay = await host.Http.PostAsync(new Uri($"/api/v1/events/{id}/replay", UriKind.Relative), body, Token);
        replay.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        Data(await stream.MessagesAsync().FirstAsync(Token)).GetProperty("event_id").GetString().ShouldBe(id);
    }

    [Fact]
    public async Task Filters_and_since_hold_for_a_stream_too()
    {
        await using var host = await RunningHost.StartAsync();
        await host.RecordAsync(3);
        await host.RecordAsync(2, "group/api");
        await using var one = await OpenAsync(host, "?repository=group%2Fapi&ref=b2&since=2000-01-01T00:00:00Z");
        (await one.MessagesAsync().FirstAsync(Token)).Id.ShouldBe("5");
        await using var none = await OpenAsync(host, "?status=lost");
        none.Status.ShouldBe(HttpStatusCode.BadRequest);
        await using var wrong = await OpenAsync(host, last: "abc");
        wrong.Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task An_id_that_the_database_never_gave_says_that_the_reader_must_look_again()
    {
        await using var host = await RunningHost.StartAsync();
        await host.RecordAsync(2);
        await using var stream = await OpenAsync(host, last: "900");
        (await stream.MessagesAsync().FirstAsync(Token)).Type.ShouldBe("refresh");
        await host.RecordAsync(1);
        (await stream.MessagesAsync().FirstAsync(Token)).Id.ShouldBe("3");
    }

    [Fact]
    public async Task A_stream_ends_cleanly_at_a_stop()
    {
        var host = await RunningHost.StartAsync();
        await using var stream = await OpenAsync(host);
        var rest = stream.MessagesAsync().ToListAsync(Token);
        await host.StopAsync();
        (await rest).ShouldBeEmpty();
        await host.DisposeAsync();
    }

    [Fact]
    public async Task A_stream_counts_as_one_request()
    {
        await using var story = await AccessStory.StartAsync(api => api with { RateLimit = new RepoSentry.Configuration.RequestRate(3, TimeSpan.FromMinutes(10)) });
        await using var stream = await OpenAsync(story.Host, token: AccessStory.Bootstrap);
        await story.Host.RecordAsync(50);
        (await stream.MessagesAsync().Take(50).CountAsync(Token)).ShouldBe(50);
        (await story.StatusAsync(HttpMethod.Get, "/api/v1/events", AccessStory.Bootstrap)).ShouldBe(200);
    }

    [Fact]
    public async Task One_token_leaves_streams_for_the_others()
    {
        await using var story = await AccessStory.StartAsync(api => api with { RateLimit = null });
        var other = await story.CreateAsync("other", Role.Viewer);
        var own = await Task.WhenAll(Enumerable.Range(0, EventStreams.MostOfOne).Select(_ => OpenAsync(story.Host, token: AccessStory.Bootstrap)));
        own.ShouldAllBe(stream => stream.Status == HttpStatusCode.OK);

        await using (var refused = await OpenAsync(story.Host, token: AccessStory.Bootstrap))
        {
            refused.Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        }

        await using (var another = await OpenAsync(story.Host, token: other))
        {
            another.Status.ShouldBe(HttpStatusCode.OK);
        }

        await own[0].DisposeAsync();
        await RunningHost.UntilAsync(async () =>
        {
            await using var again = await OpenAsync(story.Host, token: AccessStory.Bootstrap);
            return again.Status == HttpStatusCode.OK;
        });
        await Task.WhenAll(own.Skip(1).Select(stream => stream.DisposeAsync().AsTask()));
    }

    private static JsonElement Data(StreamMessage message) => JsonDocument.Parse(message.Data).RootElement;

    private static async Task<OpenStream> OpenAsync(RunningHost host, string query = "", string? last = null, string? token = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/api/v1/events/stream" + query, UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Last-Event-ID", last);
        request.Headers.Authorization = token is null ? null : new("Bearer", token);
        var response = await host.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        var stream = await response.Content.ReadAsStreamAsync(Token);
        return new OpenStream(response, StreamMessage.ReadAsync(stream, Token).GetAsyncEnumerator(Token));
    }

    private sealed class OpenStream(HttpResponseMessage response, IAsyncEnumerator<StreamMessage> messages) : IAsyncDisposable
    {
        public HttpStatusCode Status => response.StatusCode;

        public async IAsyncEnumerable<StreamMessage> MessagesAsync()
        {
            while (await messages.MoveNextAsync().AsTask().WaitAsync(Limit))
            {
                yield return messages.Current;
            }
        }

        public ValueTask DisposeAsync()
        {
            response.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
