using System.Globalization;
using System.Net.Http.Headers;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Telemetry;

namespace RepoSentry.Providers.PlainGit;

/// <summary>The two requests of Git's smart HTTP that a look needs.</summary>
internal sealed class PlainGitApi(HttpClient client, GitCredential credential, TimeProvider time)
{
    private const string Advertisement = "application/x-git-upload-pack-advertisement";
    private const string Request = "application/x-git-upload-pack-request";
    private const string Result = "application/x-git-upload-pack-result";
    private const string InfoRefs = "/info/refs";

    private static readonly MediaTypeHeaderValue RequestType = new(Request);

    /// <summary>Asks a repository how it speaks. A server before protocol version 2 answers with the refs themselves.</summary>
    public async Task<GitWire> DiscoverAsync(Uri url, RefCollector refs, IdleTimer idle)
    {
        var at = url;
        for (var hop = 0; ; hop++)
        {
            using var request = NewRequest(HttpMethod.Get, at, InfoRefs + "?service=git-upload-pack", "*/*");
            using var response = await SendAsync(request, at, idle);
            if (PlainGitErrors.IsRedirect(response))
            {
                at = Follow(response, at, hop);
                continue;
            }

            var parser = new AdvertisementParser(refs);
            await ReadAsync(response, at, Advertisement, parser.Take, refs, idle);
            return parser.ToWire(at == url ? null : at);
        }
    }

    /// <summary>One look by protocol version 2. False if the repository has moved and must be discovered again.</summary>
    public async Task<bool> TryListAsync(Uri at, byte[] body, RefCollector refs, IdleTimer idle)
    {
        using var request = NewRequest(HttpMethod.Post, at, "/git-upload-pack", Result);
        request.Content = new ByteArrayContent(body);
        request.Content.Headers.ContentType = RequestType;
        using var response = await SendAsync(request, at, idle);
        if (PlainGitErrors.IsRedirect(response))
        {
            return false;
        }

        await ReadAsync(response, at, Result, line => LsRefsParser.Take(line, refs), refs, idle);
        return true;
    }

    private HttpRequestMessage NewRequest(HttpMethod method, Uri at, string tail, string accept)
    {
        var request = new HttpRequestMessage(method, new Uri(Address(at) + tail));
        // Forges tell Git from browsers by the beginning of this word.
        request.Headers.TryAddWithoutValidation("User-Agent", "git/RepoSentry");
        request.Headers.TryAddWithoutValidation("Accept", accept);
        request.Headers.TryAddWithoutValidation("Git-Protocol", "version=2");
        credential.Authorize(request);
        return request;
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, Uri at, IdleTimer idle)
    {
        HttpResponseMessage response;
        try
        {
            response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, idle.Token);
        }
        catch (OperationCanceledException cancelled)
        {
            throw idle.Explain(cancelled, SafeText.Of(at));
        }
        catch (HttpRequestException failure)
        {
            throw PlainGitErrors.FromConnection(failure, at);
        }

        SentryMetrics.Requested("git", request.Method == HttpMethod.Get ? "discovery" : "ls_refs", ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture));
        idle.Restart();
        if ((int)response.StatusCode is >= 200 and < 400)
        {
            return response;
        }

        using (response)
        {
            throw PlainGitErrors.FromStatus(response, at, credential, time);
        }
    }

    private async Task ReadAsync(HttpResponseMessage response, Uri at, string contentType, PktLineTaker take, RefCollector refs, IdleTimer idle)
    {
        PlainGitErrors.ThrowUnlessGit(response, at, contentType);
        Stream body;
        try
        {
            body = await response.Content.ReadAsStreamAsync(idle.Token);
        }
        catch (OperationCanceledException cancelled)
        {
            throw idle.Explain(cancelled, SafeText.Of(at));
        }

        using var answer = new AnswerReader(body, refs, idle, at);
        try
        {
            await PktLines.ReadAllAsync(answer, take);
        }
        catch (RefSourceException failure) when (credential.IsIn(failure.Message))
        {
            // The original is left behind with its message: a server that echoes must not get the token into a log.
            throw new RefSourceException(failure.Error, credential.Redact(failure.Message), failure.RetryAfter);
        }
    }

    // Only ever to the same scheme, host and port: the credential goes along.
    private Uri Follow(HttpResponseMessage response, Uri at, int hop)
    {
        var target = PlainGitErrors.Target(response, at);
        if (target is null || !Urls.SameServer(target, at))
        {
            throw PlainGitErrors.FromForeignRedirect(response, at, target, credential);
        }

        if (hop >= PlainGitLimits.MaxRedirects)
        {
            throw new RefSourceException(RefSourceError.Unavailable, $"{SafeText.Of(at)} redirects more than {PlainGitLimits.MaxRedirects} times");
        }

        var address = Address(target);
        return address.EndsWith(InfoRefs, StringComparison.Ordinal)
            ? new Uri(address[..^InfoRefs.Length])
            : throw new RefSourceException(RefSourceError.Malformed, $"{SafeText.Of(at)} redirects to a page that is no Git repository (a login page?)");
    }

    private static string Address(Uri url) => url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped).TrimEnd('/');
}
