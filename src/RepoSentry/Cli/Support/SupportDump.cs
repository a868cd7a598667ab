using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

namespace RepoSentry.Cli.Support;

/// <summary>The files of one archive, and what could not be had.</summary>
internal sealed class SupportDump
{
    private readonly List<(string Name, string Says, string Text)> files = [];
    private readonly List<string> missing = [];

    public Redaction Redaction { get; } = new();

    public IReadOnlyList<string> Missing => [.. missing.Select(Redaction.Of)];

    public int Count => files.Count + 1;

    /// <param name="says">What it is, in one sentence of the README.</param>
    public void Add(string name, string says, string text) => files.Add((name, says, text));

    public void Lacks(string what) => missing.Add(what);

    public async Task WriteAsync(Stream target, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var packed = new GZipStream(target, CompressionLevel.Optimal);
        await using var archive = new TarWriter(packed, TarEntryFormat.Pax);
        foreach (var (name, text) in files.Select(file => (file.Name, file.Text)).Prepend(("README.txt", Readme(now))))
        {
            var entry = new PaxTarEntry(TarEntryType.RegularFile, "reposentry-support/" + name)
            {
                ModificationTime = now,
                Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                DataStream = new MemoryStream(Encoding.UTF8.GetBytes(Redaction.Of(text))),
            };
            await archive.WriteEntryAsync(entry, cancellationToken);
        }
    }

    private string Readme(DateTimeOffset now)
    {
        var text = new StringBuilder($"RepoSentry {Telemetry.ProductVersion.Text}, support dump of {now:yyyy-MM-dd HH:mm:ss}Z\n\nSecrets are shown as ***. Bodies of webhooks are not here.\n\n");
        foreach (var (name, says, _) in files)
        {
            text.Append(name.PadRight(24)).Append(says).Append('\n');
        }

        if (missing.Count > 0)
        {
            text.Append("\nWhat could not be had:\n");
            missing.ForEach(what => text.Append("- ").Append(what).Append('\n'));
        }

        return text.ToString();
    }
}
