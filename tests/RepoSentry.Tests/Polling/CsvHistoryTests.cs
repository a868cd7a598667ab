using RepoSentry.Polling.Replay;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Polling;

public sealed class CsvHistoryTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("pushes.csv.gz", "web,1\n", "pushes.csv.gz is no gzip file, or is cut off: ")]
    [InlineData("pushes.csv", "repo,push_time_seconds\nweb,1\nweb,soon\n", "pushes.csv:3: expected repo,push_time_seconds with a time from 0 on, found web,soon")]
    public void What_cannot_be_read_is_named(string name, string text, string expected)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, text);

        Should.Throw<FormatException>(() => CsvHistory.Read(path)).Message.ShouldContain(expected);
    }
}
