using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace RepoSentry.SystemTests.Support;

/// <summary>Servers as children of the test, in the foreground and on loopback, ended by their own id.</summary>
internal static class ServerProcess
{
    private const int FirstPort = 12_000;
    private const int Ports = 20_000;

    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);
    private static int ports = Random.Shared.Next(Ports);

    public static Process Start(string program, string folder, params string[] arguments)
    {
        var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    /// <summary>One that nobody else is given until a child listens on it: below those that systems give to connections and to listeners without a wish, and never the same again.</summary>
    public static int FreePort()
    {
        while (true)
        {
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, FirstPort + (Interlocked.Increment(ref ports) % Ports));
                listener.Start();
                return ((IPEndPoint)listener.LocalEndpoint).Port;
            }
            catch (SocketException)
            {
                // taken
            }
        }
    }

    public static async Task WaitForPortAsync(int port, Process process)
    {
        using var limit = new CancellationTokenSource(StartLimit);
        while (true)
        {
            if (process.HasExited)
            {
                throw new InvalidOperationException($"{process.StartInfo.FileName} ended at its start with {process.ExitCode}");
            }

            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, port, limit.Token);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, limit.Token);
            }
        }
    }

    public static async Task EndAsync(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }

        process.Dispose();
    }
}
