using System.Globalization;
using System.IO.Compression;

namespace RepoSentry.Polling.Replay;

/// <summary>Reads <c>repo,push_time_seconds</c>, packed with gzip or not.</summary>
internal static class CsvHistory
{
    private const string Header = "repo,push_time_seconds";
    private const double MaxSeconds = 100 * 366 * 86_400.0;

    /// <exception cref="FormatException">Its message says which line is not as it must be.</exception>
    public static PushHistory Read(string path)
    {
        using var file = File.OpenRead(path);
        using var plain = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : (Stream)file;
        using var reader = new StreamReader(plain);
        try
        {
            return Read(path, reader);
        }
        catch (InvalidDataException broken)
        {
            throw new FormatException($"{path} is no gzip file, or is cut off: {broken.Message}", broken);
        }
    }

    private static PushHistory Read(string path, StreamReader reader)
    {
        var pushes = new Dictionary<string, List<double>>(StringComparer.Ordinal);
        for (var number = 1; reader.ReadLine() is { } line; number++)
        {
            var comma = line.LastIndexOf(',');
            if (comma > 0 && !line.AsSpan(0, comma).Contains(',') && double.TryParse(line.AsSpan(comma + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out var time) && time is >= 0 and < MaxSeconds)
            {
                if (!pushes.TryGetValue(line[..comma], out var list))
                {
                    pushes[line[..comma]] = list = [];
                }

                list.Add(time);
            }
            else if (line.Length > 0 && (number > 1 || line != Header))
            {
                throw new FormatException($"{path}:{number}: expected repo,push_time_seconds with a time from 0 on, found {line[..Math.Min(line.Length, 80)]}");
            }
        }

        return new PushHistory([.. pushes.Values.Select(list => list.Order().ToArray())]);
    }
}
