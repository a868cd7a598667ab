using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RepoSentry.SystemTests.Support;

/// <summary>A server that does on the wire whatever a test says, and remembers every byte of the requests' heads.</summary>
internal sealed class RawServer : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly Func<string, Stream, CancellationToken, Task> answer;
    private readonly Task accepting;

    /// <param name="answer">Gets the head of a request and the connection; the connection closes when it returns and the client has gone.</param>
    public RawServer(Func<string, Stream, CancellationToken, Task> answer)
    {
        this.answer = answer;
        listener.Start();
        accepting = AcceptAsync();
    }

    public Uri Root => new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");

    public ConcurrentQueue<string> Requests { get; } = new();

    public static RawServer Text(string answer) => new((_, connection, token) => connection.WriteAsync(Encoding.Latin1.GetBytes(answer), token).AsTask());

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await accepting;
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await listener.AcceptTcpClientAsync(stop.Token));
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or InvalidOperationException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var connection = client.GetStream();
                var buffer = new byte[8192];
                var length = await connection.ReadAsync(buffer, stop.Token);
                var head = Encoding.Latin1.GetString(buffer, 0, length);
                Requests.Enqueue(head);
                await answer(head, connection, stop.Token);
                client.Client.Shutdown(SocketShutdown.Send);
                while (await connection.ReadAsync(buffer, stop.Token) > 0)
                {
                    // what is closed unread is reset, and the answer is lost with it
                }
            }
            catch (Exception ended) when (ended is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
            {
                // The client went away, or the test is over.
            }
        }
    }
}
