using RepoSentry.Configuration.Secrets;

namespace RepoSentry.Configuration;

/// <summary>
/// Repositories that stand beside those of the file: entries of the same form, as JSON, that came through the API. They use the file's providers and their
/// credentials, or bring a token of their own, which is kept sealed; references are not followed, for whoever may add a repository shall not read a secret file.
/// </summary>
internal sealed class RepositoryEntries(SentryConfig file, ProviderResolution providers, IReadOnlyCollection<string> triggers, SecurityConfig security, string shared)
{
    /// <summary>Stands for the token that is kept: whoever changes an entry need not know it.</summary>
    public const string KeptToken = "***";

    private static readonly string[] References = ["env:", "file:", "k8s:", "vault:", "${"];

    private readonly int ofTheFile = providers.All.Count;
    private readonly HashSet<string> inFile = [.. file.Repositories.Select(repository => repository.Name)];

    /// <summary>Beside a configuration that no file was read for.</summary>
    public static RepositoryEntries Beside(SentryConfig config) => new(
        config with { Providers = [] },
        new ProviderResolution(config.Providers, new Names("provider"), new RateDefaults(new Rate(5000, 100, IsGiven: false), new Rate(120_000, 100, IsGiven: false))),
        [.. config.Triggers.Select(trigger => trigger.Name)],
        config.Security,
        "");

    public bool IsInFile(string name) => inFile.Contains(name);

    /// <summary>The whole configuration with these beside the file's own; one that the file names too is left out.</summary>
    public SentryConfig With(IReadOnlyList<RepositoryConfig> others)
    {
        var used = others.Select(other => other.Provider).ToHashSet(StringComparer.Ordinal);
        return file with
        {
            Repositories = [.. file.Repositories, .. others.Where(other => !IsInFile(other.Name))],
            Providers = [.. providers.All.Where((provider, at) => at < ofTheFile || used.Contains(provider.Name)).Select(provider => provider with { Identity = provider.Identity + shared })],
        };
    }

    /// <summary>Reads one entry. Its problems name the line and column of the JSON.</summary>
    /// <param name="before">The entry that it replaces, whose token <c>***</c> means.</param>
    public (RepositoryConfig? Repository, IReadOnlyList<ConfigProblem> Errors) Read(string json, string? before = null)
    {
        var problems = new Problems();
        var load = new LoadContext("repository", new LoadOptions { Environment = new Dictionary<string, string>() }, []) { Problems = problems, IsOperators = false };
        if (YamlTree.Parse(json, load.File, problems) is not { } root)
        {
            return (null, problems.Errors);
        }

        var entry = new SectionReader(load, root, "");
        if (entry.Says("api_base_url"))
        {
            entry.Error("api_base_url", "belongs into the configuration file only", "name a provider of the file");
        }

        var token = Token(entry, json, before);
        if (token is not null)
        {
            root.Set("token", entry.Place, new ScalarNode(entry.At("token"), token, IsPlain: false));
        }

        var repository = new RepositorySections(providers, triggers, security).Repository(entry);
        if (repository is { Url.Scheme: not ("http" or "https") } && providers.All.Any(provider => provider.Name == repository.Provider && provider.PublicOnly))
        {
            entry.Error("url", $"{repository.Url.Scheme} is not taken through the API", "use https, or configure a provider for its host in the file");
        }

        return problems.Any ? (null, problems.Errors) : (repository! with { Source = RepositoryConfig.FromApi, Entry = SealedEntry.Of(json, token, Sealing) }, []);
    }

    /// <summary>Why entries that are stored cannot be opened; null if all can.</summary>
    public ConfigProblem? Unopened(IEnumerable<(string Name, string Entry)> stored) => stored
        .Select(one => (one.Name, SealedEntry.Open(one.Entry, Sealing).Problem))
        .Where(one => one.Problem is not null)
        .Select(one => new ConfigProblem(new Place("security.master_key"), $"the token of repository {one.Name}, which came through the API, {one.Problem}", "give the key that it was sealed with; beside a new one, in a line of its own below it"))
        .FirstOrDefault();

    /// <summary>Seals the tokens of stored entries with the first line of the master key.</summary>
    /// <returns>Those that were sealed with another one.</returns>
    public IReadOnlyList<(string Name, string Entry)> Resealed(IEnumerable<(string Name, string Entry)> stored) =>
        [.. stored.Select(one => (one.Name, Entry: SealedEntry.Resealed(one.Entry, Sealing!))).Where(one => one.Entry is not null).Select(one => (one.Name, one.Entry!))];

    public MasterKey? Sealing { get; } = security.MasterKey is { } lines ? new MasterKey(lines) : null;

    /// <returns>In plain; null if there is none, or it is refused, which has been said.</returns>
    private string? Token(SectionReader entry, string json, string? before)
    {
        if (!entry.Says("token"))
        {
            return null;
        }

        if (Sealing is null)
        {
            entry.Error("token", "is kept sealed only, and there is no key to seal it with", "set security.master_key, or name a provider of the file: its credential is used");
            return null;
        }

        var keeps = entry.AsWritten("token") == KeptToken;
        if (keeps && (before is null || !SealedEntry.IsForTheSame(json, before)))
        {
            entry.Error("token", $"{KeptToken} keeps the token that is stored for this host, and there is none", "send the token itself");
            return null;
        }

        if (Array.Exists(References, reference => entry.AsWritten("token").StartsWith(reference, StringComparison.Ordinal)))
        {
            entry.Error("token", "references are not followed in what comes through the API", "send the token itself, or name a provider of the file");
            return null;
        }

        var (token, problem) = SealedEntry.Open(keeps ? before! : json, Sealing);
        if (token is null)
        {
            entry.Error("token", problem ?? $"{KeptToken} keeps the token that is stored for this host, and there is none", "send the token itself");
        }

        return token;
    }
}
