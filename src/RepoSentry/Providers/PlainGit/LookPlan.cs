using System.Collections.Concurrent;
using System.Text;
using RepoSentry.Abstractions;

namespace RepoSentry.Providers.PlainGit;

/// <summary>What a look asks for, in bytes: made once for all repositories with the same kinds and prefixes.</summary>
internal sealed class LookPlan
{
    private readonly byte[] body;
    private readonly byte[] sha256Body;

    public LookPlan(IEnumerable<KindRequest> kinds)
    {
        Kinds = [.. kinds.Where(kind => kind.Kind is RefKind.Branch or RefKind.Tag).Select(KindPlan.Of)];
        body = LsRefs("");
        sha256Body = LsRefs("object-format=sha256");
    }

    public KindPlan[] Kinds { get; }

    /// <summary>Without an object format a server takes sha1, and servers before Git 2.28 know no such word: it is sent for sha256 only.</summary>
    public byte[] Body(string objectFormat) => objectFormat == "sha256" ? sha256Body : body;

    private byte[] LsRefs(string capability)
    {
        var text = new MemoryStream();
        Packet(text, "command=ls-refs\n"u8);
        if (capability.Length > 0)
        {
            Packet(text, Encoding.ASCII.GetBytes(capability));
        }

        text.Write("0001"u8);
        if (Array.Exists(Kinds, kind => kind.Kind == RefKind.Tag))
        {
            Packet(text, "peel\n"u8);
        }

        Packet(text, "symrefs\n"u8);
        Packet(text, "ref-prefix HEAD\n"u8);
        foreach (var prefix in Kinds.SelectMany(kind => kind.Prefixes))
        {
            Packet(text, [.. "ref-prefix "u8, .. prefix, (byte)'\n']);
        }

        text.Write("0000"u8);
        return text.ToArray();
    }

    private static void Packet(MemoryStream text, ReadOnlySpan<byte> payload)
    {
        text.Write(Encoding.ASCII.GetBytes((payload.Length + 4).ToString("x4", System.Globalization.CultureInfo.InvariantCulture)));
        text.Write(payload);
    }
}

/// <param name="Root">What every name of the kind begins with.</param>
/// <param name="Prefixes">Where to look within it; the root itself for the whole kind.</param>
internal sealed record KindPlan(RefKind Kind, byte[] Root, byte[][] Prefixes)
{
    public static KindPlan Of(KindRequest request)
    {
        var root = Encoding.ASCII.GetBytes(request.Kind == RefKind.Tag ? GitRef.TagPrefix : GitRef.BranchPrefix);
        var prefixes = request.Prefixes.Where(prefix => !prefix.Contains('\n', StringComparison.Ordinal)).Select(RefName.ToBytes).ToArray();
        return new KindPlan(request.Kind, root, prefixes.Length == request.Prefixes.Count && prefixes.Length > 0 ? prefixes : [root]);
    }

    public bool Covers(ReadOnlySpan<byte> name)
    {
        if (!name.StartsWith(Root))
        {
            return false;
        }

        foreach (var prefix in Prefixes)
        {
            if (name.StartsWith(prefix))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>The plans in use.</summary>
internal sealed class LookPlans
{
    private const int MaxPlans = 4096;

    private readonly ConcurrentDictionary<string, LookPlan> plans = new(StringComparer.Ordinal);

    public LookPlan For(IReadOnlyList<KindRequest> kinds)
    {
        var key = Key(kinds);
        if (plans.TryGetValue(key, out var plan))
        {
            return plan;
        }

        if (plans.Count >= MaxPlans)
        {
            plans.Clear();
        }

        return plans.GetOrAdd(key, new LookPlan(kinds));
    }

    private static string Key(IReadOnlyList<KindRequest> kinds) => kinds switch
    {
        [{ Kind: RefKind.Branch, Prefixes.Count: 0 }] => "B",
        [{ Kind: RefKind.Branch, Prefixes.Count: 0 }, { Kind: RefKind.Tag, Prefixes.Count: 0 }] => "BT",
        _ => string.Join('\0', kinds.Select(kind => $"{kind.Kind}\0{kind.Prefixes.Count}\0{string.Join('\0', kind.Prefixes)}")),
    };
}
