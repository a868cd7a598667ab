using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Extensions;

namespace RepoSentry.Api;

/// <summary>A page of a list: <c>limit</c> at most 100, an opaque cursor to the next, and the same as a Link header.</summary>
internal static class Paging
{
    public const int DefaultLimit = 50;
    public const int MaxLimit = 100;
    private const int MostBytes = 250 * 1024;

    /// <summary>False if the request asks for what cannot be.</summary>
    public static bool TryRead(HttpRequest request, out int limit, out string? cursor, out IResult? refusal)
    {
        (limit, cursor, refusal) = (DefaultLimit, null, null);
        if (request.Query["limit"].ToString() is { Length: > 0 } asked && (!int.TryParse(asked, CultureInfo.InvariantCulture, out limit) || limit is < 1 or > MaxLimit))
        {
            refusal = Problems.BadRequest($"limit is a number from 1 to {MaxLimit}");
            return false;
        }

        if (request.Query["cursor"].ToString() is { Length: > 0 } text && (cursor = Decode(text)) is null)
        {
            refusal = Problems.BadRequest("cursor is not one that this API gave");
            return false;
        }

        return true;
    }

    public static bool TryReadKey(HttpRequest request, out int limit, out long? key, out IResult? refusal)
    {
        key = null;
        if (!TryRead(request, out limit, out var cursor, out refusal))
        {
            return false;
        }

        if (cursor is null)
        {
            return true;
        }

        if (long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed))
        {
            key = parsed;
            return true;
        }

        refusal = Problems.BadRequest("cursor is not one that this API gave");
        return false;
    }

    /// <summary>The same, of which each item tells its key: the page ends early where its items are large.</summary>
    public static ListAnswer<T> Answer<T>(HttpContext context, IReadOnlyList<T> items, string? next, Func<T, string?> key)
    {
        var (count, bytes) = (0, 0);
        while (count < items.Count && (count == 0 || bytes <= MostBytes))
        {
            bytes += JsonSerializer.SerializeToUtf8Bytes(items[count], typeof(T), ApiJson.Default).Length + 1;
            count += bytes <= MostBytes || count == 0 ? 1 : 0;
        }

        return count == items.Count ? Answer(context, items, next) : Answer(context, [.. items.Take(count)], key(items[count - 1]));
    }

    /// <param name="next">Key that the next page begins after; null after the last page.</param>
    public static ListAnswer<T> Answer<T>(HttpContext context, IReadOnlyList<T> items, string? next)
    {
        var cursor = next is null ? null : Base64Url.EncodeToString(Encoding.UTF8.GetBytes(next));
        if (cursor is not null)
        {
            var query = new QueryBuilder(context.Request.Query.Where(pair => pair.Key != "cursor")) { { "cursor", cursor } };
            context.Response.Headers.Link = $"<{context.Request.Path}{query}>; rel=\"next\"";
        }

        return new ListAnswer<T>(items, cursor);
    }

    public static string? Key(long? key) => key?.ToString(CultureInfo.InvariantCulture);

    private static string? Decode(string cursor)
    {
        try
        {
            return Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor));
        }
        catch (FormatException)
        {
            return null;
        }
    }
}

/// <param name="Items">This page.</param>
/// <param name="NextCursor">For the next page; null after the last.</param>
internal sealed record ListAnswer<T>(IReadOnlyList<T> Items, string? NextCursor);
