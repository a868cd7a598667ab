using System.Security.Cryptography;
using System.Text;

namespace RepoSentry.Configuration;

/// <summary>
/// A secret of the webhook trigger: raw text, or <c>whsec_</c> and base64. Several of the latter, with blanks between them, are several keys: so a secret is
/// rotated without a moment in which either side refuses the other.
/// </summary>
internal static class WebhookSecret
{
    private const string Prefix = "whsec_";

    /// <summary>By https://github.com/standard-webhooks/standard-webhooks, over exactly these bytes.</summary>
    public static string Sign(byte[] key, string id, string timestamp, byte[] body)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        hmac.AppendData(Encoding.UTF8.GetBytes($"{id}.{timestamp}."));
        hmac.AppendData(body);
        return "v1," + Convert.ToBase64String(hmac.GetHashAndReset());
    }

    /// <summary>Null if a part is not <c>whsec_</c> and base64.</summary>
    public static IReadOnlyList<byte[]>? Keys(string secret)
    {
        if (!IsPrefixed(secret))
        {
            return [Encoding.UTF8.GetBytes(secret)];
        }

        var keys = new List<byte[]>();
        foreach (var part in secret.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var bytes = new byte[part.Length];
            if (!IsPrefixed(part) || !Convert.TryFromBase64String(part[Prefix.Length..], bytes, out var length) || length == 0)
            {
                return null;
            }

            keys.Add(bytes[..length]);
        }

        return keys;
    }

    private static bool IsPrefixed(string secret) => secret.StartsWith(Prefix, StringComparison.Ordinal);
}
