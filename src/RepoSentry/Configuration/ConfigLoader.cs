namespace RepoSentry.Configuration;

/// <summary>
/// YAML to an immutable <see cref="SentryConfig"/>: file, then <c>REPOSENTRY__SECTION__KEY</c> variables, then flags. Every error is reported at once, with its
/// place; no input makes it throw.
/// </summary>
internal static class ConfigLoader
{
    public static LoadedConfig Load(string path, LoadOptions? options = null)
    {
        var (text, problem) = ConfigText.Read(path);
        return text is not null
            ? LoadText(text, path, options)
            : Failed(new ConfigProblem(new Place(path), "the configuration file " + problem, problem == "does not exist" ? "name one with -c FILE; the README shows a small one" : null));
    }

    /// <param name="file">Named in problems; relative paths in the text stand beside it.</param>
    public static LoadedConfig LoadBytes(ReadOnlySpan<byte> bytes, string file, LoadOptions? options = null)
    {
        var (text, problem) = ConfigText.Decode(bytes);
        return text is not null ? LoadText(text, file, options) : Failed(new ConfigProblem(new Place(file), "the configuration file " + problem));
    }

    /// <param name="file">Named in problems; relative paths in the text stand beside it.</param>
    public static LoadedConfig LoadText(string text, string file, LoadOptions? options = null)
    {
        options ??= new LoadOptions();
        var problems = new Problems();
        if (YamlTree.Parse(text, file, problems) is not { } root)
        {
            return new LoadedConfig(null, problems.Errors, problems.Warnings);
        }

        var load = new LoadContext(file, options, AllowedVariables(root, options)) { Problems = problems };
        new GoOriginal(root, load).TakeOver();
        Overrides.Apply(root, options, problems);
        var (config, entries) = Read(new SectionReader(load, root, ""));
        return new LoadedConfig(problems.Any ? null : config, problems.Errors, problems.Warnings) { Origins = load.Origins, Files = load.Files, Entries = problems.Any ? null : entries };
    }

    private static (SentryConfig Config, RepositoryEntries Entries) Read(SectionReader root)
    {
        var security = CoreSections.Security(root.Section("security"));
        var app = CoreSections.App(root.Section("app"));
        var triggers = new TriggerSections(security);
        var rates = ProviderSections.RateLimit(root.Section("rate_limit"));
        var providerNames = new Names("provider");
        var config = new SentryConfig
        {
            App = app,
            Api = ApiSection.Read(root.Section("api"), security),
            Polling = CoreSections.Polling(root.Section("polling")),
            Storage = CoreSections.Storage(root.Section("storage"), app),
            Security = security,
            Telemetry = CoreSections.Telemetry(root.Section("telemetry")),
            Triggers = triggers.Read(root),
        };
        var providers = new ProviderResolution(ProviderSections.Read(root, rates, security, providerNames), providerNames, rates);
        var repositories = new RepositorySections(providers, triggers.Declared, security).Read(root);
        var discovery = new DiscoverySections(providers, triggers.Declared, security).Read(root);
        NotYet(root);
        root.Done();
        var shared = root.IdentityOf("security", "rate_limit");
        config = config with
        {
            Triggers = [.. config.Triggers.Select(trigger => trigger with { Identity = trigger.Identity + shared })],
            Repositories = repositories,
            Discovery = discovery,
        };
        var entries = new RepositoryEntries(config, providers, triggers.Declared, security, shared);
        return (entries.With([]), entries);
    }

    private static void NotYet(SectionReader root)
    {
        root.Later("notifications").Later("events");
        root.Section("cluster").Later("node").Later("heartbeat", "3s").Later("lease", "10s").Done();
        root.Section("plugins").Later("directory", "./plugins").Done();
    }

    /// <summary>Read ahead of everything, for all other values may use variables.</summary>
    private static IReadOnlyList<string> AllowedVariables(MappingNode root, LoadOptions options)
    {
        var ahead = new LoadContext("security", options, []);
        var bare = new MappingNode(root.Place);
        if (root.Find("security")?.Value is MappingNode security && security.Find("allowed_env_vars") is { } list)
        {
            var kept = new MappingNode(security.Place);
            kept.Set(list.Key, list.KeyPlace, list.Value);
            bare.Set("security", security.Place, kept);
        }

        var only = options with
        {
            Environment = options.Environment.Where(variable => variable.Key.Equals(Overrides.VariablePrefix + "security__allowed_env_vars", StringComparison.OrdinalIgnoreCase)).ToDictionary(),
            Flags = options.Flags.Where(flag => flag.Key == "security.allowed_env_vars").ToDictionary(),
        };
        Overrides.Apply(bare, only, ahead.Problems);
        return new SectionReader(ahead, bare, "").Section("security").Texts("allowed_env_vars", [.. new SecurityConfig().AllowedEnvVars]);
    }

    private static LoadedConfig Failed(ConfigProblem problem) => new(null, [problem], []);
}
