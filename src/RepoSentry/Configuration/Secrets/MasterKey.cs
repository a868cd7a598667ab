using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using RepoSentry.Abstractions;

namespace RepoSentry.Configuration.Secrets;

/// <summary>
/// Seals what has to be kept in the database: AES-256-GCM under keys that HKDF-SHA256 makes of <c>security.master_key</c>. Its first line seals; further lines
/// are earlier keys, which still open what they sealed, so that a key is changed while the service runs.
/// </summary>
/// <param name="lines">At least 32 characters each; read at every use, for the file may have changed.</param>
internal sealed class MasterKey(Secret lines)
{
    public const int MinLength = 32;
    public const string Mark = "sealed:1:";

    private const int IdBytes = 4;

    /// <summary>Why nothing may be sealed with it as it is now, as the end of a sentence; null if it may.</summary>
    public string? Problem => ProblemOf(lines.Reveal());

    /// <summary>Told in answers and problems: says which key it is, and nothing of it.</summary>
    public string CurrentId => Keys()[0].Id;

    /// <summary>Those that can be opened with it.</summary>
    public IReadOnlyList<string> Ids => [.. Keys().Select(key => key.Id)];

    /// <summary>Which key something is sealed with; empty for what is not.</summary>
    public static string KeyIdOf(string text) => IsSealed(text) ? text[Mark.Length..].Split(':')[0] : "";

    public static bool IsSealed(string text) => text.StartsWith(Mark, StringComparison.Ordinal);

    /// <summary>What of the setting can be used, as the end of a sentence; null if all.</summary>
    public static string? ProblemOf(string lines) =>
        Lines(lines) is { Length: > 0 } given && Array.TrueForAll(given, line => line.Length >= MinLength) ? null : $"needs at least {MinLength} characters in each line";

    /// <param name="owner">What it belongs to: it opens for nothing else.</param>
    /// <returns><c>sealed:1:KEYID:DATA</c>, DATA in base64url: nonce, tag, ciphertext.</returns>
    public string Seal(string plain, string owner)
    {
        var key = Keys()[0];
        var bytes = Encoding.UTF8.GetBytes(plain);
        var sealedBytes = new byte[AesGcm.NonceByteSizes.MaxSize + AesGcm.TagByteSizes.MaxSize + bytes.Length];
        var (nonce, tag, cipher) = Parts(sealedBytes);
        RandomNumberGenerator.Fill(nonce.Span);
        using var aes = new AesGcm(key.Bytes, AesGcm.TagByteSizes.MaxSize);
        aes.Encrypt(nonce.Span, bytes, cipher.Span, tag.Span, Encoding.UTF8.GetBytes(owner));
        return $"{Mark}{key.Id}:{Base64Url.EncodeToString(sealedBytes)}";
    }

    /// <returns>The plain text, or what is wrong, as the end of a sentence.</returns>
    public (string? Plain, string? Problem) Open(string text, string owner)
    {
        var parts = IsSealed(text) ? text[Mark.Length..].Split(':') : [];
        if (parts.Length != 2 || !Base64Url.IsValid(parts[1]) || Base64Url.DecodeFromChars(parts[1]) is not { } bytes || bytes.Length <= AesGcm.NonceByteSizes.MaxSize + AesGcm.TagByteSizes.MaxSize)
        {
            return (null, "is damaged");
        }

        if (Keys().FirstOrDefault(one => one.Id == parts[0]) is not { } key)
        {
            return (null, $"is sealed with the key {parts[0]}, which is no line of security.master_key (it has {string.Join(", ", Keys().Select(one => one.Id))})");
        }

        try
        {
            var (nonce, tag, cipher) = Parts(bytes);
            var plain = new byte[cipher.Length];
            using var aes = new AesGcm(key.Bytes, AesGcm.TagByteSizes.MaxSize);
            aes.Decrypt(nonce.Span, cipher.Span, tag.Span, plain, Encoding.UTF8.GetBytes(owner));
            return (Encoding.UTF8.GetString(plain), null);
        }
        catch (AuthenticationTagMismatchException)
        {
            return (null, "was changed, or belongs to something else");
        }
    }

    /// <returns>Null if it is sealed with the current key already, or cannot be opened.</returns>
    public string? Resealed(string text, string owner) => KeyIdOf(text) != CurrentId && Open(text, owner).Plain is { } plain ? Seal(plain, owner) : null;

    private static (Memory<byte> Nonce, Memory<byte> Tag, Memory<byte> Cipher) Parts(Memory<byte> whole) =>
        (whole[..AesGcm.NonceByteSizes.MaxSize], whole[AesGcm.NonceByteSizes.MaxSize..][..AesGcm.TagByteSizes.MaxSize], whole[(AesGcm.NonceByteSizes.MaxSize + AesGcm.TagByteSizes.MaxSize)..]);

    private List<Key> Keys() => [.. Lines(lines.Reveal()).Select(Key.Of)];

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private sealed record Key(string Id, byte[] Bytes)
    {
        public static Key Of(string line)
        {
            var material = Encoding.UTF8.GetBytes(line);
            return new Key(Convert.ToHexStringLower(Derive(material, "reposentry key id", IdBytes)), Derive(material, "reposentry sealing", 32));
        }

        private static byte[] Derive(byte[] material, string purpose, int length) => HKDF.DeriveKey(HashAlgorithmName.SHA256, material, length, info: Encoding.UTF8.GetBytes(purpose));
    }
}
