using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace RepoSentry.Storage;

/// <summary>Names of the units of ownership: all repositories of one API credential, one of 64 parts of plain Git, one trigger.</summary>
internal static class Shards
{
    private const int GitParts = 64;

    public static string Trigger(string name) => "trigger/" + name;

    public static string Credential(string provider) => "credential/" + provider;

    /// <summary>Stable over restarts and machines.</summary>
    public static string Git(Uri url)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(url.AbsoluteUri));
        return string.Create(CultureInfo.InvariantCulture, $"git/{hash[0] % GitParts}");
    }
}
