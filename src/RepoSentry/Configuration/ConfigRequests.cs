using System.Threading.Channels;

namespace RepoSentry.Configuration;

/// <summary>Asks for another configuration. One worker answers, one request after the other, so that no two changes mix; entries that come together are taken together.</summary>
internal sealed class ConfigRequests
{
    private readonly Channel<ConfigRequest> waiting = Channel.CreateUnbounded<ConfigRequest>(new UnboundedChannelOptions { SingleReader = true });

    public ChannelReader<ConfigRequest> Waiting => waiting.Reader;

    /// <summary>Reads the file again.</summary>
    /// <param name="cause">For the log: who or what asks.</param>
    public Task<ReloadResult> ReloadAsync(string cause, CancellationToken cancellationToken) => AskAsync(new ConfigRequest.Reload(cause), request => request.Done, cancellationToken);

    /// <summary>Takes a repository beside those of the file.</summary>
    /// <param name="json">The entry, which says that name.</param>
    /// <param name="replace">Whether there must be one of that name, or must be none.</param>
    /// <param name="versions">The entry must stand as one of these; null for any.</param>
    public Task<EntryResult> PutAsync(string name, string json, bool replace, CancellationToken cancellationToken, IReadOnlyCollection<string>? versions = null) =>
        AskAsync(new ConfigRequest.Put(name, json, replace, versions), request => request.Done, cancellationToken);

    public Task<EntryResult> RemoveAsync(string name, CancellationToken cancellationToken, IReadOnlyCollection<string>? versions = null) =>
        AskAsync(new ConfigRequest.Remove(name, versions), request => request.Done, cancellationToken);

    /// <summary>Seals what is stored with the first line of the master key.</summary>
    public Task<ResealResult> ResealAsync(CancellationToken cancellationToken) => AskAsync(new ConfigRequest.Reseal(), request => request.Done, cancellationToken);

    /// <summary>Watches what a listing told of.</summary>
    /// <returns>Why it is not; null if it is.</returns>
    public Task<string?> ListedAsync(CancellationToken cancellationToken) => AskAsync(new ConfigRequest.Listed(), request => request.Done, cancellationToken);

    /// <summary>Nobody waits for these.</summary>
    public void Post(ConfigRequest request) => waiting.Writer.TryWrite(request);

    private Task<TResult> AskAsync<TRequest, TResult>(TRequest request, Func<TRequest, TaskCompletionSource<TResult>> done, CancellationToken cancellationToken)
        where TRequest : ConfigRequest
    {
        waiting.Writer.TryWrite(request);
        return done(request).Task.WaitAsync(cancellationToken);
    }
}

internal abstract record ConfigRequest
{
    internal sealed record Reload(string Cause) : ConfigRequest
    {
        public TaskCompletionSource<ReloadResult> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Another entry beside those of the file, or one less.</summary>
    internal abstract record Change(string Name, IReadOnlyCollection<string>? Versions) : ConfigRequest
    {
        public TaskCompletionSource<EntryResult> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    internal sealed record Put(string Name, string Json, bool Replace, IReadOnlyCollection<string>? Versions) : Change(Name, Versions);

    internal sealed record Remove(string Name, IReadOnlyCollection<string>? Versions) : Change(Name, Versions);

    internal sealed record Reseal : ConfigRequest
    {
        public TaskCompletionSource<ResealResult> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>An organization was listed.</summary>
    internal sealed record Listed : ConfigRequest
    {
        public TaskCompletionSource<string?> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>A trigger that is no longer there owes something: it becomes a dead letter.</summary>
    internal sealed record Bury : ConfigRequest;
}

/// <summary>What came of a reload.</summary>
/// <param name="Outcome">applied, unchanged, refused or unavailable.</param>
/// <param name="Changes">One line each.</param>
/// <param name="NeedRestart">Settings that hold from the next start on.</param>
/// <param name="Errors">Why it was refused; the configuration before stays in force.</param>
internal sealed record ReloadResult(string Outcome, IReadOnlyList<string> Changes, IReadOnlyList<string> NeedRestart, IReadOnlyList<ConfigProblem> Errors, IReadOnlyList<ConfigProblem> Warnings)
{
    public static ReloadResult Refused(IReadOnlyList<ConfigProblem> errors, IReadOnlyList<ConfigProblem> warnings) => new("refused", [], [], errors, warnings);

    public static ReloadResult Unavailable(string why) => new("unavailable", [], [], [new ConfigProblem(new Place("reload"), why)], []);
}

/// <param name="Key">The id of the key that everything is sealed with now.</param>
/// <param name="Resealed">How many were sealed with another one.</param>
/// <param name="Dropped">How many keys of browser sessions no line opened.</param>
/// <param name="Problem">Why nothing was done.</param>
internal sealed record ResealResult(string? Key, int Resealed, int Dropped, string? Problem);

/// <param name="Outcome">What became of it.</param>
/// <param name="Errors">Where it is not as it must be.</param>
internal sealed record EntryResult(EntryOutcome Outcome, IReadOnlyList<ConfigProblem> Errors)
{
    public static EntryResult Of(EntryOutcome outcome) => new(outcome, []);
}

internal enum EntryOutcome
{
    Done,
    Invalid,
    Exists,
    Missing,

    /// <summary>It does not stand as the caller believes.</summary>
    Changed,

    /// <summary>The file says it: change it there.</summary>
    InFile,

    /// <summary>A discovery brings it: the file says which ones do not count.</summary>
    Discovered,

    /// <summary>It could not be stored.</summary>
    Failed,
}
