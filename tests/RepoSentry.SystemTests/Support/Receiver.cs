using System.Collections.Concurrent;
using RepoSentry.Abstractions;
using RepoSentry.Cli.Receiver;
using Shouldly;

namespace RepoSentry.SystemTests.Support;

/// <summary>The stand-in EventListener at a fixed port, so that it can be down and come back; it remembers what arrived over all its lives.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    public const string SecretText = "receiver-secret-7f3a";

    private readonly SemaphoreSlim arrived = new(0);
    private EventListener? listener;

    public int Port { get; } = ServerProcess.FreePort();

    public string Url => $"http://127.0.0.1:{Port}";

    public ConcurrentQueue<Arrival> Arrivals { get; } = [];

    /// <summary>Blocks the answer of each request while set.</summary>
    public ManualResetEventSlim Answers { get; } = new(initialState: true);

    public async Task<Receiver> StartAsync()
    {
        listener = await EventListener.StartAsync(
            new ReceiverOptions { Listen = $"127.0.0.1:{Port}", Secret = new Secret(SecretText), Received = Note }, CancellationToken.None);
        return this;
    }

    public async Task StopAsync()
    {
        if (listener is not null)
        {
            await listener.DisposeAsync();
            listener = null;
        }
    }

    public async Task<IReadOnlyList<Arrival>> UntilAsync(Func<IReadOnlyList<Arrival>, bool> holds, TimeSpan limit)
    {
        using var end = new CancellationTokenSource(limit);
        while (true)
        {
            var seen = Arrivals.ToArray();
            if (holds(seen))
            {
                return seen;
            }

            end.IsCancellationRequested.ShouldBeFalse($"within {limit.TotalSeconds} s only {seen.Length} arrived: {string.Join(", ", seen.Select(arrival => arrival.Headers.GetValueOrDefault("X-GitHub-Delivery")))}");
            await arrived.WaitAsync(TimeSpan.FromMilliseconds(50), CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Answers.Set();
        await StopAsync();
        Answers.Dispose();
        arrived.Dispose();
    }

    private void Note(Arrival arrival)
    {
        Arrivals.Enqueue(arrival);
        arrived.Release();
        Answers.Wait(TimeSpan.FromSeconds(60));
    }
}
