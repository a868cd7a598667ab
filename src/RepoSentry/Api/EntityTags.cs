using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace RepoSentry.Api;

/// <summary>
/// An ETag on what is read, and 304 where the caller has it already. That of a repository has two parts, <c>"config.state"</c>: If-Match compares the first
/// only, so that a look in between does not refuse a change of the configuration.
/// </summary>
internal static class EntityTags
{
    private const int Digits = 16;

    public static async ValueTask<object?> AddAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var result = await next(invocation);
        var context = invocation.HttpContext;
        var isRead = HttpMethods.IsGet(context.Request.Method);
        if (ValueOf(result) is not { } value || (!isRead && value is not RepositoryView))
        {
            return result;
        }

        var json = JsonSerializer.SerializeToUtf8Bytes(value, TypeOf(context, value));
        var tag = $"\"{(value is RepositoryView { ConfigVersion: { } version } ? version + "." : "")}{Hash(json)}\"";
        context.Response.Headers.ETag = tag;
        return !isRead ? result
            : Listed(context.Request.Headers.IfNoneMatch.ToString()).Any(known => known is "*" || known.Replace("W/", "", StringComparison.Ordinal) == tag) ? Results.StatusCode(StatusCodes.Status304NotModified)
            : Results.Bytes(json, "application/json; charset=utf-8");
    }

    /// <summary>The versions of the configuration that the caller's If-Match names; null if any will do.</summary>
    public static IReadOnlyCollection<string>? Expected(HttpRequest request)
    {
        var listed = Listed(request.Headers.IfMatch.ToString()).ToList();
        return listed.Count == 0 || listed.Contains("*", StringComparer.Ordinal) ? null : [.. listed.Where(tag => tag.StartsWith('"')).Select(tag => tag.Trim('"').Split('.')[0])];
    }

    private static object? ValueOf(object? result) => result switch
    {
        INestedHttpResult nested => ValueOf(nested.Result),
        IStatusCodeHttpResult { StatusCode: >= 300 } => null,
        IValueHttpResult value => value.Value,
        IResult or string => null,
        _ => result,
    };

    private static JsonTypeInfo TypeOf(HttpContext context, object value) =>
        context.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions.GetTypeInfo(value.GetType());

    private static IEnumerable<string> Listed(string header) => header.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static string Hash(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content))[..Digits];
}
