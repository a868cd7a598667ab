using RepoSentry.Abstractions;

namespace RepoSentry.Configuration;

/// <summary>
/// Which provider looks at a repository: the one it names; else the first whose host is the URL's; else one made from the type that it names or its host tells.
/// A credential never goes to another host than the one it is for.
/// </summary>
internal sealed class ProviderResolution(IReadOnlyList<ProviderConfig> configured, Names declared, RateDefaults rates)
{
    // Gitea has no one public place: its providers always name theirs, and these hosts are known to run it.
    private static readonly string[] GiteaHosts = ["codeberg.org", "gitea.com"];

    private readonly Dictionary<object, ProviderConfig> made = [];
    private readonly List<ProviderConfig> all = [.. configured];

    /// <summary>The configured ones in file order, then those made here.</summary>
    public IReadOnlyList<ProviderConfig> All => all;

    /// <returns>Null where it is refused, which has been said.</returns>
    public ProviderConfig? Resolve(SectionReader entry, string name, Uri url, Secret? token, Uri? apiBaseUrl)
    {
        var wanted = entry.Text("provider");
        var ownsCredential = entry.Says("token") || apiBaseUrl is not null;
        var (match, type) = Match(wanted, url, ownsCredential);
        if (type is null)
        {
            // The entry of that name may have errors of its own, or be of a type that comes later.
            if (!declared.Declared.Contains(wanted, StringComparer.Ordinal))
            {
                Unknown(entry, wanted);
            }

            return null;
        }

        if (!ownsCredential && match is not null && !IsFor(match, url))
        {
            entry.Error("provider", $"{entry.Load.Quote(wanted)} is for {HostOf(match)}, and its credential goes to no other host", "name the provider of the URL's host, or its type");
            return null;
        }

        return ownsCredential ? Own(entry, name, url, token, apiBaseUrl, match, type)
            : match ?? Implicit(type, url, entry.Load.IsOperators);
    }

    /// <summary>Whose repositories are listed: the provider of the name that an entry says, else the first of that type, else one for the type's public place.</summary>
    /// <returns>Null where it is refused, which has been said.</returns>
    public ProviderConfig? Listing(SectionReader entry)
    {
        if (entry.Required("provider") is not { } wanted)
        {
            return null;
        }

        var type = ProviderSections.TypeNamed(wanted);
        var found = configured.FirstOrDefault(provider => provider.Name == wanted) ?? configured.FirstOrDefault(provider => provider.Type == type);
        if ((found?.Type ?? type) == "git")
        {
            entry.Error("provider", "Git alone cannot tell which repositories there are", "name a provider of a forge: github, gitlab, gitea, bitbucket or azure");
            return null;
        }

        if (found is null && type is null)
        {
            if (!declared.Declared.Contains(wanted, StringComparer.Ordinal))
            {
                Unknown(entry, wanted);
            }

            return null;
        }

        if (found is null && PublicHost(type!) is null)
        {
            entry.Error("provider", $"no provider of the type {type} is configured", "add one under providers that says where the instance is");
            return null;
        }

        return found ?? Implicit(type!, new Uri("https://" + PublicHost(type!)), operators: true);
    }

    /// <summary>Host, and port where it is not the scheme's, of the forge itself.</summary>
    public static string AuthorityOf(ProviderConfig provider) => provider.Url is { } url ? $"{url.Host}:{url.Port}" : PublicHost(provider.Type) ?? "";

    private (ProviderConfig? Match, string? Type) Match(string wanted, Uri url, bool ownsCredential)
    {
        var named = configured.FirstOrDefault(provider => provider.Name == wanted);
        var type = ProviderSections.TypeNamed(wanted);
        if (named is not null && (type is null || IsFor(named, url)))
        {
            return (named, named.Type);
        }

        var match = configured.FirstOrDefault(provider => (wanted.Length == 0 || provider.Type == type) && IsFor(provider, url));
        return (match, wanted.Length == 0 ? match?.Type ?? TypeOf(url, ownsCredential) : type);
    }

    /// <summary>Repositories with the same credential for the same forge share one provider, for they share its budget; it has the first one's name.</summary>
    private ProviderConfig Own(SectionReader entry, string name, Uri url, Secret? token, Uri? apiBaseUrl, ProviderConfig? match, string type)
    {
        var basis = match is not null && IsFor(match, url) ? match : null;
        var inherits = basis is not null && (apiBaseUrl is null || KnownHosts(basis).Contains(apiBaseUrl.Host, StringComparer.OrdinalIgnoreCase));
        var key = (type, Forge(url, type), apiBaseUrl, entry.AsWritten("token"), basis?.Name);
        if (!made.TryGetValue(key, out var provider))
        {
            var own = new ProviderConfig
            {
                Name = NameOf(name),
                Type = type,
                Url = basis?.Url ?? Forge(url, type),
                ApiBaseUrl = apiBaseUrl ?? basis?.ApiBaseUrl,
                Token = entry.Says("token") ? token : inherits ? basis!.Token : null,
                App = !entry.Says("token") && inherits ? basis!.App : null,
                Aws = !entry.Says("token") && inherits ? basis!.Aws : null,
                Username = basis?.Username ?? "",
                CaFile = basis?.CaFile ?? "",
                Proxy = basis?.Proxy ?? "",
                Ssh = basis?.Ssh,
                PublicOnly = !entry.Load.IsOperators && (basis is null || basis.PublicOnly),
                Identity = $"{type} {Forge(url, type)} {apiBaseUrl} {entry.IdentityOf("token")} {basis?.Identity}",
            };
            made[key] = provider = basis is { RequestsPerHour: > 0 } ? own with { RequestsPerHour = basis.RequestsPerHour, Burst = basis.Burst } : rates.Fill(own);
            all.Add(provider);
        }

        return provider;
    }

    // One that came through the API may change its token while it runs: what has the old one keeps its name until nobody uses it.
    private string NameOf(string repository)
    {
        var name = "repository:" + repository;
        for (var number = 2; all.Exists(other => other.Name == name); number++)
        {
            name = $"repository:{repository}~{number}";
        }

        return name;
    }

    private ProviderConfig Implicit(string type, Uri url, bool operators)
    {
        var forge = type == "git" ? null : Forge(url, type);
        var key = (type, forge, operators);
        if (!made.TryGetValue(key, out var provider))
        {
            var taken = all.Exists(other => other.Name == type) || forge is not null;
            made[key] = provider = rates.Fill(new ProviderConfig
            {
                Name = !operators ? $"api:{type}:{(type == "git" ? "any" : url.Authority)}" : taken ? $"{type}:{(type == "git" ? "any" : url.Authority)}" : type,
                Type = type,
                Url = forge,
                PublicOnly = !operators,
                Identity = key.ToString(),
            });
            all.Add(provider);
        }

        return provider;
    }

    /// <summary>Scheme and host where it is not the type's public one; the API of a forge watched over ssh is asked over https.</summary>
    private static Uri? Forge(Uri url, string type) =>
        url.Scheme == "file" || IsPublicHost(url.Host, type) ? null
        : url.Scheme == "ssh" && type != "git" ? new Uri($"https://{url.Host}")
        : new Uri($"{url.Scheme}://{url.Authority}");

    /// <summary>The same host, and between web URLs the same port: another port is another server.</summary>
    private static bool IsFor(ProviderConfig provider, Uri url)
    {
        if (provider.Url is not { } forge)
        {
            return IsPublicHost(url.Host, provider.Type);
        }

        var bothWeb = forge.Scheme is "http" or "https" && url.Scheme is "http" or "https";
        return string.Equals(forge.IdnHost, url.IdnHost, StringComparison.OrdinalIgnoreCase) && (!bothWeb || forge.Port == url.Port);
    }

    private static IEnumerable<string> KnownHosts(ProviderConfig provider) =>
        provider.Url is { } url ? [url.Host, provider.ApiBaseUrl?.Host ?? url.Host] : [PublicHost(provider.Type) ?? "", "api.github.com", provider.ApiBaseUrl?.Host ?? ""];

    private static string HostOf(ProviderConfig provider) => provider.Url?.Authority ?? PublicHost(provider.Type) ?? "no host (it has no url)";

    // The interfaces of Bitbucket and Azure DevOps give strangers next to nothing: without a credential their repositories are read by Git.
    private static string TypeOf(Uri url, bool ownsCredential) => Array.Find(ProviderSections.Types, type => IsPublicHost(url.Host, type) && (ownsCredential || type is not ("bitbucket" or "azure")))
        ?? (GiteaHosts.Contains(url.Host, StringComparer.OrdinalIgnoreCase) ? "gitea" : "git");

    private static bool IsPublicHost(string host, string type) => string.Equals(PublicHost(type), host, StringComparison.OrdinalIgnoreCase);

    private static string? PublicHost(string type) => type switch
    {
        "github" => "github.com",
        "gitlab" => "gitlab.com",
        "bitbucket" => "bitbucket.org",
        "azure" => "dev.azure.com",
        _ => null,
    };

    private void Unknown(SectionReader entry, string wanted)
    {
        var known = configured.Select(provider => provider.Name).Concat(ProviderSections.Types).Distinct(StringComparer.Ordinal).ToList();
        entry.Error("provider", $"{entry.Load.Quote(wanted)} is neither a provider's name nor a type", Wording.DidYouMean(wanted, known) ?? "known: " + string.Join(", ", known));
    }
}
