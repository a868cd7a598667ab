using System.Globalization;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Providers.PlainGit;
using RepoSentry.Telemetry;

namespace RepoSentry.Providers;

/// <summary>One question to a forge's REST interface: the credential, the limits, redirects, and what a refusal means.</summary>
internal sealed class ForgeApi(ForgeOptions options, HttpClient client, ForgeRateLimit limit, TimeProvider time)
{
    /// <summary>Longest wait for one answer: a forge that hangs must not hold a slot for the whole look.</summary>
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(20);

    public ForgeOptions Options => options;

    /// <summary>Null where the forge does not know of it.</summary>
    /// <param name="kind">Name of the question in metrics.</param>
    public async Task<ForgeAnswer?> FindAsync(Uri url, string kind, CancellationToken cancellationToken)
    {
        try
        {
            using var budget = new AnswerBudget();
            return await GetAsync(url, kind, null, budget, cancellationToken);
        }
        catch (RefSourceException failure) when (failure.Error == RefSourceError.NotFound)
        {
            return null;
        }
    }

    /// <param name="kind">Name of the question in metrics.</param>
    /// <param name="etag">Entity tag held, as it was received; null asks unconditionally.</param>
    public async Task<ForgeAnswer> GetAsync(Uri url, string kind, string? etag, AnswerBudget budget, CancellationToken cancellationToken)
    {
        using var hung = new CancellationTokenSource(AnswerWithin, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(hung.Token, cancellationToken);
        try
        {
            return await FollowAsync(url, kind, etag, budget, either.Token);
        }
        catch (OperationCanceledException cancelled) when (!cancellationToken.IsCancellationRequested)
        {
            var reason = hung.IsCancellationRequested ? $"gave no whole answer within {AnswerWithin.TotalSeconds:0} s" : "did not accept the connection in time";
            throw new RefSourceException(RefSourceError.Unavailable, $"{SafeText.Of(url)} {reason}", innerException: cancelled);
        }
    }

    private async Task<ForgeAnswer> FollowAsync(Uri url, string kind, string? etag, AnswerBudget budget, CancellationToken cancellationToken)
    {
        var at = url;
        for (var hop = 0; ; hop++)
        {
            limit.ThrowIfSpent();
            using var request = NewRequest(at, etag);
            using var response = await SendAsync(request, kind, cancellationToken);
            limit.Note(response);
            var status = (int)response.StatusCode;
            if (options.IsSignIn(response))
            {
                throw new RefSourceException(RefSourceError.Unauthorized, $"{SafeText.Of(at)} answered {status} with a page to sign in: {Hint(at)}");
            }

            if (PlainGitErrors.IsRedirect(response))
            {
                at = ForgeHttp.Redirected(response, at, hop);
                continue;
            }

            if (status == 304 && etag is not null)
            {
                return new ForgeAnswer(at, NotModified: true, default, etag, null, null);
            }

            if (status != 200)
            {
                throw FromStatus(response, at);
            }

            var body = await ForgeHttp.ReadJsonAsync(response, at, budget, cancellationToken);
            return ForgeHttp.Number(response, "X-Total-Count") is { } total
                ? new ForgeAnswer(at, NotModified: false, body, ForgeHttp.ETag(response), null, null, total)
                : new ForgeAnswer(at, NotModified: false, body, ForgeHttp.ETag(response), ForgeHttp.Link(response, at, "next"), ForgeHttp.PageNumber(ForgeHttp.Link(response, at, "last")), Continuation: ForgeHttp.Header(response, "x-ms-continuationtoken"));
        }
    }

    private HttpRequestMessage NewRequest(Uri at, string? etag)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, at);
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        request.Headers.TryAddWithoutValidation("User-Agent", "RepoSentry");
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip");
        if (etag is not null)
        {
            request.Headers.TryAddWithoutValidation("If-None-Match", etag);
        }

        if (options.Token is not null && Urls.SameServer(at, options.ApiBase))
        {
            var (name, value) = options.Credential(ForgeHttp.Reveal(options.Token, options.Provider));
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, string kind, CancellationToken cancellationToken)
    {
        try
        {
            var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            SentryMetrics.Requested(options.Type, kind, ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture));
            return response;
        }
        catch (HttpRequestException failure)
        {
            SentryMetrics.Requested(options.Type, kind, "error");
            throw PlainGitErrors.FromConnection(failure, request.RequestUri!);
        }
    }

    private RefSourceException FromStatus(HttpResponseMessage response, Uri at)
    {
        var status = (int)response.StatusCode;
        if (limit.Refused(response) is { } wait)
        {
            return new RefSourceException(RefSourceError.RateLimited, $"{SafeText.Of(at)} answered {status}: {options.Title}'s rate limit for provider \"{options.Provider}\" is reached", wait);
        }

        var (error, advice) = status switch
        {
            401 => (RefSourceError.Unauthorized, Hint(at)),
            403 => (RefSourceError.Unauthorized, $"{Hint(at)}; {options.Needs}"),
            407 => (RefSourceError.Unauthorized, Hint(at)),
            404 => (RefSourceError.NotFound, options.Token is null ? $"there is no such repository, or it is private: give provider \"{options.Provider}\" a token" : "there is no such repository, or the token may not see it"),
            409 => (RefSourceError.NotFound, "there is nothing in the repository yet"),
            410 or 451 => (RefSourceError.NotFound, "the repository is gone or blocked"),
            408 or >= 500 => (RefSourceError.Unavailable, "the server fails"),
            _ => (RefSourceError.Malformed, $"no answer that {options.Title}'s interface promises"),
        };
        return new RefSourceException(error, $"{SafeText.Of(at)} answered {status}: {advice}", error == RefSourceError.Unavailable ? ForgeHttp.RetryAfter(response, time) : null);
    }

    private string Hint(Uri at) => options.Token switch
    {
        null => CredentialWords.Missing(options.Provider),
        _ when !Urls.SameServer(at, options.ApiBase) => $"the token {CredentialWords.Of(options.Provider)} is for {SafeText.Of(options.ApiBase)} and was not sent",
        _ => $"check that the token {CredentialWords.Of(options.Provider)} is valid, has not expired and may read this repository",
    };
}
