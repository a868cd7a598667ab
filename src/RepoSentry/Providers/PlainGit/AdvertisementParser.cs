using System.Text;
using RepoSentry.Abstractions;

namespace RepoSentry.Providers.PlainGit;

/// <summary>
/// What a server says of itself first. By version 2 it names capabilities; by versions 0 and 1 it lists all its refs at once, capabilities behind a NUL on the
/// first of them, each annotated tag followed by <c>name^{}</c>.
/// </summary>
internal sealed class AdvertisementParser(RefCollector refs)
{
    private Part part;
    private int version;
    private string objectFormat = "sha1";
    private bool lsRefs;

    private enum Part
    {
        Service,
        AfterService,
        First,
        Rest,
        Capabilities,
    }

    public GitWire ToWire(Uri? movedTo) => version != 2 || lsRefs
        ? new GitWire(version, objectFormat, movedTo)
        : throw new RefSourceException(RefSourceError.Malformed, "the server speaks protocol version 2 without ls-refs");

    /// <returns>False at the end.</returns>
    public bool Take(PktLine line)
    {
        if (line.Kind == PktKind.Flush)
        {
            var more = part == Part.AfterService;
            part = more ? Part.First : part;
            return more;
        }

        if (line.Kind != PktKind.Data)
        {
            throw Malformed("has a packet of another kind");
        }

        part = part switch
        {
            Part.Service when line.Payload.StartsWith("# service="u8) => Service(line.Payload),
            Part.AfterService => throw Malformed("lacks the flush behind its service line"),
            Part.Capabilities => Capability(line.Payload),
            Part.Rest => Ref(line.Payload),
            _ => First(line.Payload),
        };
        return true;
    }

    private static Part Service(ReadOnlySpan<byte> line) =>
        line.SequenceEqual("# service=git-upload-pack"u8) ? Part.AfterService : throw Malformed("is for another service");

    private Part First(ReadOnlySpan<byte> line)
    {
        if (line.SequenceEqual("version 2"u8))
        {
            version = 2;
            return Part.Capabilities;
        }

        if (line.SequenceEqual("version 1"u8) && version == 0)
        {
            version = 1;
            return Part.First;
        }

        var nul = line.IndexOf((byte)0);
        if (nul < 0)
        {
            return Ref(line);
        }

        foreach (var range in line[(nul + 1)..].Split((byte)' '))
        {
            Capability(line[(nul + 1)..][range]);
        }

        return line[..nul].EndsWith(" capabilities^{}"u8) ? Part.Rest : Ref(line[..nul]);
    }

    private Part Capability(ReadOnlySpan<byte> word)
    {
        if (word.StartsWith("object-format="u8))
        {
            objectFormat = word["object-format="u8.Length..] switch
            {
                var name when name.SequenceEqual("sha1"u8) => "sha1",
                var name when name.SequenceEqual("sha256"u8) => "sha256",
                var name => throw Malformed($"names the unknown object format {SafeText.Of(Encoding.UTF8.GetString(name))}"),
            };
        }
        else if (word.StartsWith("symref=HEAD:"u8))
        {
            refs.PointHead(word["symref=HEAD:"u8.Length..]);
        }

        lsRefs |= word.SequenceEqual("ls-refs"u8) || word.StartsWith("ls-refs="u8);
        return Part.Capabilities;
    }

    private Part Ref(ReadOnlySpan<byte> line)
    {
        var space = line.IndexOf((byte)' ');
        if (space <= 0)
        {
            throw Malformed("has a line that is no ref");
        }

        var id = line[..space];
        var name = line[(space + 1)..];
        if (id.SequenceEqual("shallow"u8))
        {
            return Part.Rest;
        }

        if (name.EndsWith("^{}"u8))
        {
            refs.Peel(id, name[..^3]);
        }
        else
        {
            refs.Add(id, name);
        }

        return Part.Rest;
    }

    private static RefSourceException Malformed(string what) => new(RefSourceError.Malformed, $"the server's advertisement {what}");
}
