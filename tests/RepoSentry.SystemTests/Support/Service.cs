using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Shouldly;

namespace RepoSentry.SystemTests.Support;

/// <summary>The built executable as a service, with a configuration and a database that outlive it.</summary>
internal sealed class Service : IAsyncDisposable
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromMinutes(1) };

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("service-");
    private readonly StringBuilder log = new();
    private Process? process;

    /// <param name="sections">YAML beside the sections that every test needs.</param>
    /// <param name="api">More keys of the section api.</param>
    /// <param name="address">Where it listens.</param>
    public Service(string sections, string api = "", string address = "127.0.0.1")
    {
        Port = ServerProcess.FreePort();
        File.WriteAllText(ConfigPath, $$"""
            app: { data_dir: {{folder.FullName}}/data }
            api: { listen: "{{address}}:{{Port}}", rate_limit: off{{(api.Length > 0 ? ", " + api : "")}} }

            """ + sections);
    }

    public static string Executable => Path.Combine(AppContext.BaseDirectory, "reposentry");

    public int Port { get; }

    /// <summary>Variables beside those that it inherits.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    public string ConfigPath => Path.Combine(folder.FullName, "reposentry.yaml");

    public string DatabasePath => Path.Combine(folder.FullName, "data", "reposentry.db");

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

    public Service Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(Executable, ["run", "-c", ConfigPath, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder.FullName,
        };
        start.Environment["RECEIVER_SECRET"] = Receiver.SecretText;
        foreach (var (name, value) in Environment)
        {
            start.Environment[name] = value;
        }

        process = Process.Start(start)!;
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return this;
    }

    public async Task<Service> StartReadyAsync(params string[] arguments)
    {
        Start(arguments);
        await UntilAsync(async () => (await Http.GetAsync(new Uri($"http://127.0.0.1:{Port}/readyz"))).IsSuccessStatusCode, "ready");
        return this;
    }

    /// <summary>Waits until every repository has had its first look.</summary>
    public Task WatchingAsync() => UntilAsync(
        async () => (await GetAsync("/api/v1/repositories")).GetProperty("items").EnumerateArray().All(item => item.GetProperty("status").GetString() == "active"), "watching");

    public async Task<string> TextAsync(string path) => await Http.GetStringAsync(new Uri($"http://127.0.0.1:{Port}{path}"));

    public async Task<JsonElement> GetAsync(string path) => await Http.GetFromJsonAsync<JsonElement>(new Uri($"http://127.0.0.1:{Port}{path}"));

    public async Task UntilAsync(Func<Task<bool>> holds, string what)
    {
        using var end = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (true)
        {
            try
            {
                if (await holds())
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // not listening yet
            }

            end.IsCancellationRequested.ShouldBeFalse($"it never was {what}; its log:\n{Log}");
            await Task.Delay(TimeSpan.FromMilliseconds(25), TimeProvider.System, CancellationToken.None);
        }
    }

    /// <summary>kill -9</summary>
    public async Task KillAsync()
    {
        process!.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, and the exit code.</summary>
    public async Task<int> StopAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", process!.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        return await ExitAsync();
    }

    public async Task<int> ExitAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await process!.WaitForExitAsync(limit.Token);
        return process.ExitCode;
    }

    /// <summary>Runs another command of the executable.</summary>
    /// <param name="input">What it reads; null leaves it the test's own input.</param>
    public static async Task<(int Code, string Output, string Errors)> RunAsync(string[] arguments, IReadOnlyDictionary<string, string>? environment = null, string? input = null)
    {
        var start = new ProcessStartInfo(Executable, arguments) { UseShellExecute = false, RedirectStandardInput = input is not null, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        using var run = Process.Start(start)!;
        if (input is not null)
        {
            await run.StandardInput.WriteAsync(input);
            run.StandardInput.Close();
        }

        var errors = run.StandardError.ReadToEndAsync();
        var output = await run.StandardOutput.ReadToEndAsync();
        await run.WaitForExitAsync();
        return (run.ExitCode, output, await errors);
    }

    public async ValueTask DisposeAsync()
    {
        if (process is { HasExited: false })
        {
            process.Kill(entireProcessTree: true); // a git that it has begun would write on in the folder
            await process.WaitForExitAsync();
        }

        process?.Dispose();
        folder.Delete(recursive: true);
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (log)
        {
            log.AppendLine(line.Data);
        }
    }
}
