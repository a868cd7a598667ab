namespace RepoSentry.Delivery.Triggers;

/// <summary>
/// One program from its start to its end, in a session of its own, so that all it starts can be found and ended. It has a thread of its own that feeds it,
/// reads it and waits: no behaviour of the program holds up anyone else, and after limit and grace nothing waits for it.
/// </summary>
internal sealed class ExecRun(ExecStart start, TimeProvider time, CancellationToken cancellationToken)
{
    private const int Beat = 25; // milliseconds between two looks at exit, limit and stop

    // From asking it to end until it is killed.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan KillAgain = TimeSpan.FromMilliseconds(200);

    private readonly long startedAt = time.GetTimestamp();
    private readonly byte[] output = new byte[AnswerText.Limit];
    private readonly byte[] chunk = new byte[AnswerText.Limit];
    private int outputLength;
    private int fed;
    private ExecStop stop;
    private TimeSpan killAt;

    public static Task<ExecEnd> StartAsync(ExecStart start, TimeProvider time, CancellationToken cancellationToken) => Task.Factory.StartNew(
        new ExecRun(start, time, cancellationToken).Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private ExecEnd Run()
    {
        // Both of its outputs are one pipe, so that they stay in the order in which they were written.
        var (inRead, inWrite) = Posix.Pipe();
        var (outRead, outWrite) = Posix.Pipe();
        int child;
        string? failure;
        try
        {
            failure = PosixSpawn.Start(start, inRead, outWrite, out child);
        }
        finally
        {
            Posix.Close(inRead);
            Posix.Close(outWrite);
        }

        try
        {
            return failure is not null ? new ExecEnd { Failure = failure } : Accompany(child, ref inWrite, ref outRead);
        }
        finally
        {
            Posix.Close(inWrite);
            Posix.Close(outRead);
        }
    }

    private ExecEnd Accompany(int child, ref int input, ref int results)
    {
        while (!Posix.HasEnded(child))
        {
            EndInTime(child);
            Exchange(ref input, ref results, Beat);
        }

        // Not yet reaped, so the number is still its own: whatever it left behind ends with it.
        ProcessFamily.Kill(child);
        var (exitCode, signal) = Posix.Reap(child);
        for (var chunks = 0; chunks < 64 && results >= 0 && Exchange(ref input, ref results, 0); chunks++)
        {
        }

        return new ExecEnd { ExitCode = exitCode, Signal = signal, Stop = stop, Output = output[..outputLength] };
    }

    private void EndInTime(int child)
    {
        var elapsed = time.GetElapsedTime(startedAt);
        if (stop == ExecStop.None && (cancellationToken.IsCancellationRequested || elapsed >= start.Limit))
        {
            stop = cancellationToken.IsCancellationRequested ? ExecStop.Cut : ExecStop.Timeout;
            killAt = elapsed + Grace;
            Posix.SignalGroup(child, Posix.Terminate);
        }
        else if (stop != ExecStop.None && elapsed >= killAt)
        {
            killAt = elapsed + KillAgain;
            ProcessFamily.Kill(child);
        }
    }

    // Hands over a piece of the event and takes a piece of the output, whatever is possible first. False if nothing was.
    private bool Exchange(ref int input, ref int results, int milliseconds)
    {
        var ready = Posix.Poll(input, results, milliseconds);
        if (ready.Input)
        {
            var written = Posix.Write(input, start.Input.AsSpan(fed));
            fed += Math.Max(written, 0);
            if (written < 0 || fed == start.Input.Length)
            {
                Posix.Close(input);
                input = -1;
            }
        }

        if (ready.Results)
        {
            var read = Posix.Read(results, chunk);
            if (read <= 0)
            {
                Posix.Close(results);
                results = -1;
            }
            else
            {
                // Past the limit it is read all the same, so that a chatty program does not stall.
                var kept = Math.Min(read, output.Length - outputLength);
                chunk.AsSpan(0, kept).CopyTo(output.AsSpan(outputLength));
                outputLength += kept;
            }
        }

        return ready.Input || ready.Results;
    }
}

/// <param name="Program">Path of the executable.</param>
/// <param name="Command">Its name as written, and the arguments.</param>
/// <param name="WorkingDirectory">Empty for our own.</param>
/// <param name="Input">What it finds on standard input.</param>
internal sealed record ExecStart(
    string Program, IReadOnlyList<string> Command, IReadOnlyDictionary<string, string> Environment, string WorkingDirectory, byte[] Input, TimeSpan Limit);

/// <summary>Who ended a program, if it did not end by itself.</summary>
internal enum ExecStop
{
    None,
    Timeout,

    /// <summary>The service stops.</summary>
    Cut,
}

/// <summary>How a program ended.</summary>
internal sealed record ExecEnd
{
    /// <summary>Why it could not be started at all.</summary>
    public string? Failure { get; init; }
    public int? ExitCode { get; init; }

    /// <summary>Number of the signal that ended it.</summary>
    public int? Signal { get; init; }
    public ExecStop Stop { get; init; }

    /// <summary>The beginning of its standard output and error, as they came.</summary>
    public byte[] Output { get; init; } = [];
}
