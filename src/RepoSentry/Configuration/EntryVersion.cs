using System.Security.Cryptography;
using System.Text;

namespace RepoSentry.Configuration;

/// <summary>Tells one state of a repository's entry from another.</summary>
internal static class EntryVersion
{
    private const int Digits = 16;

    public static string Of(string entry) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(entry)))[..Digits];
}
