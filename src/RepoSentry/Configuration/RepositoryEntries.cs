namespace RepoSentry.Configuration;

/// <summary>
/// Repositories that stand beside those of the file: entries of the same form, as JSON, that came through the API. They use the file's providers and their
/// credentials, and bring none of their own: whoever may add a repository shall neither read a secret file nor send a token where it does not belong.
/// </summary>
internal sealed class RepositoryEntries(SentryConfig file, ProviderResolution providers, IReadOnlyCollection<string> triggers, SecurityConfig security, string shared)
{
    private static readonly string[] OfTheFileOnly = ["token", "api_base_url"];

    /// <summary>Beside a configuration that no file was read for.</summary>
    public static RepositoryEntries Beside(SentryConfig config) => new(
        config with { Providers = [] },
        new ProviderResolution(config.Providers, new Names("provider"), new RateDefaults(new Rate(5000, 100, IsGiven: false), new Rate(120_000, 100, IsGiven: false))),
        [.. config.Triggers.Select(trigger => trigger.Name)],
        config.Security,
        "");

    public bool IsInFile(string name) => file.Repositories.Any(repository => repository.Name == name);

    /// <summary>The whole configuration with these beside the file's own; one that the file names too is left out.</summary>
    public SentryConfig With(IReadOnlyList<RepositoryConfig> others) => file with
    {
        Repositories = [.. file.Repositories, .. others.Where(other => !IsInFile(other.Name))],
        Providers = [.. providers.All.Select(provider => provider with { Identity = provider.Identity + shared })],
    };

    /// <summary>Reads one entry. Its problems name the line and column of the JSON.</summary>
    public (RepositoryConfig? Repository, IReadOnlyList<ConfigProblem> Errors) Read(string json)
    {
        var problems = new Problems();
        var load = new LoadContext("repository", new LoadOptions { Environment = new Dictionary<string, string>() }, []) { Problems = problems, IsOperators = false };
        if (YamlTree.Parse(json, load.File, problems) is not { } root)
        {
            return (null, problems.Errors);
        }

        var entry = new SectionReader(load, root, "");
        foreach (var key in OfTheFileOnly.Where(entry.Says))
        {
            entry.Error(key, "belongs into the configuration file only", "name a provider of the file: its credential is used");
        }

        var repository = new RepositorySections(providers, triggers, security).Repository(entry);
        if (repository is { Url.Scheme: not ("http" or "https") } && providers.All.Any(provider => provider.Name == repository.Provider && provider.PublicOnly))
        {
            entry.Error("url", $"{repository.Url.Scheme} is not taken through the API", "use https, or configure a provider for its host in the file");
        }

        return problems.Any ? (null, problems.Errors) : (repository! with { Source = RepositoryConfig.FromApi, Entry = json }, []);
    }
}
