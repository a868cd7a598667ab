using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RepoSentry.Abstractions;
using RepoSentry.Providers.Bitbucket;

namespace RepoSentry.Delivery.Payloads;

/// <summary>A repository in the words of a webhook, derived from its URL where nothing better is known.</summary>
internal sealed record RepositoryFacts
{
    private const long LargestExact = (1L << 53) - 1;

    public required RepositoryInfo Info { get; init; }

    /// <summary>Scheme and authority of the forge's pages.</summary>
    public required string Root { get; init; }

    /// <summary>All of the path but its last part. The forges have no repository without an owner, so the host stands in where there is none.</summary>
    public required string Owner { get; init; }
    public required string HtmlUrl { get; init; }

    /// <summary>As the operator wrote it.</summary>
    public required string ConfiguredUrl { get; init; }
    public required string CloneUrl { get; init; }
    public required string SshUrl { get; init; }
    public required string GitUrl { get; init; }

    public string Name => Info.ShortName.Length > 0 ? Info.ShortName : Info.Name;
    public string FullName => $"{Owner}/{Name}";
    public string OwnerUrl => $"{Root}/{Escape(Owner)}";

    /// <summary>Path of the repository in an API's URLs.</summary>
    public string EscapedFullName => Escape(FullName);

    /// <summary>The forge's own number, else a stable one from host and path: bindings lose digits above 2^53.</summary>
    public long Id => long.TryParse(Info.ForgeId, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id is > 0 and <= LargestExact ? id : Derive(HtmlUrl);

    public bool IdKnown => Id.ToString(CultureInfo.InvariantCulture) == Info.ForgeId;
    public long OwnerId => Derive(OwnerUrl);

    /// <summary>Unknown counts as private: whoever publishes what is public must not do so by mistake.</summary>
    public bool Private => Info.Private ?? true;

    /// <summary>Empty where unknown, so that no filter on the default branch fires by a guess.</summary>
    public string DefaultBranch => Info.DefaultBranch ?? "";

    public static RepositoryFacts Of(RepositoryInfo info)
    {
        var url = info.Url;
        var web = url.Scheme is "http" or "https";
        var host = url.HostNameType == UriHostNameType.IPv6 ? url.Host : url.IdnHost;
        var root = url.IsFile ? "file://" : web ? $"{url.Scheme}://{host}{Port(url)}" : $"https://{host}";
        var path = PathOf(url).Trim('/');
        path = path.EndsWith(".git", StringComparison.Ordinal) ? path[..^4] : path;
        var server = info.Provider == "bitbucket" && !BitbucketPath.IsCloud(url) ? BitbucketPath.Of(url) : null;
        var html = root + (server?.WebPath ?? "/" + path);
        var configured = url.Scheme == "ssh" ? SshUrlOf(url) : $"{root}{PathOf(url)}".TrimEnd('/');
        return new RepositoryFacts
        {
            Info = info,
            Root = root,
            Owner = server is not null ? server.Key : info.Organization.Length > 0 ? info.Organization : host.Length > 0 ? host : "local",
            HtmlUrl = html,
            ConfiguredUrl = configured,

            // The forges answer with and without .git; of a plain server only the URL as configured is known to work.
            CloneUrl = server is not null ? root + server.ClonePath : info.Provider is "git" or "azure" ? configured : html + ".git",
            SshUrl = url.IsFile ? html : url.Scheme == "ssh" ? SshUrlOf(url) : $"git@{host}:{path}.git",
            GitUrl = url.IsFile ? html : $"git://{host}/{path}.git",
        };
    }

    /// <summary>Page of a commit.</summary>
    public string CommitUrl(string id) => Info.Provider switch
    {
        "gitlab" => $"{HtmlUrl}/-/commit/{id}",
        "bitbucket" => $"{HtmlUrl}/commits/{id}",
        _ => $"{HtmlUrl}/commit/{id}",
    };

    public static string Escape(string path) => string.Join('/', PayloadJson.Clean(path, int.MaxValue).Split('/').Select(Uri.EscapeDataString));

    private static string SshUrlOf(Uri url) => $"ssh://{(url.UserInfo.Length > 0 ? url.UserInfo.Split(':')[0] : "git")}@{url.IdnHost}{Port(url)}{PathOf(url)}";

    // Uri leaves brackets in a path as they are; RFC 3986 does not.
    private static string PathOf(Uri url) => url.AbsolutePath.Replace("[", "%5B", StringComparison.Ordinal).Replace("]", "%5D", StringComparison.Ordinal);

    private static string Port(Uri url) => url.IsDefaultPort || url.Port < 0 ? "" : string.Create(CultureInfo.InvariantCulture, $":{url.Port}");

    private static long Derive(string name)
    {
        var hash = BinaryPrimitives.ReadInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(name))) & LargestExact;
        return Math.Max(hash, 1);
    }
}
