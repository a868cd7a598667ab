using RepoSentry.Api.Access;
using RepoSentry.Events;
using RepoSentry.Storage;

namespace RepoSentry.Api;

/// <summary>Those who follow the events. Each has a place in the log and a bounded note of what moved; all else is read from the database when there is room to write it.</summary>
internal sealed class EventStreams(EventLog log, LiveFeed feed, TokenBook tokens, TimeProvider time, IHostApplicationLifetime application)
{
    public const int Most = 256;

    /// <summary>Of one session, or of one token's own requests.</summary>
    public const int MostOfOne = 64;

    private readonly Dictionary<string, int> open = new(StringComparer.Ordinal);

    /// <param name="after">Sequence number of the last event that is known.</param>
    public IResult Follow(HttpContext context, EventQuery query, long after)
    {
        if (application.ApplicationStopping.IsCancellationRequested)
        {
            return Problems.Starting("The service is stopping.");
        }

        var who = context.Caller() is { } caller && caller != CallerIdentity.Local ? caller.Session ?? caller.Name! : "";
        lock (open)
        {
            var own = open.GetValueOrDefault(who);
            if (who.Length > 0 && own >= MostOfOne)
            {
                return TooMany($"{MostOfOne} streams of this session or token are open already");
            }

            if (open.Values.Sum() >= Most)
            {
                return TooMany($"{Most} clients follow the events already");
            }

            open[who] = own + 1;
        }

        return new StreamResult(this, who, query, after);
    }

    private static IResult TooMany(string said) =>
        Problems.Of(StatusCodes.Status503ServiceUnavailable, "too-many-streams", "Too many streams", $"{said}: close some, or read GET /api/v1/events.");

    private void Leave(string who)
    {
        lock (open)
        {
            if (--open[who] == 0)
            {
                open.Remove(who);
            }
        }
    }

    private async Task RunAsync(string who, EventQuery query, long after, HttpContext context)
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
            Leave(who);
        }
    }

    private sealed class StreamResult(EventStreams streams, string who, EventQuery query, long after) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => streams.RunAsync(who, query, after, httpContext);
    }
}
