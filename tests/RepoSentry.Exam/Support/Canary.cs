using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace RepoSentry.Exam.Support;

/// <summary>Listens at every address of the machine and remembers at which it was reached: nobody may come, except where it is told.</summary>
internal sealed class Canary : IAsyncDisposable
{
    private readonly TcpListener listener = TcpListener.Create(0);
    private readonly Task accepting;
    private readonly IPAddress allowed;

    public Canary(IPAddress allowed)
    {
        this.allowed = allowed;
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Where somebody came who may not.</summary>
    public ConcurrentQueue<string> Caught { get; } = new();

    /// <summary>How often somebody came where that is allowed.</summary>
    public int Allowed { get; private set; }

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await accepting;
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                using var client = await listener.AcceptTcpClientAsync();
                var at = ((IPEndPoint)client.Client.LocalEndPoint!).Address;
                if ((at.IsIPv4MappedToIPv6 ? at.MapToIPv4() : at).Equals(allowed))
                {
                    Allowed++;
                }
                else
                {
                    Caught.Enqueue(at.ToString());
                }
            }
            catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
