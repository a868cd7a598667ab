using System.Buffers;
using System.Text;

namespace RepoSentry.Abstractions;

/// <summary>
/// The one rule by which the bytes of a ref name become text and come back. Legal UTF-8 stays as it is. A byte that is not UTF-8 and each byte of a control
/// character become <c>%XX</c> (upper-case hex), and a <c>%</c> that two upper-case hex digits follow becomes <c>%25</c>. Two names never become one text.
/// </summary>
public static class RefName
{
    private static readonly SearchValues<byte> PlainBytes = SearchValues.Create([.. Enumerable.Range(0x20, 0x5f).Where(code => code != '%').Select(code => (byte)code)]);

    /// <summary>Text of a name as Git sends it.</summary>
    public static string FromBytes(ReadOnlySpan<byte> name) => name.IndexOfAnyExcept(PlainBytes) < 0 ? Encoding.ASCII.GetString(name) : Escape(name);

    /// <summary>Text of a name that a JSON interface gave: the same as from its UTF-8 bytes.</summary>
    public static string FromText(string name) => FromBytes(Encoding.UTF8.GetBytes(name));

    /// <summary>The bytes that Git knows the name by.</summary>
    public static byte[] ToBytes(string name)
    {
        var bytes = Encoding.UTF8.GetBytes(name);
        var length = 0;
        for (var at = 0; at < bytes.Length; at++)
        {
            var escaped = bytes[at] == '%' && HexFollows(bytes.AsSpan(at));
            bytes[length++] = escaped ? (byte)((HexValue(bytes[at + 1]) << 4) | HexValue(bytes[at + 2])) : bytes[at];
            at += escaped ? 2 : 0;
        }

        return bytes[..length];
    }

    /// <summary>The name as Git and the forges write it. One that is not UTF-8, or holds control characters (which Git forbids), stays escaped.</summary>
    public static string ToText(string name)
    {
        if (!name.Contains('%', StringComparison.Ordinal))
        {
            return name;
        }

        var bytes = ToBytes(name);
        return System.Text.Unicode.Utf8.IsValid(bytes) && Encoding.UTF8.GetString(bytes) is var text && !text.Any(char.IsControl) ? text : name;
    }

    private static string Escape(ReadOnlySpan<byte> name)
    {
        var text = new StringBuilder(name.Length + 8);
        while (!name.IsEmpty)
        {
            var legal = Rune.DecodeFromUtf8(name, out var rune, out var length) == OperationStatus.Done;
            if (legal && !Rune.IsControl(rune) && !(rune.Value == '%' && HexFollows(name)))
            {
                text.Append(rune.ToString());
            }
            else
            {
                foreach (var value in name[..length])
                {
                    text.Append('%').Append(Convert.ToHexString([value]));
                }
            }

            name = name[length..];
        }

        return text.ToString();
    }

    private static bool HexFollows(ReadOnlySpan<byte> rest) => rest.Length > 2 && HexValue(rest[1]) >= 0 && HexValue(rest[2]) >= 0;

    private static int HexValue(byte digit) => digit switch
    {
        >= (byte)'0' and <= (byte)'9' => digit - '0',
        >= (byte)'A' and <= (byte)'F' => digit - 'A' + 10,
        _ => -1,
    };
}
