using System.Net;
using RepoSentry.Abstractions;

namespace RepoSentry.Configuration;

/// <summary>The whole configuration, resolved and immutable. A reload makes a new one.</summary>
internal sealed record SentryConfig
{
    public AppConfig App { get; init; } = new();
    public ApiConfig Api { get; init; } = new();
    public PollingConfig Polling { get; init; } = new();
    public StorageConfig Storage { get; init; } = new();
    public SecurityConfig Security { get; init; } = new();
    public TelemetryConfig Telemetry { get; init; } = new();

    /// <summary>One per forge and credential, in file order: the first that matches a URL is used.</summary>
    public IReadOnlyList<ProviderConfig> Providers { get; init; } = [];

    /// <summary>All destinations; the <c>tekton</c> section stands here as a trigger of that name.</summary>
    public IReadOnlyList<TriggerConfig> Triggers { get; init; } = [];

    /// <summary>In file order, which is the order of their first look.</summary>
    public IReadOnlyList<RepositoryConfig> Repositories { get; init; } = [];

    /// <summary>Whose repositories are watched as they come and go, in file order: the first that takes a repository has it.</summary>
    public IReadOnlyList<DiscoveryConfig> Discovery { get; init; } = [];
}

internal sealed record AppConfig
{
    public string Name { get; init; } = "reposentry";
    public string DataDir { get; init; } = "./data";

    public static IReadOnlyList<string> LogLevels { get; } = ["trace", "debug", "info", "warn", "error"];

    /// <summary>One of <see cref="LogLevels"/>.</summary>
    public string LogLevel { get; init; } = "info";

    /// <summary>text or json.</summary>
    public string LogFormat { get; init; } = "text";

    /// <summary>Path of a log file beside standard output; empty for none.</summary>
    public string LogFile { get; init; } = "";
    public LogRotationConfig LogFileRotation { get; init; } = new();

    /// <summary>How long a stop waits for answers in flight.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(25);
}

/// <param name="MaxSize">MiB at which a new file begins.</param>
/// <param name="MaxBackups">Old files kept; 0 for no limit.</param>
/// <param name="MaxAge">Days an old file is kept; 0 for no limit.</param>
/// <param name="Compress">Whether old files are gzipped.</param>
internal sealed record LogRotationConfig(int MaxSize = 100, int MaxBackups = 3, int MaxAge = 30, bool Compress = true);

internal sealed record ApiConfig
{
    /// <summary>Address and port, such as <c>127.0.0.1:8080</c>; port 0 takes a free one.</summary>
    public string Listen { get; init; } = "127.0.0.1:8080";

    /// <summary>auto, token or none.</summary>
    public string Auth { get; init; } = "auto";
    public string PublicUrl { get; init; } = "";

    /// <summary>An admin bearer for pods that nobody can exec into.</summary>
    public Secret? BootstrapToken { get; init; }

    /// <summary>Address and port where <c>/metrics</c> is open; empty for none.</summary>
    public string MetricsListen { get; init; } = "";

    /// <summary>Null for plain HTTP.</summary>
    public TlsConfig? Tls { get; init; }

    /// <summary>Peers whose <c>X-Forwarded-For</c> and <c>X-Forwarded-Proto</c> are believed.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>For each token, or each address without authentication; null for no limit.</summary>
    public RequestRate? RateLimit { get; init; } = new(50, TimeSpan.FromSeconds(1));

    /// <summary>Whether only this machine can connect.</summary>
    public bool IsLoopback => ListenAddress.TryParse(Listen) is { IsLoopback: true };

    /// <summary>Whether callers need a token: always by <c>token</c>, never by <c>none</c>, and by <c>auto</c> on any address beyond loopback.</summary>
    public bool RequiresToken => Auth == "token" || (Auth == "auto" && !IsLoopback);
}

/// <param name="CertFile">PEM: the server's certificate, then those that lead to its authority.</param>
/// <param name="KeyFile">PEM, unencrypted.</param>
internal sealed record TlsConfig(string CertFile, string KeyFile);

internal sealed record PollingConfig
{
    /// <summary>adaptive or fixed.</summary>
    public string Strategy { get; init; } = "adaptive";

    /// <summary>A promise: no repository waits longer while the budget allows.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(60);
    public TimeSpan MinInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Hard: the longest gap between two looks, and the longest back-off.</summary>
    public TimeSpan MaxInterval { get; init; } = TimeSpan.FromHours(1);
    public double Surplus { get; init; } = 1.0;

    /// <summary>Time limit of one look.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time limit of enrichment per look.</summary>
    public TimeSpan EnrichTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Looks side by side, in all.</summary>
    public int MaxWorkers { get; init; } = 64;

    /// <summary>Whether a failing API falls back to Git.</summary>
    public bool EnableApiFallback { get; init; } = true;

    /// <summary>Tries of one look before fallback or error.</summary>
    public int RetryAttempts { get; init; } = 3;
    public TimeSpan RetryBackoff { get; init; } = TimeSpan.FromSeconds(1);
}

internal sealed record StorageConfig
{
    /// <summary>sqlite (postgres and mysql come later).</summary>
    public string Type { get; init; } = "sqlite";

    /// <summary>Path of the database file; the loader fills the default <c>{app.data_dir}/reposentry.db</c>.</summary>
    public string SqlitePath { get; init; } = "./data/reposentry.db";
    public RetentionConfig Retention { get; init; } = new();
}

/// <summary>How long what is over is kept. What is undelivered or dead stays until an operator acts.</summary>
internal sealed record RetentionConfig
{
    /// <summary>Events with their deliveries, from their detection.</summary>
    public TimeSpan Events { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Attempts at deliveries that are over.</summary>
    public TimeSpan Attempts { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Looks that changed something or failed; the last 50 of each repository stay.</summary>
    public TimeSpan Polls { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Rows of the audit log, and tokens that were revoked.</summary>
    public TimeSpan Audit { get; init; } = TimeSpan.FromDays(365);
}

internal sealed record SecurityConfig
{
    public IReadOnlyList<string> AllowedEnvVars { get; init; } = ["*_TOKEN", "*_SECRET", "*_PASSWORD", "*_KEY", "*_URL"];

    /// <summary>Refuses plain http for whatever carries a credential.</summary>
    public bool RequireHttps { get; init; } = true;
    public IReadOnlyList<string> InsecureHosts { get; init; } = [];

    /// <summary>CIDR blocks that may be dialled although they are link-local, metadata or loopback.</summary>
    public IReadOnlyList<string> AllowedNetworks { get; init; } = [];
    public bool AllowUnauthenticated { get; init; }

    /// <summary>Seals tokens that come through the API, and the keys of browser sessions. The first line is the key in use, further lines are earlier ones; at least 32 characters each.</summary>
    public Secret? MasterKey { get; init; }
}

internal sealed record TelemetryConfig
{
    public bool MetricsPerRepository { get; init; } = true;
}

/// <summary>One forge with one credential.</summary>
internal sealed record ProviderConfig
{
    /// <summary>The same in two loads that say the same of it.</summary>
    public string Identity { get; init; } = "";

    /// <summary>Made for a repository that came through the API: only public addresses are dialled, and those of <c>security.allowed_networks</c>.</summary>
    public bool PublicOnly { get; init; }

    public required string Name { get; init; }

    /// <summary>github, gitlab, gitea, bitbucket, azure or git.</summary>
    public required string Type { get; init; }

    /// <summary>Where the forge lives, such as <c>https://gitlab.corp</c>; null for the public one of its type.</summary>
    public Uri? Url { get; init; }

    /// <summary>Base of its API; null derives it from the type and URL.</summary>
    public Uri? ApiBaseUrl { get; init; }
    public Secret? Token { get; init; }

    /// <summary>A GitHub App in place of a token.</summary>
    public GitHubAppConfig? App { get; init; }

    /// <summary>A key of AWS for CodeCommit, in place of a token.</summary>
    public AwsConfig? Aws { get; init; }

    public bool HasCredential => Token is not null || App is not null || Aws is not null;

    /// <summary>User name for Basic authentication of plain Git and Bitbucket; empty sends the token as the forge expects it.</summary>
    public string Username { get; init; } = "";

    /// <summary>PEM file with the private certificate authority; empty for the system's.</summary>
    public string CaFile { get; init; } = "";

    /// <summary>HTTP proxy; empty for none (the environment's proxies are never used).</summary>
    public string Proxy { get; init; } = "";
    public SshConfig? Ssh { get; init; }

    /// <summary>Requests per hour this credential may use; 0 for the provider type's default.</summary>
    public int RequestsPerHour { get; init; }

    /// <summary>Requests that may go at once before the rate holds; 0 for the provider type's default.</summary>
    public int Burst { get; init; }
}

/// <param name="AccessKeyId">Id of the key.</param>
/// <param name="SecretAccessKey">What signs; it is never sent.</param>
/// <param name="SessionToken">Of a key that lasts for a while only; null for none.</param>
internal sealed record AwsConfig(string AccessKeyId, Secret SecretAccessKey, Secret? SessionToken);

/// <param name="AppId">Number or client id of the App.</param>
/// <param name="InstallationId">Number of its installation in an organization or account.</param>
/// <param name="PrivateKey">RSA, in PEM.</param>
internal sealed record GitHubAppConfig(string AppId, string InstallationId, Secret PrivateKey);

/// <param name="Key">Private key, as a secret (a <c>file:</c> reference gives a path); null for the agent's none.</param>
/// <param name="KeyFile">Path of the private key where it was given as <c>file:</c>; null otherwise.</param>
/// <param name="KnownHosts">Path of the known_hosts file; host keys are always checked.</param>
internal sealed record SshConfig(Secret? Key, string? KeyFile, string KnownHosts);

internal sealed record TriggerConfig
{
    /// <summary>The same in two loads that say the same of it.</summary>
    public string Identity { get; init; } = "";

    public required string Name { get; init; }

    /// <summary>tekton, webhook, cloudevents or exec (others come later).</summary>
    public string Type { get; init; } = "tekton";

    /// <summary>Where to post; null for exec.</summary>
    public Uri? Url { get; init; }
    public Secret? Secret { get; init; }

    /// <summary>Of tekton: auto, github, gitlab, gitea, bitbucket, cloudevents or native.</summary>
    public string Format { get; init; } = "auto";

    /// <summary>The format that tells of nothing but refs that come and go.</summary>
    public const string CreateDelete = "github-create-delete";

    /// <summary>Of cloudevents: binary or structured.</summary>
    public string Mode { get; init; } = "binary";
    public ExecConfig? Exec { get; init; }

    /// <summary>Globs over event type names; empty for all.</summary>
    public IReadOnlyList<string> Events { get; init; } = [];

    /// <summary>none delivers every event; latest only the newest that waited in a lane.</summary>
    public string Coalesce { get; init; } = "none";

    /// <summary>Time limit of one attempt, connecting included.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(35);
    public IReadOnlyDictionary<string, Secret> Headers { get; init; } = new Dictionary<string, Secret>();
    public string CaFile { get; init; } = "";

    /// <summary>Deliveries started in any one second; 0 for no limit.</summary>
    public double RequestsPerSecond { get; init; } = 5;

    /// <summary>Deliveries under way at once; 0 for no limit.</summary>
    public int MaxInFlight { get; init; } = 2;
    public RetryConfig Retry { get; init; } = new();
}

/// <summary>What an exec trigger runs. It comes from the operator's file only, never through the API.</summary>
/// <param name="Command">Program and arguments; no shell reads them.</param>
/// <param name="Environment">Variables beside PATH, HOME, LANG and ours.</param>
/// <param name="WorkingDirectory">Absolute; empty for the service's own.</param>
internal sealed record ExecConfig(IReadOnlyList<string> Command, IReadOnlyDictionary<string, Secret> Environment, string WorkingDirectory);

internal sealed record RetryConfig
{
    public TimeSpan Initial { get; init; } = TimeSpan.FromSeconds(1);
    public TimeSpan Max { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Counted from the creation of the delivery, open breaker left out.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromHours(76);
}

internal sealed record RepositoryConfig
{
    /// <summary>The same in two loads that say the same of it.</summary>
    public string Identity { get; init; } = "";

    /// <summary>file, api or discovery.</summary>
    public string Source { get; init; } = FromFile;

    /// <summary>The entry as JSON, for one that came through the API; null for one of the file.</summary>
    public string? Entry { get; init; }

    public required string Name { get; init; }

    /// <summary>Without userinfo.</summary>
    public required Uri Url { get; init; }

    /// <summary>The remote behind the URL: a forge's repository is the same with .git and without.</summary>
    public Uri Remote => ProviderType == "git" || !Url.AbsolutePath.EndsWith(".git", StringComparison.Ordinal) ? Url : new Uri(Url.GetLeftPart(UriPartial.Path)[..^4]);

    /// <summary>Name of the <see cref="ProviderConfig"/> that looks at it; the loader resolves it (and makes one where a repository brings its own token).</summary>
    public required string Provider { get; init; }

    /// <summary>The type of that provider, such as github.</summary>
    public required string ProviderType { get; init; }
    public Uri? ApiBaseUrl { get; init; }
    public bool Enabled { get; init; } = true;
    public IReadOnlyList<string> Branches { get; init; } = ["**"];

    /// <summary>RE2 expression over short branch names, in the place of globs; null for none.</summary>
    public string? BranchRegex { get; init; }
    public IReadOnlyList<string> Tags { get; init; } = [];
    public PullRequestScope PullRequests { get; init; }

    /// <summary>Names of triggers; empty for every trigger.</summary>
    public IReadOnlyList<string> Triggers { get; init; } = [];

    /// <summary>Pins the cadence; null for <see cref="PollingConfig.Interval"/>.</summary>
    public TimeSpan? PollingInterval { get; init; }

    /// <summary>Weight among repositories, at least 1.</summary>
    public int Priority { get; init; } = 1;
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>True fires every ref at the first look; false makes them a silent baseline.</summary>
    public bool EmitOnFirstPoll { get; init; }

    /// <summary>Globs over file paths; an update that changes none of them is not delivered. Empty for no such rule.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>Texts; a change whose head commit's message has one of them is not delivered.</summary>
    public IReadOnlyList<string> SkipMessages { get; init; } = [];

    /// <summary>Names, addresses or accounts, <c>*</c> allowed; a change whose head commit is by one of them is not delivered.</summary>
    public IReadOnlyList<string> IgnoreAuthors { get; init; } = [];

    /// <summary>warn, stop or off: what happens when a ref seems to start itself over and over.</summary>
    public string LoopGuard { get; init; } = "warn";

    public const string FromFile = "file";
    public const string FromApi = "api";
    public const string FromDiscovery = "discovery";

    /// <summary>Key of the discovery that it came by; null for others.</summary>
    public string? Discovery { get; init; }

    /// <summary>The forge's own id, where a listing told it; null for others.</summary>
    public string? ForgeId { get; init; }
}
