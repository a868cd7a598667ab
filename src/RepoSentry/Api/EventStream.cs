using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using RepoSentry.Api.Access;
using RepoSentry.Events;

namespace RepoSentry.Api;

/// <summary>One reader of the events. Its place is a sequence number, so a reader that is slow, or was away, is caught up from the database.</summary>
internal sealed class EventStream(EventLog log, TokenBook tokens, MovedEvents moved, TimeProvider time, HttpContext context, EventQuery query)
{
    // Another process may have committed, of which nothing is told here.
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan HeartbeatEvery = TimeSpan.FromSeconds(15);

    private readonly HttpResponse response = context.Response;
    private long lastWrite;

    public async Task RunAsync(long after, CancellationToken ends)
    {
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers["X-Accel-Buffering"] = "no"; // proxies must not hold messages back
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await SendAsync("retry: 1000\n\n", ends);
        while (await MayReadAsync(ends))
        {
            // What moved is taken first: an event that is read after that shows it already.
            var (events, deliveries, overflowed) = moved.Take();
            if (overflowed)
            {
                await SendAsync("event: refresh\ndata: {}\n\n", ends);
            }

            await TellStatusesAsync(after, events, deliveries, ends);
            var batch = await log.FollowAsync(query, after, ends);
            foreach (var (seq, item) in batch.Items)
            {
                await SendAsync(Message("event", JsonSerializer.Serialize(item, ApiJson.Default.EventView), seq), ends);
            }

            if (after > batch.Newest)
            {
                await SendAsync("event: refresh\ndata: {}\n\n", ends); // the database is an older one: a backup was restored
            }

            after = batch.Through;
            if (after >= batch.Newest)
            {
                await IdleAsync(ends);
            }
        }
    }

    private async Task TellStatusesAsync(long after, IReadOnlyCollection<string> events, IReadOnlyCollection<long> deliveries, CancellationToken ends)
    {
        if (events.Count + deliveries.Count == 0)
        {
            return;
        }

        foreach (var (seq, item) in await log.StandingAsync(query, events, deliveries, ends))
        {
            if (seq <= after)
            {
                await SendAsync(Message("status", JsonSerializer.Serialize(StatusMessage.Of(item), ApiJson.Default.StatusMessage), id: null), ends);
            }
        }
    }

    private async Task IdleAsync(CancellationToken ends)
    {
        await moved.WaitAsync(LookEvery, ends);
        if (time.GetElapsedTime(lastWrite) >= HeartbeatEvery && await MayReadAsync(ends))
        {
            await SendAsync(": heartbeat\n\n", ends);
        }
    }

    // A token may be revoked, and a session end, while its stream is open.
    private async ValueTask<bool> MayReadAsync(CancellationToken ends) => context.Caller() is not { } caller || await tokens.IsInUseAsync(caller, ends);

    private async Task SendAsync(string text, CancellationToken ends)
    {
        await response.WriteAsync(text, ends);
        await response.Body.FlushAsync(ends);
        lastWrite = time.GetTimestamp();
    }

    private static string Message(string type, string json, long? id) =>
        (id is { } seq ? string.Create(CultureInfo.InvariantCulture, $"id: {seq}\n") : "") + $"event: {type}\ndata: {json}\n\n";
}

/// <summary>What became of an event.</summary>
internal sealed record StatusMessage(
    string EventId, string Repository, string Ref, string Status, string? ErrorMessage, DateTimeOffset? ProcessedAt, IReadOnlyList<DeliveryView> Deliveries)
{
    public static StatusMessage Of(EventView item) => new(item.Id, item.Repository, item.Ref, item.Status, item.ErrorMessage, item.ProcessedAt, item.Deliveries);
}
