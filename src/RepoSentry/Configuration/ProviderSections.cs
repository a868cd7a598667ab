namespace RepoSentry.Configuration;

/// <summary>The sections <c>rate_limit</c> and <c>providers</c>.</summary>
internal static class ProviderSections
{
    public static readonly string[] Types = ["github", "gitlab", "gitea", "bitbucket", "azure", "git"];

    /// <summary>Other names of types, and what each is read as.</summary>
    public static readonly IReadOnlyDictionary<string, string> Aliases = new Dictionary<string, string>(StringComparer.Ordinal) { ["forgejo"] = "gitea", ["bitbucket-server"] = "bitbucket", ["azuredevops"] = "azure" };

    private static readonly string[] TypeNames = [.. Types, .. Aliases.Keys];

    /// <summary>The type that is called so, null if none is.</summary>
    public static string? TypeNamed(string name) => Aliases.GetValueOrDefault(name) ?? (Types.Contains(name, StringComparer.Ordinal) ? name : null);

    public static RateDefaults RateLimit(SectionReader section)
    {
        var (github, gitlab) = (section.Section("github"), section.Section("gitlab"));
        var rates = new RateDefaults(
            new Rate(github.Integer("requests_per_hour", 5000, 1, 10_000_000), github.Integer("burst", 100, 1, 100_000), github.Has("requests_per_hour")),
            new Rate(gitlab.Integer("requests_per_minute", 2000, 1, 1_000_000) * 60, gitlab.Integer("burst", 100, 1, 100_000), gitlab.Has("requests_per_minute")));
        github.Done();
        gitlab.Done();
        section.Done();
        return rates;
    }

    public static IReadOnlyList<ProviderConfig> Read(SectionReader root, RateDefaults rates, SecurityConfig security, Names names)
    {
        var providers = new List<ProviderConfig>();
        foreach (var entry in root.Entries("providers"))
        {
            if (Provider(entry, names.Read(entry), rates, security) is { } provider)
            {
                providers.Add(provider);
            }
        }

        return providers;
    }

    private static ProviderConfig? Provider(SectionReader entry, string? name, RateDefaults rates, SecurityConfig security)
    {
        var told = entry.Choice("type", TypeNamed(name ?? "") is null ? "" : name!, TypeNames);
        var type = TypeNamed(told) ?? "";
        if (type.Length == 0 && !entry.Has("type"))
        {
            entry.Error("type", "must be given", "one of " + string.Join(", ", TypeNames));
        }

        if ((type == "gitea" || told == "bitbucket-server") && !entry.Has("url"))
        {
            entry.Error("url", "must be given", "where the instance is, such as " + (type == "gitea" ? "https://codeberg.org" : "https://bitbucket.corp"));
        }

        var ssh = entry.Section("ssh");
        var token = entry.Secret("token");
        var app = App(entry, type);
        var aws = Aws(entry, type);
        var provider = new ProviderConfig
        {
            Name = name ?? "?",
            Type = type,
            Url = Url(entry, "url", type == "git" ? ["https", "http", "ssh"] : ["https", "http"]),
            ApiBaseUrl = Url(entry, "api_base_url", ["https", "http"]),
            Token = token,
            App = app,
            Aws = aws,
            Username = entry.Text("username"),
            CaFile = entry.ExistingFile("ca_file"),
            Proxy = Url(entry, "proxy", ["http", "https", "socks5"])?.ToString() ?? "",
            Ssh = Ssh(ssh),
            Identity = entry.Identity(),
        };
        foreach (var (key, url) in (ReadOnlySpan<(string, Uri?)>)[("url", provider.Url), ("api_base_url", provider.ApiBaseUrl)])
        {
            if ((entry.Says("token") || app is not null || aws is not null) && url is not null && TriggerSections.IsUnsafe(url, security))
            {
                entry.Error(key, "a token must not travel over plain http", TriggerSections.UseHttps(url));
            }
        }

        var perMinute = entry.Integer("requests_per_minute", 0, 0, 1_000_000);
        entry.Done();
        provider = rates.Fill(provider) is var filled && perMinute > 0 ? filled with { RequestsPerHour = perMinute * 60 } : filled;
        return name is null || type.Length == 0 ? null : provider;
    }

    public static Uri? Url(SectionReader entry, string key, string[] schemes)
    {
        var text = entry.Text(key);
        if (text.Length == 0)
        {
            return null;
        }

        if (!Urls.TryParse(text, schemes, out var url, out var problem, out var hint))
        {
            entry.Error(key, problem, hint);
        }

        return url;
    }

    private static GitHubAppConfig? App(SectionReader entry, string type)
    {
        var section = entry.Section("app");
        var isGiven = section.Keys.Count > 0;
        string? Number(string name) => isGiven ? section.Required(name) : section.Text(name);
        var (id, installation, key) = (Number("app_id"), Number("installation_id"), section.Secret("private_key", manyLines: true));
        if (!isGiven)
        {
            section.Done();
            return null;
        }

        foreach (var (name, value) in (ReadOnlySpan<(string, string?)>)[("app_id", id), ("installation_id", installation)])
        {
            if (value is not null && !value.All(name == "app_id" ? char.IsAsciiLetterOrDigit : char.IsAsciiDigit)) // an App may be named by its client id
            {
                section.Error(name, "is a number that GitHub gave", "it stands on the page of the App or of its installation");
            }
        }

        if (type is not ("" or "github"))
        {
            entry.Error("app", "is for providers of type github", null);
        }

        if (entry.Says("token"))
        {
            entry.Error("app", "stands beside token", "keep one of the two");
        }

        if (key is null && !section.Says("private_key"))
        {
            section.Error("private_key", "must be given", "a reference such as file:/run/secrets/app.pem");
        }

        section.Done();
        return id is null || installation is null || key is null ? null : new GitHubAppConfig(id, installation, key);
    }

    private static AwsConfig? Aws(SectionReader entry, string type)
    {
        var section = entry.Section("aws");
        if (!entry.Has("aws"))
        {
            section.Text("access_key_id");
            section.Secret("secret_access_key");
            section.Secret("session_token");
            section.Done();
            return null;
        }

        var (id, secret, session) = (section.Required("access_key_id"), section.Secret("secret_access_key"), section.Secret("session_token"));
        if (secret is null && !section.Says("secret_access_key"))
        {
            section.Error("secret_access_key", "must be given", "a reference such as ${AWS_SECRET_KEY}");
        }

        if (type is not ("" or "git"))
        {
            entry.Error("aws", "is for providers of type git", null);
        }

        if (entry.Says("token"))
        {
            entry.Error("aws", "stands beside token", "keep one of the two");
        }

        if (!entry.Has("url"))
        {
            entry.Error("url", "must be given", "such as https://git-codecommit.eu-central-1.amazonaws.com");
        }

        section.Done();
        return id is null || secret is null ? null : new AwsConfig(id, secret, session);
    }

    private static SshConfig? Ssh(SectionReader section)
    {
        var ssh = new SshConfig(section.Secret("key", manyLines: true), section.SecretPath("key"), section.ExistingFile("known_hosts"));
        section.Done();
        return section.Keys.Count == 0 ? null : ssh;
    }
}

/// <param name="IsGiven">Whether the configuration says it.</param>
internal sealed record Rate(int PerHour, int Burst, bool IsGiven);

/// <summary>What a provider may use where it does not say so itself.</summary>
internal sealed record RateDefaults(Rate GitHub, Rate GitLab)
{
    /// <summary>Without a token a forge allows far less, so then only a rate that was given is taken.</summary>
    public ProviderConfig Fill(ProviderConfig provider) => provider.Type switch
    {
        "github" => Fill(provider, GitHub, 60),
        "gitlab" => Fill(provider, GitLab, 30_000),
        "gitea" => provider with { RequestsPerHour = 36_000, Burst = 100 }, // it has no limit of its own
        "bitbucket" when provider.Url is null || provider.Url.Host == "bitbucket.org" => provider with { RequestsPerHour = provider.HasCredential ? 1000 : 60, Burst = 60 },
        "bitbucket" => provider with { RequestsPerHour = 18_000, Burst = 60 },
        "azure" => provider with { RequestsPerHour = 6000, Burst = 100 },
        _ => provider,
    };

    private static ProviderConfig Fill(ProviderConfig provider, Rate rate, int toStrangers) => provider with
    {
        RequestsPerHour = rate.IsGiven || provider.HasCredential ? rate.PerHour : toStrangers,
        Burst = rate.Burst,
    };
}
