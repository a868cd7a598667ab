using System.Diagnostics;
using System.Globalization;
using System.Text;
using RepoSentry.Exam.Support;

namespace RepoSentry.Exam.Experiments;

/// <summary>What a process wrote to its database, its log and its acknowledgements, and what it flushed, in order: read from strace.</summary>
internal sealed class WrittenTrace
{
    private const int Sector = 512;

    private readonly List<Call> calls = [];

    public int Writes => calls.Count(call => call.Kind == 'w');

    public int Flushes => calls.Count(call => call.Kind == 'f');

    public int PagesCheckpointed => calls.Count(call => call is { Kind: 'w', File: "" });

    public static async Task<WrittenTrace> RecordAsync(string folder, int workers, int commits)
    {
        var database = Path.Combine(folder, "reposentry.db");
        var output = Path.Combine(folder, "trace");
        string[] files = [database, database + "-wal", Path.Combine(folder, "acks")];
        string[] arguments =
        [
            "-f", "-y", "-xx", "-s", "70000", "-qqq", "-o", output, "-e", "trace=pwrite64,write,fsync,fdatasync,ftruncate,unlink", .. files.SelectMany(file => new[] { "-P", file }),
            Environment.ProcessPath!, "write", folder, workers.ToString(CultureInfo.InvariantCulture), commits.ToString(CultureInfo.InvariantCulture),
        ];
        var process = Children.Start(new ProcessStartInfo("strace", arguments) { UseShellExecute = false });
        await process.WaitForExitAsync();
        var code = process.ExitCode;
        await Children.EndAsync(process);
        var trace = new WrittenTrace();
        var unfinished = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in File.ReadLines(output))
        {
            trace.Read(line, unfinished, database);
        }

        return code == 0 ? trace : throw new InvalidOperationException($"the traced writer ended with {code}");
    }

    /// <summary>Moments in the order of time: half of them right behind an acknowledgement, where a loss is worst.</summary>
    public IReadOnlyList<int> ChoosePoints(int count, Random random)
    {
        var acks = Enumerable.Range(0, calls.Count).Where(at => calls[at].Kind == 'a').ToArray();
        return [.. Enumerable.Range(0, count).Select(number => number % 2 == 0 ? acks[random.Next(acks.Length)] + 1 : random.Next(calls.Count)).Order()];
    }

    public IReadOnlyList<string> AcknowledgedBefore(int point) => [.. calls.Take(point).Where(call => call.Kind == 'a').Select(call => Encoding.ASCII.GetString(call.Data).Trim())];

    /// <summary>Writes the database and its log as a power loss before this call could leave them.</summary>
    /// <returns>Whether anything was lost or torn.</returns>
    public bool Rebuild(int point, string path, Random random)
    {
        var lossy = false;
        foreach (var file in new[] { "", "-wal" })
        {
            var own = calls.Take(point).Where(call => call.File == file).ToList();
            var flushed = own.FindLastIndex(call => call.Kind is 'f' or 'u');
            var image = new MemoryStream();
            for (var at = 0; at < own.Count; at++)
            {
                if (at <= flushed || random.Next(100) < 45)
                {
                    Apply(own[at], image, _ => true);
                    continue;
                }

                lossy = true;
                if (own[at].Kind == 'w' && random.Next(100) < 40)
                {
                    Apply(own[at], image, _ => random.Next(2) == 0);
                }
            }

            File.WriteAllBytes(path + file, image.ToArray());
        }

        return lossy;
    }

    private static void Apply(Call call, MemoryStream image, Func<long, bool> keeps)
    {
        if (call.Kind is 't' or 'u')
        {
            image.SetLength(call.Offset);
        }
        else if (call.Kind == 'w')
        {
            // A disk writes whole sectors, and those of one write in any order.
            for (var at = 0; at < call.Data.Length;)
            {
                var length = (int)Math.Min(call.Data.Length - at, Sector - ((call.Offset + at) % Sector));
                if (keeps((call.Offset + at) / Sector))
                {
                    image.Position = call.Offset + at;
                    image.Write(call.Data, at, length);
                }

                at += length;
            }
        }
    }

    // Lines such as: 123 pwrite64(45<\x2f…>, "\x37…", 4096, 8272) = 4096, possibly in two parts: <unfinished ...> and <... pwrite64 resumed>.
    private void Read(string line, Dictionary<string, string> unfinished, string database)
    {
        var pid = line[..line.IndexOf(' ')];
        var text = line[pid.Length..].TrimStart();
        if (text.EndsWith("<unfinished ...>", StringComparison.Ordinal))
        {
            unfinished[pid] = text[..^"<unfinished ...>".Length];
            return;
        }

        if (text.StartsWith("<... ", StringComparison.Ordinal))
        {
            text = unfinished.GetValueOrDefault(pid, "") + text[(text.IndexOf('>') + 1)..];
        }

        var open = text.IndexOf('(');
        var result = text.LastIndexOf(" = ", StringComparison.Ordinal);
        if (open < 0 || result < open || text[result + 3] is '-' or '?')
        {
            return; // it failed, or the process ended in it
        }

        var end = text.LastIndexOf(')', result);
        if (text.StartsWith("unlink", StringComparison.Ordinal))
        {
            var gone = Encoding.UTF8.GetString(Decode(text[(text.IndexOf('"') + 1)..text.LastIndexOf('"')]));
            calls.Add(new Call('u', gone[database.Length..], 0, []));
            return;
        }

        var name = Decode(text[(text.IndexOf('<') + 1)..text.IndexOf('>')]);
        var file = Encoding.UTF8.GetString(name);
        var rest = text[(text.IndexOf('>') + 1)..end];
        var isAck = !file.StartsWith(database, StringComparison.Ordinal);
        var suffix = isAck ? "acks" : file[database.Length..];
        calls.Add(text[..open] switch
        {
            "fsync" or "fdatasync" => new Call('f', suffix, 0, []),
            "ftruncate" => new Call('t', suffix, long.Parse(rest.Trim(',', ' '), CultureInfo.InvariantCulture), []),
            _ => Write(isAck ? 'a' : 'w', suffix, rest),
        });
    }

    private static Call Write(char kind, string file, string rest)
    {
        var from = rest.IndexOf('"') + 1;
        var to = rest.IndexOf('"', from);
        var offset = rest.LastIndexOf(',') is var comma && comma > to && rest.IndexOf(',', to) != comma ? long.Parse(rest[(comma + 1)..].Trim(), CultureInfo.InvariantCulture) : 0;
        return new Call(kind, file, offset, Decode(rest[from..to]));
    }

    private static byte[] Decode(string hex) =>
        hex.StartsWith("\\x", StringComparison.Ordinal) ? Convert.FromHexString(hex.Replace("\\x", "", StringComparison.Ordinal)) : Encoding.UTF8.GetBytes(hex);

    /// <param name="Kind">w write, f flush, t truncate, u unlink, a acknowledgement.</param>
    /// <param name="File">What follows the database's path.</param>
    private sealed record Call(char Kind, string File, long Offset, byte[] Data);
}
