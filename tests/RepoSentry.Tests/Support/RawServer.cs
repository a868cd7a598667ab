using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace RepoSentry.Tests.Support;

/// <summary>A server that reads one request per connection to its end and then does exactly what the test says, byte by byte.</summary>
internal sealed class RawServer : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource ending = new();
    private readonly Task serving;

    public RawServer(Func<Stream, CancellationToken, Task> answer, X509Certificate2? certificate = null)
    {
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        serving = ServeAsync(answer, certificate);
    }

    public int Port { get; }

    public Uri Url => new($"http://127.0.0.1:{Port}/");

    public int Connections { get; private set; }

    public static RawServer Answering(string answer) => new((stream, token) => stream.WriteAsync(Encoding.ASCII.GetBytes(answer), token).AsTask());

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        listener.Stop();
        await serving;
        ending.Dispose();
    }

    private async Task ServeAsync(Func<Stream, CancellationToken, Task> answer, X509Certificate2? certificate)
    {
        while (!ending.IsCancellationRequested)
        {
            try
            {
                using var client = await listener.AcceptTcpClientAsync(ending.Token);
                Connections++;
                await using Stream stream = certificate is null ? client.GetStream() : new SslStream(client.GetStream());
                if (stream is SslStream secure)
                {
                    await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, ending.Token);
                }

                await ReadRequestAsync(stream, ending.Token);
                await answer(stream, ending.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or IOException or SocketException or System.Security.Authentication.AuthenticationException)
            {
                // The client went, or the test is over.
            }
        }
    }

    private static async Task ReadRequestAsync(Stream stream, CancellationToken cancellationToken)
    {
        var read = new StringBuilder();
        var buffer = new byte[16384];
        while (!IsWhole(read.ToString()) && await stream.ReadAsync(buffer, cancellationToken) is var length and > 0)
        {
            read.Append(Encoding.Latin1.GetString(buffer, 0, length));
        }
    }

    private static bool IsWhole(string request)
    {
        var end = request.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var at = request.IndexOf("Content-Length: ", StringComparison.OrdinalIgnoreCase);
        return end >= 0 && at >= 0 && request.Length - end - 4 >= int.Parse(request[(at + 16)..].Split('\r')[0]);
    }
}
