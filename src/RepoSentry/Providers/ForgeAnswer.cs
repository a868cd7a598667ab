using System.Buffers;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Providers.PlainGit;

namespace RepoSentry.Providers;

/// <summary>What a forge answered to a question: JSON, or "as it was".</summary>
/// <param name="At">Where the answer came from, after redirects.</param>
/// <param name="NotModified">304: the entity tag that was sent still holds.</param>
/// <param name="Body">The JSON, decompressed.</param>
/// <param name="ETag">The entity tag exactly as received; null where there is none.</param>
/// <param name="Next">Query of the following page; null where the Link header tells of none.</param>
/// <param name="LastPage">Number of the last page where the Link header tells it.</param>
/// <param name="Total">How many there are on all pages, where a header tells it.</param>
/// <param name="Continuation">What asks for the rest, where a header has such a token.</param>
internal sealed record ForgeAnswer(Uri At, bool NotModified, ReadOnlyMemory<byte> Body, string? ETag, string? Next, int? LastPage, int? Total = null, string? Continuation = null)
{
    public T Read<T>(JsonTypeInfo<T> type) => Read(text => JsonSerializer.Deserialize(text, type)) ?? throw Malformed("null", null);

    /// <summary>Reads it by hand.</summary>
    public T Read<T>(Func<ReadOnlySpan<byte>, T> read)
    {
        try
        {
            return read(Body.Span);
        }
        catch (JsonException failure)
        {
            // The text of a JsonException may quote the answer: only its place is told.
            throw Malformed($"JSON that is cut off or of another shape (byte {failure.BytePositionInLine ?? 0} of line {failure.LineNumber ?? 0})", failure);
        }
        catch (InvalidOperationException failure)
        {
            throw Malformed("JSON with a text that is none, such as half of a surrogate pair", failure);
        }
    }

    public RefSourceException Malformed(string what, Exception? cause = null) => new(RefSourceError.Malformed, $"{SafeText.Of(At)} answered with {what}", innerException: Quiet(cause));

    /// <param name="number">Null where not even that is told.</param>
    public RefSourceException MalformedPull(long? number, string kind = "pull request") => Malformed(number is { } known ? $"{kind} {known} without a commit" : $"a {kind} without a number");

    private static InvalidDataException? Quiet(Exception? cause) => cause is null ? null : new InvalidDataException(cause.GetType().Name);
}

/// <summary>How many bytes of answers one look may take; a compressed answer counts as what it unpacks to.</summary>
internal sealed class AnswerBudget : IDisposable
{
    public const int PerAnswer = 16 * 1024 * 1024;
    public const int PerLook = 64 * 1024 * 1024;

    private readonly LargeAnswer large = new();
    private long taken;

    public bool Covers(int count) => Interlocked.Add(ref taken, count) <= PerLook;

    /// <summary>Waits for the turn to be large, if an answer, or all of them together, have become so.</summary>
    public Task MakeRoomAsync(long bytes, CancellationToken cancellationToken) => large.Needs(Math.Max(bytes, Interlocked.Read(ref taken) / 4)) ? large.TakeAsync(cancellationToken) : Task.CompletedTask;

    public void Dispose() => large.Dispose();
}

/// <summary>The parts of an HTTP answer that mean the same at every forge.</summary>
internal static class ForgeHttp
{
    private const int MaxETag = 512;
    private const int MaxRedirects = 3;
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    /// <summary>Where a repository is, if it no longer has the name it was asked for by; null if it has, or if the forge names no web address of the usual kind.</summary>
    /// <param name="fullName">Its path as the forge tells it, such as <c>acme/web</c>.</param>
    public static Uri? MovedTo(Uri asked, string? fullName, string? webUrl)
    {
        var path = Uri.UnescapeDataString(asked.AbsolutePath).Trim('/');
        path = path.EndsWith(".git", StringComparison.Ordinal) ? path[..^4] : path;
        var isThere = fullName is null || path.Equals(fullName, StringComparison.OrdinalIgnoreCase) || path.EndsWith("/" + fullName, StringComparison.OrdinalIgnoreCase);
        return !isThere && Uri.TryCreate(webUrl, UriKind.Absolute, out var moved) && moved.Scheme is "http" or "https" && Urls.HasValidHost(moved) ? moved : null;
    }

    /// <summary>The id in lower case; null if it is none.</summary>
    public static string? CommitId(string text) => text.Length is not (40 or 64) || text.AsSpan().ContainsAnyExcept(HexDigits) ? null : text.AsSpan().ContainsAnyInRange('A', 'F') ? text.ToLowerInvariant() : text;

    /// <summary>Null where one of them is no id, or nothing was told.</summary>
    public static IReadOnlyList<string>? CommitIds(IEnumerable<string?>? told)
    {
        var ids = told?.Select(text => text is null ? null : CommitId(text)).ToList();
        return ids?.Contains(null) == false ? [.. ids.OfType<string>()] : null;
    }

    /// <summary>A token as a header carries it.</summary>
    public static string Reveal(Secret secret, string provider)
    {
        string token;
        try
        {
            token = secret.Reveal();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            throw new RefSourceException(RefSourceError.Unauthorized, $"the token of provider \"{provider}\" cannot be read", innerException: failure);
        }

        return token.Length > 0 && !token.AsSpan().ContainsAnyExceptInRange('!', '~')
            ? token
            : throw new RefSourceException(RefSourceError.Unauthorized, $"the token of provider \"{provider}\" is empty or has a character that no header can carry (a line end?)");
    }

    /// <summary>Where a redirect leads, if it may be followed.</summary>
    public static Uri Redirected(HttpResponseMessage response, Uri at, int hop)
    {
        var target = PlainGitErrors.Target(response, at);
        if (target is null || !Urls.SameServer(target, at))
        {
            throw new RefSourceException(RefSourceError.Unavailable, $"{SafeText.Of(at)} redirects to another server, which is never followed; if the forge moved, configure its new URL");
        }

        return hop < MaxRedirects ? target : throw new RefSourceException(RefSourceError.Unavailable, $"{SafeText.Of(at)} redirects more than {MaxRedirects} times");
    }

    public static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.NonValidated.TryGetValues(name, out var values) && values.Count > 0 ? values.First() : null;

    public static int? Number(HttpResponseMessage response, string name) =>
        int.TryParse(Header(response, name), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>How far the forge's clock is ahead of ours.</summary>
    public static TimeSpan Skew(HttpResponseMessage response, TimeProvider time) => response.Headers.Date is { } date ? date - time.GetUtcNow() : TimeSpan.Zero;

    public static TimeSpan? RetryAfter(HttpResponseMessage response, TimeProvider time)
    {
        var wait = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - time.GetUtcNow() - Skew(response, time),
            _ => (TimeSpan?)null,
        };
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    public static string? ETag(HttpResponseMessage response) => Header(response, "ETag") is { Length: > 0 and <= MaxETag } tag ? tag : null;

    /// <summary>Query of the page that a Link header calls so. Only the query is ever used: a header cannot send us to another path, let alone another server.</summary>
    public static string? Link(HttpResponseMessage response, Uri at, string relation)
    {
        if (Header(response, "Link") is not { } header)
        {
            return null;
        }

        foreach (var link in header.Split(','))
        {
            var parts = link.Split(';', StringSplitOptions.TrimEntries);
            if (parts[0] is ['<', .., '>'] && parts.Skip(1).Any(part => part == $"rel=\"{relation}\"" || part == "rel=" + relation))
            {
                return QueryOf(parts[0][1..^1], at, relation);
            }
        }

        return null;
    }

    /// <summary>Query of a page that the forge names by its address.</summary>
    public static string QueryOf(string address, Uri at, string relation) => Uri.TryCreate(at, address, out var target) && Urls.SameServer(target, at)
        ? target.Query
        : throw new RefSourceException(RefSourceError.Malformed, $"{SafeText.Of(at)} names another server for its {relation} page");

    public static int? PageNumber(string? query)
    {
        var page = query?.TrimStart('?').Split('&').FirstOrDefault(part => part.StartsWith("page=", StringComparison.Ordinal));
        return int.TryParse(page.AsSpan(page is null ? 0 : 5), System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    /// <summary>The whole JSON body, counted after decompression.</summary>
    public static async Task<ReadOnlyMemory<byte>> ReadJsonAsync(HttpResponseMessage response, Uri at, AnswerBudget budget, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        await CopyJsonAsync(response, at, body, budget, cancellationToken);
        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }

    /// <summary>Writes it into what the caller keeps.</summary>
    public static async Task CopyJsonAsync(HttpResponseMessage response, Uri at, MemoryStream body, AnswerBudget budget, CancellationToken cancellationToken)
    {
        var type = response.Content.Headers.ContentType?.MediaType ?? "";
        if (type != "application/json" && !type.EndsWith("+json", StringComparison.Ordinal))
        {
            throw new RefSourceException(RefSourceError.Malformed, $"{SafeText.Of(at)} answered with {PlainGitErrors.Shown(type)} in the place of JSON: is it a login page, or is api_base_url wrong?");
        }

        try
        {
            await using var stream = await BodyAsync(response, at, cancellationToken);
            var buffer = new byte[16 * 1024];
            for (int count; (count = await stream.ReadAsync(buffer, cancellationToken)) > 0;)
            {
                if (body.Length + count > AnswerBudget.PerAnswer || !budget.Covers(count))
                {
                    throw new RefSourceException(RefSourceError.Malformed, $"{SafeText.Of(at)} sends more than a look may take");
                }

                await budget.MakeRoomAsync(body.Length + count, cancellationToken);
                body.Write(buffer, 0, count);
            }
        }
        catch (HttpIOException failure) when (failure.HttpRequestError is HttpRequestError.ResponseEnded or HttpRequestError.InvalidResponse)
        {
            throw new RefSourceException(RefSourceError.Malformed, $"the answer of {SafeText.Of(at)} was cut off", innerException: failure);
        }
        catch (InvalidDataException failure)
        {
            throw new RefSourceException(RefSourceError.Malformed, $"the compressed answer of {SafeText.Of(at)} is broken", innerException: failure);
        }
        catch (Exception failure) when (failure is IOException or HttpRequestException)
        {
            throw new RefSourceException(RefSourceError.Unavailable, $"the connection to {SafeText.Of(at)} broke in the middle of its answer", innerException: failure);
        }
    }

    /// <summary>The beginning of a refusal's body, to tell refusals apart by; never shown, for it may echo the credential.</summary>
    public static async Task<string> ReadRefusalAsync(HttpResponseMessage response, Uri at, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = await BodyAsync(response, at, cancellationToken);
            var buffer = new byte[8 * 1024];
            var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
            return Encoding.UTF8.GetString(buffer, 0, length);
        }
        catch (Exception failure) when (failure is IOException or HttpRequestException or InvalidDataException or RefSourceException)
        {
            return "";
        }
    }

    private static async Task<Stream> BodyAsync(HttpResponseMessage response, Uri at, CancellationToken cancellationToken)
    {
        var encodings = response.Content.Headers.ContentEncoding;
        var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        return string.Join(',', encodings).ToLowerInvariant() switch
        {
            "" or "identity" => stream,
            "gzip" => new GZipStream(stream, CompressionMode.Decompress),
            _ => throw new RefSourceException(RefSourceError.Malformed, $"{SafeText.Of(at)} compresses its answer in a way it was not asked for"),
        };
    }
}
