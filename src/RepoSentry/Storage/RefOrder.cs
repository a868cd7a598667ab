namespace RepoSentry.Storage;

/// <summary>The order of names as the database has it: by code point, which the ordinal order of UTF-16 is not beyond U+FFFF.</summary>
internal sealed class RefOrder : IComparer<string>
{
    public static RefOrder Instance { get; } = new();

    public int Compare(string? x, string? y)
    {
        var (one, other) = (x ?? "", y ?? "");
        var same = one.AsSpan().CommonPrefixLength(other);
        return same == one.Length || same == other.Length ? one.Length - other.Length : Weight(one[same]) - Weight(other[same]);
    }

    // Surrogates stand for what comes after all other characters.
    private static int Weight(char c) => char.IsSurrogate(c) ? c + 0x10000 : c;
}
