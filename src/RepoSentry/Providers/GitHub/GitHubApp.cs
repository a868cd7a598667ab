using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Providers.PlainGit;
using RepoSentry.Telemetry;

namespace RepoSentry.Providers.GitHub;

/// <summary>
/// A GitHub App as credential: a short-lived statement signed with its private key gets an installation token, which is good for an hour and shared by all
/// looks. A new one is fetched ahead of its end, by one request at a time.
/// </summary>
internal sealed class GitHubApp(GitHubAppConfig config, string provider, Uri apiBase, HttpClient client, TimeProvider time) : IDisposable
{
    // GitHub refuses statements longer than ten minutes, or issued in its future.
    private static readonly TimeSpan Statement = TimeSpan.FromMinutes(9);
    private static readonly TimeSpan ClockError = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan AfterRefusal = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim fetching = new(1, 1);
    private volatile Granted? granted;
    private (RefSourceException Failure, long At)? refused;

    /// <summary>The token of the installation; empty before the first.</summary>
    public Secret Token => field ??= new Secret(() => granted?.Token ?? "", "app:" + config.AppId);

    /// <summary>Sees to it that the token is good for some minutes.</summary>
    /// <exception cref="RefSourceException">GitHub grants none.</exception>
    public async ValueTask EnsureAsync(CancellationToken cancellationToken)
    {
        if (IsGood(granted))
        {
            return;
        }

        await fetching.WaitAsync(cancellationToken);
        try
        {
            if (IsGood(granted))
            {
                return;
            }

            if (refused is { } before && time.GetElapsedTime(before.At) < AfterRefusal)
            {
                throw new RefSourceException(before.Failure.Error, before.Failure.Message, AfterRefusal - time.GetElapsedTime(before.At));
            }

            granted = await FetchAsync(cancellationToken);
            refused = null;
        }
        catch (RefSourceException failure) when (refused is null && failure.Error == RefSourceError.Unauthorized)
        {
            refused = (failure, time.GetTimestamp()); // not asked by every repository anew
            throw;
        }
        finally
        {
            fetching.Release();
        }
    }

    public void Dispose() => fetching.Dispose();

    /// <summary>The statement that GitHub asks for: RFC 7519, RS256.</summary>
    /// <exception cref="RefSourceException">The private key is none.</exception>
    internal string Sign(DateTimeOffset now)
    {
        try
        {
            using var key = RSA.Create();
            key.ImportFromPem(config.PrivateKey.Reveal());
            var text = $"{Encode("""{"alg":"RS256","typ":"JWT"}""")}.{Encode($$"""{"iat":{{(now - ClockError).ToUnixTimeSeconds()}},"exp":{{(now + Statement - ClockError).ToUnixTimeSeconds()}},"iss":"{{config.AppId}}"}""")}";
            return $"{text}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
        }
        catch (Exception unreadable) when (unreadable is ArgumentException or CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new RefSourceException(RefSourceError.Unauthorized, $"app.private_key of provider \"{provider}\" is no RSA private key in PEM");
        }
    }

    private static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));

    private bool IsGood(Granted? token) => token is not null && time.GetElapsedTime(token.At) < token.Lasts - Ahead;

    private async Task<Granted> FetchAsync(CancellationToken cancellationToken)
    {
        var url = new Uri($"{apiBase.AbsoluteUri.TrimEnd('/')}/app/installations/{Uri.EscapeDataString(config.InstallationId)}/access_tokens");
        using var request = new HttpRequestMessage(HttpMethod.Post, url);
        request.Headers.TryAddWithoutValidation("Accept", "application/vnd.github+json");
        request.Headers.TryAddWithoutValidation("X-GitHub-Api-Version", "2022-11-28");
        request.Headers.TryAddWithoutValidation("User-Agent", "RepoSentry");
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + Sign(time.GetUtcNow()));
        try
        {
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            SentryMetrics.Requested("github", "access_token", ((int)response.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture));
            if (response.StatusCode != HttpStatusCode.Created)
            {
                throw Refusal(response, url);
            }

            using var budget = new AnswerBudget();
            var told = JsonSerializer.Deserialize((await ForgeHttp.ReadJsonAsync(response, url, budget, cancellationToken)).Span, GitHubJson.Default.GitHubInstallationToken);
            return told is { Token.Length: > 0, ExpiresAt: { } end }
                ? new Granted(told.Token, time.GetTimestamp(), end - (time.GetUtcNow() + ForgeHttp.Skew(response, time)))
                : throw new RefSourceException(RefSourceError.Malformed, $"{SafeText.Of(url)} granted no token");
        }
        catch (HttpRequestException failure)
        {
            throw PlainGitErrors.FromConnection(failure, url);
        }
    }

    private RefSourceException Refusal(HttpResponseMessage response, Uri url) => (int)response.StatusCode switch
    {
        401 => new(RefSourceError.Unauthorized, $"{SafeText.Of(url)} answered 401: app.private_key of provider \"{provider}\" does not belong to app {config.AppId}, or this machine's clock is wrong"),
        403 or 404 => new(RefSourceError.Unauthorized, $"{SafeText.Of(url)} answered {(int)response.StatusCode}: app {config.AppId} has no installation {config.InstallationId} that it may use"),
        429 or >= 500 => new(RefSourceError.Unavailable, $"{SafeText.Of(url)} answered {(int)response.StatusCode}", ForgeHttp.RetryAfter(response, time)),
        var status => new(RefSourceError.Malformed, $"{SafeText.Of(url)} answered {status}"),
    };

    private sealed record Granted(string Token, long At, TimeSpan Lasts);
}
