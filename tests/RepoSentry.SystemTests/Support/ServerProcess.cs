using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace RepoSentry.SystemTests.Support;

/// <summary>Servers as children of the test, in the foreground and on loopback, ended by their own id.</summary>
internal static class ServerProcess
{
    // Below the ports that the kernel gives to connections: one that is free now is so when its server starts, or starts again.
    private const int FirstPort = 20_000;
    private const int LastPort = 32_000;

    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);

    private static int lastTaken = Random.Shared.Next(FirstPort, LastPort);

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

    public static int FreePort()
    {
        while (true)
        {
            var port = FirstPort + (Interlocked.Increment(ref lastTaken) % (LastPort - FirstPort));
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // somebody else has it
            }
        }
    }

    public static Task WaitForPortAsync(int port, Process process) => WaitForAsync(AddressFamily.InterNetwork, new IPEndPoint(IPAddress.Loopback, port), process);

    /// <summary>Waits until the process listens there: a socket in a folder stands there before anybody listens on it.</summary>
    public static async Task WaitForAsync(AddressFamily family, EndPoint address, Process process)
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
                using var probe = new Socket(family, SocketType.Stream, ProtocolType.Unspecified);
                await probe.ConnectAsync(address, limit.Token);
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
