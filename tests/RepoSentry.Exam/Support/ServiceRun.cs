using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.Exam.Support;

/// <summary>The built executable as a process, with a folder that outlives its kills; it may be started under another program.</summary>
internal sealed class ServiceRun : IAsyncDisposable
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(20) };

    private readonly StringBuilder log = new();
    private Process? process;

    /// <param name="sections">YAML beside app and api.</param>
    /// <param name="data">Folder of the database; null for one in the service's own folder.</param>
    public ServiceRun(string sections, string? data = null, string logLevel = "warn", string api = "")
    {
        Folder = Directory.CreateTempSubdirectory("exam-service-").FullName;
        Data = data ?? Path.Combine(Folder, "data");
        Port = ServerProcess.FreePort();
        File.WriteAllText(ConfigPath, $$"""
            app: { data_dir: "{{Data}}", log_level: {{logLevel}}, shutdown_timeout: 5s }
            api: { listen: "127.0.0.1:{{Port}}"{{(api.Contains("rate_limit", StringComparison.Ordinal) ? "" : ", rate_limit: off")}}{{api}} }

            """ + sections);
    }

    public static string Executable => Path.Combine(AppContext.BaseDirectory, "reposentry");

    public string Folder { get; }
    public string Data { get; }
    public int Port { get; }
    public string ConfigPath => Path.Combine(Folder, "reposentry.yaml");
    public string DatabasePath => Path.Combine(Data, "reposentry.db");
    public Dictionary<string, string> Environment { get; } = new(StringComparer.Ordinal);

    /// <summary>Sent with every request to its API.</summary>
    public string? Token { get; set; }

    public bool HasExited => process?.HasExited != false;

    public int ExitCode => process!.ExitCode;

    /// <summary>Id of the service itself, whatever it was started under.</summary>
    public int Pid => Children.Tree(process!.Id).LastOrDefault(pid => Children.Read($"/proc/{pid}/comm").Trim() is "reposentry" or ".NET Host", process.Id);

    public string Log
    {
        get
        {
            lock (log)
            {
                return log.ToString();
            }
        }
    }

    /// <param name="under">Program and arguments that the service is started by.</param>
    public ServiceRun Start(params string[] under)
    {
        string[] command = [.. under, Executable, "run", "-c", ConfigPath];
        var start = new ProcessStartInfo(command[0], command[1..]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Folder };
        foreach (var (name, value) in Environment)
        {
            start.Environment[name] = value;
        }

        process = Children.Start(start);
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return this;
    }

    public async Task<ServiceRun> ReadyAsync(TimeSpan? limit = null)
    {
        await UntilAsync(async () => (await AskAsync("/readyz")).Status == 200, "ready", limit ?? TimeSpan.FromMinutes(2));
        return this;
    }

    /// <summary>Waits until so many repositories had their first look.</summary>
    public Task WatchingAsync(int count, TimeSpan? limit = null) => UntilAsync(
        async () => (await AskAsync("/api/v1/status")).Json is { } status && status.GetProperty("repositories").TryGetProperty("active", out var active) && active.GetInt32() >= count,
        "watching",
        limit ?? TimeSpan.FromMinutes(3));

    /// <summary>Status and body; 0 where nobody answers.</summary>
    public async Task<(int Status, string Text, JsonElement? Json)> AskAsync(string path, HttpMethod? method = null, HttpContent? content = null)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, new Uri($"http://127.0.0.1:{Port}{path}")) { Content = content };
        if (Token is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + Token);
        }

        try
        {
            using var answer = await Http.SendAsync(request);
            var text = await answer.Content.ReadAsStringAsync();
            return ((int)answer.StatusCode, text, text.StartsWith('{') || text.StartsWith('[') ? JsonDocument.Parse(text).RootElement : null);
        }
        catch (Exception gone) when (gone is HttpRequestException or OperationCanceledException)
        {
            return (0, gone.Message, null);
        }
    }

    public async Task UntilAsync(Func<Task<bool>> holds, string what, TimeSpan limit)
    {
        var clock = Stopwatch.GetTimestamp();
        while (!await holds())
        {
            if (HasExited || Stopwatch.GetElapsedTime(clock) > limit)
            {
                throw new TimeoutException($"within {limit.TotalSeconds:0} s the service was not {what}; exited: {HasExited}; its log ends with\n{Tail()}");
            }

            await Task.Delay(20);
        }
    }

    /// <summary>Resident memory and its peak, in MB.</summary>
    public (double Now, double Peak) Memory()
    {
        var status = Children.Read($"/proc/{Pid}/status").Split('\n');
        double Of(string name) => double.Parse(Array.Find(status, line => line.StartsWith(name, StringComparison.Ordinal))?.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2] ?? "0", CultureInfo.InvariantCulture) * 1024 / 1e6;
        return (Of("VmRSS:"), Of("VmHWM:"));
    }

    public async Task KillAsync() => await Children.EndAsync(process!);

    /// <summary>Waits for it to end by itself; false if it does not.</summary>
    public async Task<bool> EndsAsync(TimeSpan limit)
    {
        try
        {
            using var end = new CancellationTokenSource(limit);
            await process!.WaitForExitAsync(end.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>SIGTERM to the service.</summary>
    public async Task<bool> StopAsync(TimeSpan limit)
    {
        using var kill = Process.Start("kill", ["-TERM", Pid.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        return await EndsAsync(limit);
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
        {
            await Children.EndAsync(process);
        }

        Directory.Delete(Folder, recursive: true);
    }

    private string Tail() => Log is var all && all.Length > 2000 ? all[^2000..] : all;

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (log)
        {
            log.AppendLine(line.Data);
        }
    }
}
