using RepoSentry.Abstractions;

namespace RepoSentry.Providers.PlainGit;

/// <summary>The answer to <c>ls-refs</c> in protocol version 2: <c>id SP name *(SP attribute)</c> up to a flush.</summary>
internal static class LsRefsParser
{
    /// <returns>False at the end.</returns>
    public static bool Take(PktLine line, RefCollector refs)
    {
        switch (line.Kind)
        {
            case PktKind.Flush:
                return false;
            case PktKind.Data:
                Take(line.Payload, refs);
                return true;
            default:
                throw new RefSourceException(RefSourceError.Malformed, "a packet of another kind stands among the refs");
        }
    }

    private static void Take(ReadOnlySpan<byte> line, RefCollector refs)
    {
        var id = Word(ref line);
        var name = Word(ref line);
        if (id.SequenceEqual("unborn"u8))
        {
            return;
        }

        refs.Add(id, name);
        while (!line.IsEmpty)
        {
            var attribute = Word(ref line);
            if (attribute.StartsWith("peeled:"u8))
            {
                refs.Peel(attribute["peeled:"u8.Length..]);
            }
            else if (attribute.StartsWith("symref-target:"u8) && name.SequenceEqual("HEAD"u8))
            {
                refs.PointHead(attribute["symref-target:"u8.Length..]);
            }
        }
    }

    private static ReadOnlySpan<byte> Word(ref ReadOnlySpan<byte> line)
    {
        var end = line.IndexOf((byte)' ');
        var word = end < 0 ? line : line[..end];
        line = end < 0 ? [] : line[(end + 1)..];
        return word;
    }
}
