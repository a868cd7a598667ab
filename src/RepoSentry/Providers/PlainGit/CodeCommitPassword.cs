using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace RepoSentry.Providers.PlainGit;

/// <summary>The password that AWS CodeCommit takes for a quarter of an hour: a signature (version 4) over the repository's path and host, as AWS' own credential helper makes it.</summary>
internal static class CodeCommitPassword
{
    private const string Service = "codecommit";

    /// <summary>The user's part of Git's two services in a URL: what stands before it is the repository.</summary>
    private static readonly string[] Services = ["/info/refs", "/git-upload-pack"];

    public static string Sign(Uri request, string secretKey, DateTimeOffset now)
    {
        var time = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture);
        var path = Services.Aggregate(request.AbsolutePath, (text, service) => text.EndsWith(service, StringComparison.Ordinal) ? text[..^service.Length] : text);
        var asked = $"GIT\n{path}\n\nhost:{request.Host}\n\nhost\n";
        string[] scope = [time[..8], RegionOf(request.Host), Service, "aws4_request"];
        var key = scope.Aggregate(Encoding.UTF8.GetBytes("AWS4" + secretKey), (before, part) => HMACSHA256.HashData(before, Encoding.UTF8.GetBytes(part)));
        var signed = $"AWS4-HMAC-SHA256\n{time}\n{string.Join('/', scope)}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(asked)))}";
        return $"{time}Z{Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(signed)))}";
    }

    // git-codecommit.REGION.amazonaws.com, also behind a private endpoint's name.
    private static string RegionOf(string host) => host.Split('.') is var parts && Array.FindIndex(parts, part => part.StartsWith("git-codecommit", StringComparison.Ordinal)) is var at and >= 0 && at + 1 < parts.Length ? parts[at + 1] : "us-east-1";
}
