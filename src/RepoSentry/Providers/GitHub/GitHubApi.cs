using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.ObjectPool;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Providers.PlainGit;
using RepoSentry.Telemetry;

namespace RepoSentry.Providers.GitHub;

/// <summary>One question to GitHub: the credential, the limits, redirects, and what a refusal means.</summary>
internal sealed class GitHubApi(GitHubOptions options, HttpClient client, GitHubRateLimit limit, TimeProvider time)
{
    /// <summary>Longest wait for one answer: a forge that hangs must not hold a slot for the whole look.</summary>
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(20);

    /// <summary>Answers to batches are large, come all the time and are gone at once.</summary>
    private static readonly DefaultObjectPool<MemoryStream> Bodies = new(new BodyPolicy());

    /// <summary>Where GraphQL is: beside the REST interface of an Enterprise Server, below the host of api.github.com.</summary>
    private readonly Uri graphUrl = new(options.ApiBase.AbsolutePath.TrimEnd('/').EndsWith("/api/v3", StringComparison.Ordinal)
        ? options.ApiBase.AbsoluteUri.TrimEnd('/')[..^3] + "/graphql"
        : options.ApiBase.AbsoluteUri.TrimEnd('/') + "/graphql");

    /// <param name="kind">Name of the question in metrics.</param>
    /// <param name="etag">Entity tag held, as it was received; null asks unconditionally.</param>
    public Task<ForgeAnswer> GetAsync(Uri url, string kind, string? etag, AnswerBudget budget, CancellationToken cancellationToken) =>
        WithinAsync(url, token => FollowAsync(url, kind, etag, budget, token), cancellationToken);

    /// <summary>Asks the GraphQL interface.</summary>
    /// <param name="points">What GitHub will count for it.</param>
    /// <param name="read">Reads the answer, which is gone afterwards.</param>
    public Task<T> QueryAsync<T>(string query, string kind, int points, Func<GraphAnswer, T> read, CancellationToken cancellationToken) =>
        WithinAsync(graphUrl, token => PostAsync(query, kind, points, read, token), cancellationToken);

    private async Task<T> WithinAsync<T>(Uri url, Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        using var hung = new CancellationTokenSource(AnswerWithin, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(hung.Token, cancellationToken);
        try
        {
            return await ask(either.Token);
        }
        catch (OperationCanceledException cancelled) when (!cancellationToken.IsCancellationRequested)
        {
            var reason = hung.IsCancellationRequested ? $"gave no whole answer within {AnswerWithin.TotalSeconds:0} s" : "did not accept the connection in time";
            throw new RefSourceException(RefSourceError.Unavailable, $"{SafeText.Of(url)} {reason}", innerException: cancelled);
        }
    }

    private async Task<T> PostAsync<T>(string query, string kind, int points, Func<GraphAnswer, T> read, CancellationToken cancellationToken)
    {
        limit.ThrowIfSpent(limit.Graph);
        if (options.App is { } app)
        {
            await app.EnsureAsync(cancellationToken);
        }

        using var request = NewRequest(HttpMethod.Post, graphUrl);
        request.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(new GraphQuestion(query), GraphJson.Default.GraphQuestion));
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        using var response = await SendAsync(request, kind, cancellationToken);
        limit.Note(response, limit.Graph, points);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            var refusal = await ForgeHttp.ReadRefusalAsync(response, graphUrl, cancellationToken);
            throw ForgeHttp.Header(response, "Retry-After") is null && ForgeHttp.Number(response, "x-ratelimit-remaining") == 0 ? OutOfPoints(response) : FromStatus(response, graphUrl, kind, refusal);
        }

        var body = Bodies.Get();
        try
        {
            using var budget = new AnswerBudget();
            await ForgeHttp.CopyJsonAsync(response, graphUrl, body, budget, cancellationToken);
            return Read(new ForgeAnswer(graphUrl, NotModified: false, body.GetBuffer().AsMemory(0, (int)body.Length), null, null, null), response, read);
        }
        finally
        {
            Bodies.Return(body);
        }
    }

    private T Read<T>(ForgeAnswer body, HttpResponseMessage response, Func<GraphAnswer, T> read)
    {
        var told = GraphAnswer.Of(body, ForgeHttp.Skew(response, time));
        if (told.Errors.Any(error => error?.Type == "RATE_LIMITED"))
        {
            throw OutOfPoints(response);
        }

        return told.HasData
            ? read(told)
            : throw new RefSourceException(RefSourceError.Unavailable, $"{SafeText.Of(graphUrl)} answered without data: {SafeText.Of(told.Errors is [{ Message: { } reason }, ..] ? reason : "no reason given")}");
    }

    private RefSourceException OutOfPoints(HttpResponseMessage response) =>
        new(RefSourceError.Unavailable, $"{SafeText.Of(graphUrl)}: GitHub's limit of GraphQL points for provider \"{options.Provider}\" is reached", limit.AfterReset(response));

    private async Task<ForgeAnswer> FollowAsync(Uri url, string kind, string? etag, AnswerBudget budget, CancellationToken cancellationToken)
    {
        var at = url;
        for (var hop = 0; ; hop++)
        {
            limit.ThrowIfSpent(limit.Core);
            if (options.App is { } app)
            {
                await app.EnsureAsync(cancellationToken);
            }

            using var request = NewRequest(HttpMethod.Get, at);
            if (etag is not null)
            {
                request.Headers.TryAddWithoutValidation("If-None-Match", etag);
            }

            using var response = await SendAsync(request, kind, cancellationToken);
            limit.Note(response, limit.Core);
            var status = (int)response.StatusCode;
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
                var refusal = await ForgeHttp.ReadRefusalAsync(response, at, cancellationToken);
                return status == 409 && refusal.Contains("Repository is empty", StringComparison.OrdinalIgnoreCase)
                    ? new ForgeAnswer(at, NotModified: false, "[]"u8.ToArray(), null, null, null)
                    : throw FromStatus(response, at, kind, refusal);
            }

            var body = await ForgeHttp.ReadJsonAsync(response, at, budget, cancellationToken);
            var last = ForgeHttp.PageNumber(ForgeHttp.Link(response, at, "last"));
            return new ForgeAnswer(at, NotModified: false, body, ForgeHttp.ETag(response), ForgeHttp.Link(response, at, "next"), last);
        }
    }

    private HttpRequestMessage NewRequest(HttpMethod method, Uri at)
    {
        var request = new HttpRequestMessage(method, at);
        request.Headers.TryAddWithoutValidation("Accept", "application/vnd.github+json");
        request.Headers.TryAddWithoutValidation("X-GitHub-Api-Version", "2022-11-28");
        request.Headers.TryAddWithoutValidation("User-Agent", "RepoSentry");
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip");
        if (options.Token is not null && Urls.SameServer(at, options.ApiBase))
        {
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + ForgeHttp.Reveal(options.Token, options.Provider));
        }

        return request;
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, string kind, CancellationToken cancellationToken)
    {
        try
        {
            var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            SentryMetrics.Requested("github", kind, ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture));
            return response;
        }
        catch (HttpRequestException failure)
        {
            SentryMetrics.Requested("github", kind, "error");
            throw PlainGitErrors.FromConnection(failure, request.RequestUri!);
        }
    }

    private RefSourceException FromStatus(HttpResponseMessage response, Uri at, string kind, string body)
    {
        var status = (int)response.StatusCode;
        if (limit.Refused(response, body) is { } wait)
        {
            return new RefSourceException(RefSourceError.RateLimited, $"{SafeText.Of(at)} answered {status}: GitHub's rate limit for provider \"{options.Provider}\" is reached", wait);
        }

        var (error, advice) = status switch
        {
            401 => (RefSourceError.Unauthorized, Hint(at)),
            403 when response.Headers.Contains("X-GitHub-SSO") => (RefSourceError.Unauthorized, $"the organization asks for single sign-on (X-GitHub-SSO): authorize the token of provider \"{options.Provider}\" for it"),
            403 or 407 => (RefSourceError.Unauthorized, Hint(at)),
            404 => (RefSourceError.NotFound, options.Token is null ? $"there is no such repository, or it is private: give provider \"{options.Provider}\" a token" : "there is no such repository, or the token may not see it"),
            422 when kind is "compare" or "commit" => (RefSourceError.NotFound, "there is no such commit"),
            410 or 451 => (RefSourceError.NotFound, "the repository is gone or blocked"),
            408 or >= 500 => (RefSourceError.Unavailable, "the server fails"),
            _ => (RefSourceError.Malformed, "no answer that GitHub's interface promises"),
        };
        return new RefSourceException(error, $"{SafeText.Of(at)} answered {status}: {advice}", error == RefSourceError.Unavailable ? ForgeHttp.RetryAfter(response, time) : null);
    }

    private string Hint(Uri at) => options.Token switch
    {
        null => CredentialWords.Missing(options.Provider),
        _ when !Urls.SameServer(at, options.ApiBase) => $"the token {CredentialWords.Of(options.Provider)} is for {SafeText.Of(options.ApiBase)} and was not sent",
        _ => $"check that the token {CredentialWords.Of(options.Provider)} is valid, has not expired and may read this repository",
    };

    // One that is very large is rare, and would stay.
    private sealed class BodyPolicy : PooledObjectPolicy<MemoryStream>
    {
        public override MemoryStream Create() => new();

        public override bool Return(MemoryStream obj)
        {
            obj.SetLength(0);
            return obj.Capacity <= LargeAnswer.FreeBytes;
        }
    }
}
