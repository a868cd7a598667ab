using System.IO.Compression;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using RepoSentry.Telemetry;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Telemetry;

public sealed class LogFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("log-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_full_file_gives_way_to_the_next_one()
    {
        var options = new LogFileOptions(Path.Combine(folder, "r.log"), 1, 3, 30, Compress: false);
        await using (var services = new ServiceCollection().AddSingleton<TimeProvider>(TimeProvider.System).AddTelemetry(new LoggingOptions("error", Json: true, options, Console: false)).BuildServiceProvider())
        {
            var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger("test");
            var text = new string('x', 10_000);
            foreach (var _ in Enumerable.Range(0, 80))
            {
                logger.LogError("{Text}", text);
            }
        }

        Directory.GetFiles(folder).Select(Path.GetFileName).ShouldBe(["r.log", "r_001.log"], ignoreOrder: true);
    }

    [Fact]
    public void Full_files_are_compressed_and_those_past_count_or_age_are_deleted()
    {
        var time = new FakeTimeProvider(Build.Noon);
        foreach (var day in Enumerable.Range(0, 6))
        {
            Write($"r_{day:D3}.log", Build.Noon.UtcDateTime.AddDays(-day));
        }

        Write("other.txt", Build.Noon.UtcDateTime.AddDays(-99));
        string[] strangers = ["run.log", "r_1.log", "r_0a1.log", "r-001.log", "rr_001.log.gz"];
        Array.ForEach(strangers, name => Write(name, Build.Noon.UtcDateTime.AddDays(-99))); // another program's, beside ours
        new LogArchive(new LogFileOptions(Path.Combine(folder, "r.log"), 1, 3, 30, Compress: true), time).TidyExcept(Path.Combine(folder, "r_000.log"));

        Directory.GetFiles(folder).Select(Path.GetFileName).ShouldBe(["other.txt", "r_000.log", "r_001.log.gz", "r_002.log.gz", "r_003.log.gz", .. strangers], ignoreOrder: true);
        using var reader = new StreamReader(new GZipStream(File.OpenRead(Path.Combine(folder, "r_002.log.gz")), CompressionMode.Decompress));
        reader.ReadToEnd().ShouldBe("r_002.log");
        new LogArchive(new LogFileOptions(Path.Combine(folder, "r.log"), 1, 0, 2, Compress: true), time).TidyExcept(Path.Combine(folder, "r_000.log"));
        Directory.GetFiles(folder, "r_*.gz").Select(Path.GetFileName).ShouldBe(["r_001.log.gz", "r_002.log.gz"], ignoreOrder: true);
    }

    private void Write(string name, DateTime at)
    {
        File.WriteAllText(Path.Combine(folder, name), name);
        File.SetLastWriteTimeUtc(Path.Combine(folder, name), at);
    }
}
