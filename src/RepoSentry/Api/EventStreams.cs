using RepoSentry.Api.Access;
using RepoSentry.Events;
using RepoSentry.Storage;

namespace RepoSentry.Api;

/// <summary>Those who follow the events. Each has a place in the log and a bounded note of what moved; all else is read from the database when there is room to write it.</summary>
internal sealed class EventStreams(EventLog log, LiveFeed feed, TokenBook tokens, TimeProvider time, IHostApplicationLifetime application)
{
    public const int Most = 256;

    private int open;

    /// <param name="after">Sequence number of the last event that is known.</param>
    public IResult Follow(EventQuery query, long after)
    {
        if (application.ApplicationStopping.IsCancellationRequested)
        {
            return Problems.Starting("The service is stopping.");
        }

        if (Interlocked.Increment(ref open) <= Most)
        {
            return new StreamResult(this, query, after);
        }

        Interlocked.Decrement(ref open);
        return Problems.Of(StatusCodes.Status503ServiceUnavailable, "too-many-streams", "Too many streams", $"{Most} clients follow the events already: close some, or read GET /api/v1/events.");
    }

    private async Task RunAsync(EventQuery query, long after, HttpContext context)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, application.ApplicationStopping);
        using var moved = new MovedEvents(feed);
        try
        {
            await new EventStream(log, tokens, moved, time, context, query).RunAsync(after, ends.Token);
        }
        catch (OperationCanceledException) when (ends.IsCancellationRequested)
        {
            // a stop, or nobody reads any more
        }
        catch (Exception e) when (e is ObjectDisposedException or StorageException || ends.IsCancellationRequested)
        {
            // the database was closed first: the reader comes again
        }
        finally
        {
            Interlocked.Decrement(ref open);
        }
    }

    private sealed class StreamResult(EventStreams streams, EventQuery query, long after) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => streams.RunAsync(query, after, httpContext);
    }
}
