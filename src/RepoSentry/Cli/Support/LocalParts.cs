using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using RepoSentry.Configuration;
using RepoSentry.Network;
using RepoSentry.Storage.Sqlite;
using RepoSentry.Telemetry;

namespace RepoSentry.Cli.Support;

/// <summary>What this machine tells by itself: configuration, database, log, limits.</summary>
internal static class LocalParts
{
    private const int LogTail = 1 << 20;

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private static readonly string[] Limits =
    [
        "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/cpu.max", "/sys/fs/cgroup/pids.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us",
    ];

    public static void Add(SupportDump dump, string? file)
    {
        var path = ConfigFile.PathOf(file);
        var config = File.Exists(path) ? Configuration(dump, path) : null;
        if (!File.Exists(path))
        {
            dump.Lacks($"configuration, database and log: there is no {path} (-c FILE names it)");
        }

        Machine(dump, config is null ? Environment.CurrentDirectory : Path.GetDirectoryName(Path.GetFullPath(config.Storage.SqlitePath))!);
        if (config is not null)
        {
            Database(dump, config);
            Log(dump, config.App.LogFile);
        }
    }

    private static SentryConfig? Configuration(SupportDump dump, string path)
    {
        var loaded = ConfigLoader.Load(path, new LoadOptions { Stores = SecretStores.OfTheProcess.Fetch });
        var text = new StringBuilder();
        foreach (var (key, origin) in loaded.Origins.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            text.Append(Client.Printer.Safe($"{key} = {origin.Shown}   # {origin}")).Append('\n');
        }

        dump.Add("config.txt", "each key of the configuration with its value and origin, secrets as ***", text.ToString());
        dump.Add("config-problems.txt", "what `validate` says of it: nothing if it is empty", string.Join('\n', loaded.Errors.Concat(loaded.Warnings).Select(problem => problem.ToString())));
        if (loaded.Config is null)
        {
            dump.Lacks("database and log: the configuration has errors (config-problems.txt)");
            return null;
        }

        dump.Redaction.Know(loaded.Config);
        return loaded.Config;
    }

    private static void Database(SupportDump dump, SentryConfig config)
    {
        try
        {
            var status = SqliteMaintenance.Status(SqliteStorage.Choose(Path.GetFullPath(config.Storage.SqlitePath)), check: false);
            dump.Add("database.json", "schema, size and rows of the database, and who uses it", JsonSerializer.Serialize(status, Json));
        }
        catch (Exception e) when (DatabaseFile.Explains(e))
        {
            dump.Lacks($"database: {DatabaseFile.Explain(e).Words}");
        }
    }

    private static void Log(SupportDump dump, string file)
    {
        if (file.Length == 0)
        {
            dump.Lacks("log: app.log_file is not set; take it from where standard output goes (journalctl, kubectl logs)");
            return;
        }

        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            stream.Seek(-Math.Min(LogTail, stream.Length), SeekOrigin.End);
            var tail = new byte[LogTail];
            dump.Add("log.txt", "the end of the log, 1 MiB at most", Encoding.UTF8.GetString(tail, 0, stream.ReadAtLeast(tail, LogTail, throwOnEndOfStream: false)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            dump.Lacks($"log: {file} cannot be read: {e.Message}");
        }
    }

    private static void Machine(SupportDump dump, string folder)
    {
        var memory = GC.GetGCMemoryInfo();
        var lines = new List<string>
        {
            $"reposentry {ProductVersion.Text}",
            $"{RuntimeInformation.OSDescription} {RuntimeInformation.OSArchitecture}, {RuntimeInformation.FrameworkDescription}",
            string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} processors, {memory.TotalAvailableMemoryBytes >> 20} MiB of memory to use"),
            $"time {TimeProvider.System.GetUtcNow():O}, zone {TimeZoneInfo.Local.Id}",
        };
        lines.AddRange(Limits.Where(File.Exists).Select(path => $"{path} {Read(path)}"));
        lines.Add(Read("/proc/self/limits").Split('\n').FirstOrDefault(line => line.StartsWith("Max open files", StringComparison.Ordinal)) ?? "");
        if (Directory.Exists(folder))
        {
            var disk = new DriveInfo(folder);
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"{folder}: {disk.DriveFormat}, {disk.AvailableFreeSpace >> 20} of {disk.TotalSize >> 20} MiB are free"));
        }

        dump.Add("machine.txt", "version, system, runtime, limits of the cgroup, disk", string.Join('\n', lines) + "\n");
    }

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }
}
