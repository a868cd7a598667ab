using RepoSentry.Abstractions;

namespace RepoSentry.Network;

/// <summary>
/// Where the time of one request goes. The pool may make a connection for one request and give it to another, so making it counts only for a request whose
/// own bytes went out on the connection that was begun for it.
/// </summary>
internal sealed class RequestClock(TimeProvider time)
{
    private static readonly HttpRequestOptionsKey<RequestClock> Key = new("reposentry.clock");

    // Tells a connection whose bytes it carries: the pool hands over no request.
    private static readonly AsyncLocal<RequestClock?> Sender = new();

    private DialClock? used;
    private long? firstByte;
    private long? lastByte;
    private long? headers;

    /// <summary>The connection that is made for this request, or was; null while there is none.</summary>
    public DialClock? Begun { get; private set; }

    public static RequestClock? Of(HttpRequestMessage request) => request.Options.TryGetValue(Key, out var clock) ? clock : null;

    /// <summary>Whose bytes are being written, on the flow of the caller.</summary>
    public static RequestClock? Sending => Sender.Value;

    /// <summary>Call it on the flow that sends the request.</summary>
    public void Attach(HttpRequestMessage request)
    {
        request.Options.Set(Key, this);
        Sender.Value = this;
    }

    public DialClock BeginDial(bool byName, bool secure) => Begun = new DialClock(time, byName, secure);

    public void WriteBegins(DialClock connection)
    {
        // Another connection than before: the pool tries again where a kept one turns out to be dead.
        firstByte = used == connection ? firstByte : time.GetTimestamp();
        (used, lastByte) = (connection, null);
    }

    public void WriteEnds() => lastByte = time.GetTimestamp();

    public void HeadersCame() => headers = time.GetTimestamp();

    /// <summary>Until now. What is under way counts as far as it came; null if nothing began.</summary>
    public AttemptPhases? Phases()
    {
        var now = time.GetTimestamp();
        var dial = used is null || used == Begun ? Begun : null;
        return dial is null && used is null ? null : new AttemptPhases
        {
            Dns = Span(dial?.ByName == true ? dial.BegunAt : null, dial?.ResolvedAt ?? now),
            Connect = Span(dial?.ResolvedAt, dial?.ConnectedAt ?? now),
            Tls = Span(dial?.Secure == true ? dial.ConnectedAt : null, dial?.SecuredAt ?? now),
            Send = Span(firstByte, lastByte ?? now),
            Wait = Span(lastByte, headers ?? now),
            Read = Span(headers, now),
        };
    }

    private double? Span(long? from, long to) => from is { } begin ? Math.Round(time.GetElapsedTime(begin, to).TotalMilliseconds, 3) : null;
}

/// <summary>When the making of one connection reached what.</summary>
/// <param name="byName">Whether there is a name to resolve.</param>
/// <param name="secure">Whether TLS is to be agreed on.</param>
internal sealed class DialClock(TimeProvider time, bool byName, bool secure)
{
    public bool ByName => byName;
    public bool Secure => secure;
    public long BegunAt { get; } = time.GetTimestamp();
    public long? ResolvedAt { get; private set; }
    public long? ConnectedAt { get; private set; }
    public long? SecuredAt { get; private set; }

    public void Resolved() => ResolvedAt = time.GetTimestamp();

    public void Connected() => ConnectedAt = time.GetTimestamp();

    public void Secured() => SecuredAt = time.GetTimestamp();
}
