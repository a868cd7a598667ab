using System.Text;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Providers.AzureDevOps;
using RepoSentry.Providers.Bitbucket;
using RepoSentry.Providers.Gitea;
using RepoSentry.Providers.GitLab;

namespace RepoSentry.Providers;

/// <summary>What questions with one credential need to know of their forge.</summary>
internal sealed record ForgeOptions
{
    /// <summary>Name of the provider in the configuration: messages say where a credential is set.</summary>
    public required string Provider { get; init; }

    /// <summary>The provider's type: its name in metrics and validators.</summary>
    public required string Type { get; init; }

    /// <summary>Its name in messages.</summary>
    public required string Title { get; init; }

    public Secret? Token { get; init; }

    /// <summary>Base of the API: the only server that the token is sent to.</summary>
    public required Uri ApiBase { get; init; }

    /// <summary>Where repositories are cloned from.</summary>
    public required Uri Web { get; init; }
    public required int RequestsPerHour { get; init; }
    public required int Burst { get; init; }

    /// <summary>The header that carries the token.</summary>
    public required Func<string, (string Name, string Value)> Credential { get; init; }

    /// <summary>Of headers that tell of the limit: what stands before <c>Limit</c>, <c>Remaining</c> and <c>Reset</c>.</summary>
    public string LimitPrefix { get; init; } = "X-RateLimit-";

    /// <summary>Below the base: a question whose answer tells whether the token is taken; null where a look has to tell.</summary>
    public required string? TokenPath { get; init; }

    /// <summary>What that question asks of a token beyond what looks do; null if nothing: then a 403 says that repositories may not be read.</summary>
    public string? TokenPathNeeds { get; init; }

    /// <summary>What a token must be allowed, as the advice for a 403.</summary>
    public required string Needs { get; init; }

    /// <summary>Whether an answer sends the caller to a page where people sign in, which is how some forges refuse a token.</summary>
    public Func<HttpResponseMessage, bool> IsSignIn { get; init; } = _ => false;

    /// <summary>Those of a provider; null for types that have an interface of another kind, or none.</summary>
    public static ForgeOptions? Of(ProviderConfig provider) => provider.Type switch
    {
        "gitlab" => GitLabOptions.For(provider),
        "gitea" => GiteaOptions.For(provider),
        "bitbucket" => BitbucketOptions.For(provider),
        "azure" => AzureOptions.For(provider),
        _ => null,
    };

    public static (string Name, string Value) Bearer(string token) => ("Authorization", "Bearer " + token);

    public static (string Name, string Value) Basic(string user, string token) => ("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{token}")));

    /// <summary>With a user, or one in the token itself before a colon, as a password; else as a bearer.</summary>
    public static (string Name, string Value) UserOrBearer(string user, string token) =>
        user.Length > 0 ? Basic(user, token)
        : token.Split(':', 2) is [var name, var password] ? Basic(name, password)
        : Bearer(token);

    /// <summary>The web address of a forge, without a slash at its end, also where it is watched over ssh.</summary>
    public static string WebOf(Uri url) => url.Scheme is "http" or "https" ? url.GetLeftPart(UriPartial.Path).TrimEnd('/') : $"https://{url.Host}";

    /// <param name="home">The public place of the type.</param>
    public static Uri WebOf(ProviderConfig provider, string home) => new(provider.Url is { } url ? WebOf(url) : home);

    /// <summary>The base of an interface that has one place below the forge's own address.</summary>
    public static Uri ApiBaseOf(ProviderConfig provider, string home, string path) => provider.ApiBaseUrl ?? new Uri((provider.Url is { } url ? WebOf(url) : home) + path);
}
