using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace RepoSentry.Bench;

/// <summary>The published executable as a process, with its CPU time and memory as the kernel counts them.</summary>
internal sealed class MeasuredService : IAsyncDisposable
{
    private static readonly HttpClient Http = new();

    private readonly string folder = Directory.CreateTempSubdirectory("reposentry-bench-").FullName;
    private readonly string executable;
    private readonly string config;
    private readonly int port = FreePort();
    private Process process;

    /// <param name="sections">YAML beside app and api.</param>
    /// <param name="prepare">Called with the path of the configuration before the service starts.</param>
    public MeasuredService(string executable, string sections, Action<string>? prepare = null)
    {
        this.executable = executable;
        config = Path.Combine(folder, "reposentry.yaml");
        File.WriteAllText(config, $$"""
            app: { data_dir: "{{folder}}/data", log_level: error }
            api: { listen: "127.0.0.1:{{port}}", rate_limit: off }

            """ + sections);
        prepare?.Invoke(config);
        process = Start();
    }

    public long StartedAt { get; private set; }

    /// <summary>CPU used so far, user and system.</summary>
    public TimeSpan Cpu
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <summary>Resident memory in MB (10^6 bytes).</summary>
    public double Megabytes
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64 / 1e6;
        }
    }

    /// <returns>Time from the start of the process until it was ready.</returns>
    public async Task<TimeSpan> ReadyAsync()
    {
        while (true)
        {
            try
            {
                using var answer = await Http.GetAsync(new Uri($"http://127.0.0.1:{port}/readyz"));
                if (answer.IsSuccessStatusCode)
                {
                    return Stopwatch.GetElapsedTime(StartedAt);
                }
            }
            catch (HttpRequestException) when (!process.HasExited)
            {
                // not listening yet
            }

            await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System, CancellationToken.None);
        }
    }

    /// <returns>Time from the start of the process until every repository had its first look.</returns>
    public async Task<TimeSpan> WatchingAsync(int repositories)
    {
        while ((await GetAsync("/api/v1/status")).GetProperty("repositories").TryGetProperty("active", out var active) is false || active.GetInt32() < repositories)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(repositories > 1000 ? 500 : 20), TimeProvider.System, CancellationToken.None);
        }

        return Stopwatch.GetElapsedTime(StartedAt);
    }

    public async Task<JsonElement> GetAsync(string path) => JsonDocument.Parse(await Http.GetStringAsync(new Uri($"http://127.0.0.1:{port}{path}"))).RootElement;

    public Task<byte[]> BytesAsync(string path) => Http.GetByteArrayAsync(new Uri($"http://127.0.0.1:{port}{path}"));

    public async Task PostAsync(string path, HttpContent content, CancellationToken cancellationToken)
    {
        using var answer = await Http.PostAsync(new Uri($"http://127.0.0.1:{port}{path}"), content, cancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Times a request again and again.</summary>
    public async Task<double[]> TimeAsync(string path, int count)
    {
        var times = new double[count];
        for (var i = 0; i < count; i++)
        {
            var clock = Stopwatch.GetTimestamp();
            await Http.GetStringAsync(new Uri($"http://127.0.0.1:{port}{path}"));
            times[i] = Stopwatch.GetElapsedTime(clock).TotalMilliseconds;
        }

        return times;
    }

    /// <summary>Ends it as an operator does, and starts it again on what it left.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        process = Start();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(folder, recursive: true);
    }

    private Process Start()
    {
        StartedAt = Stopwatch.GetTimestamp();
        var started = Process.Start(new ProcessStartInfo(executable, ["run", "-c", config]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        started.BeginOutputReadLine();
        started.BeginErrorReadLine();
        return started;
    }

    private async Task StopAsync()
    {
        using var term = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]);
        await term.WaitForExitAsync();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
