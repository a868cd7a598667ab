namespace RepoSentry.Configuration;

/// <summary>The <c>discovery</c> list.</summary>
internal sealed class DiscoverySections(ProviderResolution providers, IReadOnlyCollection<string> triggers, SecurityConfig security)
{
    private const int MaxGlob = 250;
    private static readonly string[] WithTopics = ["github", "gitlab", "gitea"];
    private static readonly string[] NotInDefaults = ["name", "url", "provider", "token", "api_base_url"];

    private readonly Dictionary<string, int> times = new(StringComparer.Ordinal);

    public IReadOnlyList<DiscoveryConfig> Read(SectionReader root) => [.. root.Entries("discovery").Select(Discovery).OfType<DiscoveryConfig>()];

    private DiscoveryConfig? Discovery(SectionReader entry)
    {
        var provider = providers.Listing(entry);
        var organization = entry.Required("organization")?.Trim('/');
        var standard = new DiscoveryConfig { Key = "?", Provider = "", ProviderType = "", Organization = "?", Template = new RepositoryConfig { Name = "?", Url = new Uri("file:///"), Provider = "", ProviderType = "" } };
        var discovery = standard with
        {
            Include = entry.Texts("include", [.. standard.Include]),
            Exclude = entry.Texts("exclude"),
            Topics = entry.Texts("topics"),
            Archived = entry.Flag("archived", standard.Archived),
            Forks = entry.Flag("forks", standard.Forks),
            Every = entry.Duration("every", standard.Every, TimeSpan.FromMinutes(1), TimeSpan.FromDays(30)),
        };
        CheckGlobs(entry, "include", discovery.Include);
        CheckGlobs(entry, "exclude", discovery.Exclude);
        var defaults = entry.Section("defaults");
        entry.Know("provider").Done();
        if (provider is null || organization is null)
        {
            return null;
        }

        Check(entry, provider, organization, discovery);
        CheckNames(entry, provider, "include", discovery.Include);
        CheckNames(entry, provider, "exclude", discovery.Exclude);
        return Template(entry, defaults, provider) is not { } template ? null : discovery with
        {
            Key = KeyOf($"{provider.Name}/{organization.ToLowerInvariant()}"),
            Provider = provider.Name,
            ProviderType = provider.Type,
            Organization = organization,
            Template = template,
            Identity = entry.Identity(),
        };
    }

    // One organization may stand in several entries, each with defaults of its own.
    private string KeyOf(string key)
    {
        var time = times[key] = times.GetValueOrDefault(key) + 1;
        return time == 1 ? key : $"{key}#{time}";
    }

    /// <summary>What every repository of it has in common, read by the code that reads the <c>repositories</c> list.</summary>
    private RepositoryConfig? Template(SectionReader entry, SectionReader defaults, ProviderConfig provider)
    {
        foreach (var key in NotInDefaults.Where(defaults.Has))
        {
            defaults.Error(key, "cannot be a default of many repositories", "leave it out; the credential and the API are those of the provider");
        }

        var complete = defaults.With(("name", "template"), ("url", $"https://{ProviderResolution.AuthorityOf(provider)}/organization/repository"), ("provider", provider.Name), ("token", ""), ("api_base_url", ""));
        var template = new RepositorySections(providers, triggers, security).Repository(complete);
        foreach (var key in NotInDefaults)
        {
            entry.Load.Forget(defaults.PathOf(key));
        }

        return template is null ? null : template with { Source = RepositoryConfig.FromDiscovery, Identity = entry.IdentityOf("defaults") };
    }

    private static void Check(SectionReader entry, ProviderConfig provider, string organization, DiscoveryConfig discovery)
    {
        var isCloud = provider.Url is null || provider.Url.Host.EndsWith("bitbucket.org", StringComparison.OrdinalIgnoreCase);
        var (most, form) = provider.Type switch
        {
            "github" or "gitea" => (1, "the name of an organization or a user"),
            "bitbucket" when isCloud => (2, "a WORKSPACE, or WORKSPACE/PROJECT-KEY"),
            "bitbucket" => (1, "the key of a project"),
            "azure" => (2, "an ORGANIZATION, or ORGANIZATION/PROJECT"),
            _ => (int.MaxValue, "the path of a group, or the name of a user"),
        };
        var parts = organization.Split('/');
        if (parts.Length > most || Array.Exists(parts, part => part is "" or "." or ".."))
        {
            entry.Error("organization", $"{entry.Load.Quote(organization)} is not {form}", "without the address of the forge, and without a repository");
        }

        if (discovery.Topics.Count > 0 && !WithTopics.Contains(provider.Type, StringComparer.Ordinal))
        {
            entry.Error("topics", $"repositories of {provider.Type} have no topics", "choose by include and exclude");
        }
    }

    // Of a group's repositories in its subgroups the path below the group is matched; elsewhere a repository has a plain name.
    private static void CheckNames(SectionReader entry, ProviderConfig provider, string key, IReadOnlyList<string> globs)
    {
        foreach (var glob in globs.Where(glob => provider.Type is "github" or "gitea" && glob.Contains('/', StringComparison.Ordinal) && !glob.StartsWith("**/", StringComparison.Ordinal)))
        {
            entry.Error(key, $"the glob {entry.Load.Quote(glob)} has a slash, as no name of a repository does", $"the name alone is matched, such as {glob[(glob.LastIndexOf('/') + 1)..]}");
        }
    }

    private static void CheckGlobs(SectionReader entry, string key, IReadOnlyList<string> globs)
    {
        foreach (var glob in globs)
        {
            if (glob.StartsWith('!'))
            {
                entry.Error(key, $"the glob {entry.Load.Quote(glob)} begins with \"!\"", "what is not wanted stands in exclude");
            }
            else if (glob.Length is 0 or > MaxGlob)
            {
                entry.Error(key, glob.Length == 0 ? "an empty glob" : $"a glob is longer than {MaxGlob} characters", "such as svc-*; ** matches every name");
            }
        }
    }
}
