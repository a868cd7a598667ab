using System.Globalization;
using System.Text;
using RepoSentry.Abstractions;
using RepoSentry.Exam.Support;
using RepoSentry.Providers.PlainGit;

namespace RepoSentry.Exam.Fuzzing;

/// <summary>What a Git server answers: packets, its advertisement, its list of refs; and the rule by which names become text.</summary>
internal static class GitTargets
{
    private static readonly Uri Url = new("https://git.example/acme/web");
    private static readonly KindRequest[] Kinds = [new(RefKind.Branch, [], null), new(RefKind.Tag, [], null)];
    private static readonly LookPlan Plan = new(Kinds);
    private static readonly StillTime Time = new();
    private static readonly string One = new('1', 40);
    private static readonly string Two = new('2', 40);

    public static IEnumerable<FuzzTarget> All =>
    [
        new(
            "pkt-line",
            [
                new("packets", [.. Lists.Concat(Advertisements).Select(Encoding.UTF8.GetBytes)], Walk),
                new("ls-refs", [.. Lists.Select(Encoding.UTF8.GetBytes)], bytes => EndOf(bytes, isAdvertisement: false)),
                new("advertisement", [.. Advertisements.Select(Encoding.UTF8.GetBytes)], bytes => EndOf(bytes, isAdvertisement: true)),
                new("ls-refs in right packets", [.. Lists.Select(Payloads)], bytes => EndOf(Packets(bytes), isAdvertisement: false)),
                new("advertisement in right packets", [.. Advertisements.Select(Payloads)], bytes => EndOf(Packets(bytes), isAdvertisement: true)),
            ],
            "0000", "0001", "0002", "0003", "0004", "0005", "fff0", "fff1", "ffff", "-001", "ERR ", "\n", "\0", " ", "^{}", " peeled:", " symref-target:", "unborn HEAD", "symref=HEAD:", "object-format=sha256", "version 1", "version 2",
            "refs/heads/", "refs/tags/", "HEAD", One, Two, new string('3', 64), "shallow ", "capabilities^{}"),
        new("ref names", [new("round trip", [.. Names.Select(Encoding.Latin1.GetBytes)], RoundTrip)], "%", "%2", "%25", "%25%25", "%00", "%C3", "%c3", "\0", "\u00c3\u00a9", "\u00ff", "\u00ed\u00a0\u0080", "\u00c0\u0080", "\u00f0\u009f\u0098\u0080", "\u00c2\u0085", "refs/heads/"),
    ];

    private static string[] Lists =>
    [
        MemoryGit.Packet($"{One} HEAD symref-target:refs/heads/main\n") + MemoryGit.Packet($"{One} refs/heads/main\n") + MemoryGit.Packet($"{Two} refs/tags/v1 peeled:{One}\n") + "0000",
        string.Concat(Enumerable.Range(0, 40).Select(number => MemoryGit.Packet($"{One} refs/heads/b{number:00}\n"))) + "0000",
        MemoryGit.Packet("unborn HEAD symref-target:refs/heads/main\n") + "0000",
        MemoryGit.Packet($"{new string('a', 64)} refs/heads/wide") + "0000",
    ];

    private static string[] Advertisements =>
    [
        MemoryGit.Packet("# service=git-upload-pack\n") + "0000" + MemoryGit.Packet("version 2\n") + MemoryGit.Packet("ls-refs=unborn\n") + MemoryGit.Packet("object-format=sha1\n") + "0000",
        MemoryGit.Packet("# service=git-upload-pack\n") + "0000" + MemoryGit.Packet($"{One} HEAD\0symref=HEAD:refs/heads/main object-format=sha1\n") + MemoryGit.Packet($"{One} refs/heads/main\n") + MemoryGit.Packet($"{Two} refs/tags/v1\n")
            + MemoryGit.Packet($"{One} refs/tags/v1^{{}}\n") + "0000",
        MemoryGit.Packet("version 1\n") + MemoryGit.Packet($"{One} refs/heads/main\0multi_ack") + "0000",
    ];

    private static string[] Names => ["refs/heads/main", "refs/heads/50%25", "\u00c3\u00a9t\u00c3\u00a9", "\u00ff\u00fe", "a%2Fb", "\u0001\u007f", "%%%25%2"];

    // One line for each packet, an empty one for a flush: so what stands in packets is mutated, and they stay packets.
    private static byte[] Payloads(string packets)
    {
        var lines = new List<byte[]>();
        for (ReadOnlySpan<byte> rest = Encoding.UTF8.GetBytes(packets); PktLine.TryRead(rest, out var line, out var length); rest = rest[length..])
        {
            lines.Add([.. line.Payload, (byte)'\n']);
        }

        return [.. lines.SelectMany(line => line)];
    }

    private static byte[] Packets(byte[] payloads)
    {
        var packets = new List<byte>();
        foreach (var range in payloads.AsSpan().TrimEnd((byte)'\n').Split((byte)'\n'))
        {
            var line = payloads.AsSpan(range);
            packets.AddRange(line.IsEmpty ? "0000"u8 : [.. Encoding.ASCII.GetBytes((line.Length + 4).ToString("x4", CultureInfo.InvariantCulture)), .. line]);
        }

        packets.AddRange("0000"u8);
        return [.. packets];
    }

    // However the answer is cut into pieces on its way, it means the same.
    private static string EndOf(byte[] bytes, bool isAdvertisement)
    {
        var whole = EndOf(bytes, bytes.Length, isAdvertisement);
        var cut = EndOf(bytes, 1 + (bytes.Length % 7), isAdvertisement);
        return whole == cut ? whole : throw new BrokenLawException($"in pieces it means another thing: {whole} | {cut}");
    }

    private static string EndOf(byte[] bytes, int piece, bool isAdvertisement)
    {
        using var refs = new RefCollector(Plan, Kinds);
        using var idle = new IdleTimer(Time, CancellationToken.None);
        using var answer = new AnswerReader(new Pieces(bytes, piece), refs, idle, Url);
        var parser = new AdvertisementParser(refs);
        try
        {
            PktLines.ReadAllAsync(answer, line => isAdvertisement ? parser.Take(line) : LsRefsParser.Take(line, refs)).GetAwaiter().GetResult();
            var version = isAdvertisement ? parser.ToWire(null).Version : 2;
            var look = refs.ToLook();
            ForgeLaws.Check(look);
            return $"read version {version}, {string.Join(',', look.Kinds.Select(kind => Math.Min(kind.Snapshot?.Refs.Count ?? -1, 5)))} {(look.DefaultBranch is null ? "without" : "with")} HEAD";
        }
        catch (RefSourceException refused)
        {
            return $"{FuzzCase.Refused}{refused.Error}: {refused.Message}";
        }
    }

    // By the words of gitprotocol-common: four hex digits that count themselves, at most 65520; 0, 1 and 2 stand for themselves, 3 for nothing.
    private static string Walk(byte[] bytes)
    {
        var kinds = new StringBuilder();
        for (ReadOnlySpan<byte> rest = bytes; ;)
        {
            var isPossible = rest.Length < 4 || (Array.TrueForAll(rest[..4].ToArray(), digit => char.IsAsciiHexDigit((char)digit)) && int.TryParse(rest[..4], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var length) && length is 0 or 1 or 2 or (>= 4 and <= 65520));
            try
            {
                if (!PktLine.TryRead(rest, out var line, out var consumed))
                {
                    return $"{kinds} and {(rest.IsEmpty ? "no" : "a")} rest";
                }

                rest = isPossible ? rest[consumed..] : throw new BrokenLawException("a packet of an impossible length is read");
                kinds.Append(kinds.Length < 8 ? line.Kind.ToString()[..1] : "");
            }
            catch (RefSourceException refused)
            {
                return isPossible ? throw new BrokenLawException("a packet of a possible length is refused") : $"{FuzzCase.Refused}{kinds}: {refused.Error}";
            }
        }
    }

    private static string RoundTrip(byte[] name)
    {
        var text = RefName.FromBytes(name);
        if (!RefName.ToBytes(text).AsSpan().SequenceEqual(name))
        {
            throw new BrokenLawException("text and bytes of a name are not inverse: two names could be one text");
        }

        if (text.Any(char.IsControl))
        {
            throw new BrokenLawException("the text of a name has a control character");
        }

        var shown = RefName.ToText(text);
        return $"{(text.Contains('%', StringComparison.Ordinal) ? "escaped" : "plain")}, {(shown == text ? "shown so" : "shown otherwise")}, {(text.Length == name.Length ? "as long" : text.Length > name.Length ? "longer" : "shorter")}";
    }

    /// <summary>Comes in pieces, as from a socket.</summary>
    private sealed class Pieces(byte[] bytes, int most) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => base.ReadAsync(buffer[..Math.Min(buffer.Length, Math.Max(most, 1))], cancellationToken);
    }
}
