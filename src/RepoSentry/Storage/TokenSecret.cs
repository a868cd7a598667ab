using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace RepoSentry.Storage;

/// <summary>
/// The text of a token: <c>rst_</c>, 43 characters that hold 256 random bits, and 6 of a checksum, all of 0-9A-Za-z. Scanners of leaked secrets find it
/// by the first part and are sure by the last; what is no token is told without a look into the database.
/// </summary>
internal static class TokenSecret
{
    public const string Mark = "rst_";
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private const int BodyLength = 43;
    private const int ChecksumLength = 6;
    private const int PrefixLength = 12;

    public static string Create()
    {
        var text = Mark + Encode(RandomNumberGenerator.GetBytes(32), BodyLength);
        return text + Checksum(text);
    }

    public static bool IsWellFormed(string text) =>
        text.Length == Mark.Length + BodyLength + ChecksumLength && text.StartsWith(Mark, StringComparison.Ordinal) && text[^ChecksumLength..] == Checksum(text[..^ChecksumLength]);

    /// <summary>The first characters, which may be shown: they tell tokens apart and leave 208 bits unknown.</summary>
    public static string Prefix(string text) => text[..Math.Min(PrefixLength, text.Length)];

    /// <summary>What is stored. With 256 random bits there is nothing that a slow hash would protect.</summary>
    public static string Digest(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    // The first 32 bits of the SHA-256 of what stands before it.
    private static string Checksum(string text) => Encode(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 4), ChecksumLength);

    private static string Encode(ReadOnlySpan<byte> bytes, int length)
    {
        var rest = new BigInteger(bytes, isUnsigned: true, isBigEndian: true);
        var digits = new char[length];
        for (var at = length - 1; at >= 0; at--)
        {
            rest = BigInteger.DivRem(rest, Alphabet.Length, out var digit);
            digits[at] = Alphabet[(int)digit];
        }

        return new string(digits);
    }
}
