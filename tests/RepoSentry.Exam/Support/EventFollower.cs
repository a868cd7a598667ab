using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;

namespace RepoSentry.Exam.Support;

/// <summary>A client of the stream of events, which notes of each event how often it came and how it ended.</summary>
internal sealed class EventFollower : IAsyncDisposable
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { MaxConnectionsPerServer = int.MaxValue }) { Timeout = Timeout.InfiniteTimeSpan };

    private readonly CancellationTokenSource leaving = new();
    private readonly ConcurrentDictionary<string, FollowedEvent> events = new(StringComparer.Ordinal);
    private readonly HttpResponseMessage answer;
    private readonly Task reading;
    private int delivered;

    private EventFollower(HttpResponseMessage answer)
    {
        this.answer = answer;
        reading = Task.Run(ReadAsync);
    }

    /// <summary>By id.</summary>
    public IReadOnlyDictionary<string, FollowedEvent> Events => events;

    /// <summary>Events that were told to be delivered.</summary>
    public int Delivered => Volatile.Read(ref delivered);

    /// <summary>How often it was told that more has changed than is told.</summary>
    public int Refreshes { get; private set; }

    /// <summary>The stream ended, though nobody left.</summary>
    public bool IsCut { get; private set; }

    /// <returns>Ends when the stream is open: whatever is committed from now on comes.</returns>
    public static async Task<EventFollower> StartAsync(int port)
    {
        var opened = await Http.GetAsync(new Uri($"http://127.0.0.1:{port}/api/v1/events/stream"), HttpCompletionOption.ResponseHeadersRead);
        return new EventFollower(opened.EnsureSuccessStatusCode());
    }

    public async ValueTask DisposeAsync()
    {
        await leaving.CancelAsync();
        await reading;
        answer.Dispose();
        leaving.Dispose();
    }

    private async Task ReadAsync()
    {
        try
        {
            using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(leaving.Token));
            var type = "";
            while (await lines.ReadLineAsync(leaving.Token) is { } line)
            {
                if (line.StartsWith("event: ", StringComparison.Ordinal))
                {
                    type = line["event: ".Length..];
                }
                else if (line.StartsWith("data: ", StringComparison.Ordinal))
                {
                    Note(type, line["data: ".Length..]);
                }
            }

            IsCut = true;
        }
        catch (OperationCanceledException) when (leaving.IsCancellationRequested)
        {
            // it has seen enough
        }
        catch (Exception cut) when (cut is IOException or HttpRequestException)
        {
            IsCut = true;
        }
    }

    private void Note(string type, string data)
    {
        if (type == "refresh")
        {
            Refreshes++;
            return;
        }

        using var json = JsonDocument.Parse(data);
        var isEvent = type == "event";
        var noted = events.GetOrAdd(json.RootElement.GetProperty(isEvent ? "id" : "event_id").GetString()!, _ => new FollowedEvent());
        if (isEvent)
        {
            noted.Times++;
            noted.CreatedAt = LoggedReceiver.Milliseconds(DateTimeOffset.Parse(json.RootElement.GetProperty("created_at").GetString()!, CultureInfo.InvariantCulture));
        }

        if (!noted.IsDelivered && json.RootElement.GetProperty("status").GetString() == "delivered")
        {
            noted.IsDelivered = true;
            Interlocked.Increment(ref delivered);
        }
    }
}

/// <summary>What one client was told of one event.</summary>
internal sealed class FollowedEvent
{
    /// <summary>How often it came as a new one.</summary>
    public int Times { get; set; }

    public bool IsDelivered { get; set; }

    /// <summary>When its look was made, in milliseconds since 1970.</summary>
    public double CreatedAt { get; set; }
}
