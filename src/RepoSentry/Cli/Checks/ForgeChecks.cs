using System.Globalization;
using System.Net;
using System.Text.Json;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Network;
using RepoSentry.Providers;
using RepoSentry.Providers.GitHub;
using RepoSentry.Providers.PlainGit;

namespace RepoSentry.Cli.Checks;

/// <summary>One question to a forge tells whether its token is valid, what it may do and until when, what is left of the budget, and how far our clock is off.</summary>
internal static class ForgeChecks
{
    private static readonly TimeSpan ClockOff = TimeSpan.FromSeconds(30);

    public static async Task<IReadOnlyList<Finding>> ProviderAsync(ProviderConfig provider, SentryConfig config, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var options = config.Outbound() with { PublicOnly = provider.PublicOnly, CaFile = provider.CaFile, Proxy = provider.Proxy };
        var forge = ForgeOptions.Of(provider);
        if (forge?.TokenPath is null && provider.Type != "github")
        {
            return [await RemoteChecks.LookAsync(provider, config, cancellationToken)];
        }

        var api = forge?.ApiBase ?? GitHubOptions.For(provider).ApiBase;
        var findings = new List<Finding>();
        if (provider.Proxy.Length == 0)
        {
            findings.Add(await RemoteChecks.ConnectAsync("forge " + provider.Name, api, options, now, cancellationToken));
        }

        return findings.Exists(finding => finding.Status == Finding.Failed) ? findings : [.. findings, .. await AskAsync(provider, api, options, config.Polling.EnableApiFallback, now, cancellationToken)];
    }

    private static async Task<IReadOnlyList<Finding>> AskAsync(ProviderConfig provider, Uri api, OutboundOptions options, bool fallsBack, DateTimeOffset now, CancellationToken cancellationToken)
    {
        try
        {
            using var client = OutboundHttp.CreateClient(options);
            if (provider.App is { } config)
            {
                using var app = new GitHubApp(config, provider.Name, api, client, TimeProvider.System);
                await app.EnsureAsync(cancellationToken);
                provider = provider with { Token = app.Token };
            }

            using var request = ForgeOptions.Of(provider) is { } forge ? Question(forge) : Question(provider, api);
            using var response = await client.SendAsync(request, cancellationToken);
            var body = await response.Content.ReadAsStringAsync(cancellationToken);
            return [Token(provider, response, body, fallsBack, now), .. Budget(provider, response), .. Clock(response, now)];
        }
        catch (RefSourceException e)
        {
            return [Finding.Bad("token " + provider.Name, e.Message, "compare app_id, installation_id and private_key with the App's page, and this machine's clock")];
        }
        catch (Exception e) when (e is HttpRequestException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            return [Finding.Bad("token " + provider.Name, $"{SafeText.Of(api)} gave no answer: {e.Message}", "check the provider's url, proxy and ca_file, and its secret file")];
        }
    }

    private static HttpRequestMessage Question(ForgeOptions forge)
    {
        var request = Question(forge.ApiBase, forge.TokenPath!, "application/json");
        if (forge.Token is { } token)
        {
            var (name, value) = forge.Credential(token.Reveal());
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    private static HttpRequestMessage Question(ProviderConfig provider, Uri api)
    {
        var request = Question(api, "/rate_limit", "application/vnd.github+json");
        request.Headers.TryAddWithoutValidation("X-GitHub-Api-Version", "2022-11-28");
        if (provider.Token is { } token)
        {
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token.Reveal());
        }

        return request;
    }

    private static HttpRequestMessage Question(Uri api, string path, string accept)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(api.AbsoluteUri.TrimEnd('/') + path));
        request.Headers.TryAddWithoutValidation("User-Agent", "RepoSentry");
        request.Headers.TryAddWithoutValidation("Accept", accept);
        return request;
    }

    private static Finding Token(ProviderConfig provider, HttpResponseMessage response, string body, bool fallsBack, DateTimeOffset now)
    {
        var check = "token " + provider.Name;
        var forge = ForgeOptions.Of(provider);
        if (response.StatusCode == HttpStatusCode.Unauthorized || forge?.IsSignIn(response) == true)
        {
            return Finding.Bad(check, "the forge refuses the token: it is wrong, revoked or expired", $"make a new one and put it where the configuration refers to ({provider.Token?.Origin ?? "the provider's token"})");
        }

        if (response.StatusCode == HttpStatusCode.NotFound && provider.Type is "gitea" or "bitbucket")
        {
            return Finding.Bad(check, $"{SafeText.Of(response.RequestMessage!.RequestUri!)} answered 404: there is no interface of {provider.Type}", $"compare the type and url of provider \"{provider.Name}\" with what is served there");
        }

        if (provider.Token is null)
        {
            return Finding.Warn(check, "no token: public repositories only, and few requests an hour", $"give provider \"{provider.Name}\" a token");
        }

        if (forge is { TokenPathNeeds: null } && response.StatusCode == HttpStatusCode.Forbidden)
        {
            return Finding.Bad(check, "the forge takes the token, which may not read repositories", $"make a new one: {forge.Needs}");
        }

        var (scopes, end) = provider.Type switch
        {
            "github" => GitHub(response),
            "gitlab" when response.IsSuccessStatusCode => GitLab(body),
            _ => (null, null),
        };
        if (provider.Type == "gitlab" && scopes is { Count: > 0 } && !scopes.Any(scope => scope is "api" or "read_api"))
        {
            return Finding.Bad(check, $"its scopes are {string.Join(", ", scopes)}, which may not read the API", "make a token with the scope read_api (and read_repository for the fallback to Git)");
        }

        if (fallsBack && provider.Type == "gitlab" && scopes is { Count: > 0 } && !scopes.Any(scope => scope is "api" or "read_repository" or "write_repository") && (end is null || end > now.AddDays(14)))
        {
            return Finding.Warn(check, $"its scopes are {string.Join(", ", scopes)}: Git, which stands in while the API is limited or fails, may not read", "make a token with the scopes read_api and read_repository, or set polling.enable_api_fallback: false");
        }

        var what = scopes is { Count: > 0 } ? $"the token ({string.Join(", ", scopes)})" : "the token";
        return end is { } until ? Finding.Until(check, what, until, now, "make a new token and put it in the place of this one")
            : (int)response.StatusCode >= 500 ? Finding.Bad(check, $"the forge answered {(int)response.StatusCode}", "look at the forge's own status, and try again")
            : Finding.Good(check, $"{what} is taken; the forge tells no end");
    }

    private static (IReadOnlyList<string>? Scopes, DateTimeOffset? End) GitHub(HttpResponseMessage response)
    {
        var scopes = Header(response, "X-OAuth-Scopes")?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return (scopes, GitHubRateLimit.EndOf(response));
    }

    private static (IReadOnlyList<string>? Scopes, DateTimeOffset? End) GitLab(string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            var scopes = root.TryGetProperty("scopes", out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray().Select(scope => scope.ToString()).ToList() : null;
            return (scopes, root.TryGetProperty("expires_at", out var told) && DateTimeOffset.TryParse(told.ToString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var end) ? end : null);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return (null, null);
        }
    }

    private static IEnumerable<Finding> Budget(ProviderConfig provider, HttpResponseMessage response)
    {
        var (left, limit) = (Header(response, "x-ratelimit-remaining") ?? Header(response, "RateLimit-Remaining"), Header(response, "x-ratelimit-limit") ?? Header(response, "RateLimit-Limit"));
        if (int.TryParse(left, CultureInfo.InvariantCulture, out var remaining) && int.TryParse(limit, CultureInfo.InvariantCulture, out var all))
        {
            yield return remaining > all / 10
                ? Finding.Good("budget " + provider.Name, $"{remaining} of {all} requests are left")
                : Finding.Warn("budget " + provider.Name, $"only {remaining} of {all} requests are left", "wait for the window to end; a longer polling.interval or another credential asks less of this one");
        }
    }

    private static IEnumerable<Finding> Clock(HttpResponseMessage response, DateTimeOffset now)
    {
        if (response.Headers.Date is { } date)
        {
            var off = (now - date).Duration();
            yield return off < ClockOff ? Finding.Good("clock", "agrees with the forge's")
                : Finding.Bad("clock", string.Create(CultureInfo.InvariantCulture, $"is {off.TotalSeconds:0} s off the forge's, which spoils signatures and expiry"), "set the clock of this machine (timedatectl set-ntp true)");
        }
    }

    private static string? Header(HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;
}
