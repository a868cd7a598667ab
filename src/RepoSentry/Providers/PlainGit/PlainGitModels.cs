using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Providers.Bitbucket;

namespace RepoSentry.Providers.PlainGit;

/// <summary>What one credential's plain Git looks need to know.</summary>
internal sealed record PlainGitOptions
{
    /// <summary>Name of the provider in the configuration: messages say where a credential is set.</summary>
    public required string Provider { get; init; }
    public Secret? Token { get; init; }

    /// <summary>User of Basic authentication; empty sends the token as Bearer, unless it has a user of its own before a colon.</summary>
    public string Username { get; init; } = "";

    /// <summary>User of a token that has none of its own; empty for none.</summary>
    public string BareTokenUser { get; init; } = "";

    /// <summary>Of AWS CodeCommit: then the token is the secret key, which signs a password for each request.</summary>
    public AwsConfig? Aws { get; init; }

    /// <summary>Scheme, host and port that the token is for; null for whatever the repository's URL names.</summary>
    public Uri? Scope { get; init; }
    public SshConfig? Ssh { get; init; }

    /// <summary>Whether <c>file://</c> remotes may be read.</summary>
    public bool AllowFile { get; init; }

    /// <summary>The forges take a token as the password of a user of their own; any other server gets it as Bearer unless a user is named.</summary>
    public static PlainGitOptions For(ProviderConfig provider)
    {
        var (user, home) = provider.Type switch
        {
            "github" => ("x-access-token", "https://github.com"),
            "gitlab" => ("oauth2", "https://gitlab.com"),
            "gitea" => ("oauth2", "https://gitea.com"),
            "bitbucket" => ("", "https://bitbucket.org"),
            "azure" => ("pat", "https://dev.azure.com"), // any name will do
            _ => ("", null),
        };
        var isBitbucketCloud = provider.Type == "bitbucket" && BitbucketOptions.IsCloud(provider);
        return new PlainGitOptions
        {
            Provider = provider.Name,
            Token = provider.Aws?.SecretAccessKey ?? provider.Token,
            Aws = provider.Aws,
            Username = isBitbucketCloud && provider.Username.Contains('@', StringComparison.Ordinal) ? "x-bitbucket-api-token-auth" // the interface takes an account's address, Git does not
                : provider.Username.Length > 0 ? provider.Username : user,
            BareTokenUser = isBitbucketCloud ? "x-token-auth" : "",
            Scope = provider.Url ?? (home is null ? null : new Uri(home)),
            Ssh = provider.Ssh,
            AllowFile = provider.Type == "git",
        };
    }
}

/// <summary>Bounds of one look; a server that passes one is refused by name.</summary>
internal static class PlainGitLimits
{
    public const int MaxRefs = 500_000;
    public const int MaxBytes = 64 * 1024 * 1024;

    /// <summary>Git keeps a loose ref as a file: its name is no longer than a path.</summary>
    public const int MaxNameBytes = 4096;
    public const int MaxRedirects = 3;

    /// <summary>Longest silence of a server; the whole look is limited by its caller.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromSeconds(15);
}

/// <summary>How a repository is spoken to over HTTP.</summary>
/// <param name="Version">Protocol version, 0 to 2.</param>
/// <param name="ObjectFormat">sha1 or sha256.</param>
/// <param name="Base">Where it really is, if redirected on its own host; null for its own URL.</param>
internal sealed record GitWire(int Version, string ObjectFormat, Uri? Base = null)
{
    public static readonly GitWire Modern = new(2, "sha1");
}
