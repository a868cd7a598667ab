using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace RepoSentry.Configuration.Secrets;

/// <summary>A repository's entry as it is stored: its <c>token</c>, if it has one, stands sealed for that repository and that server.</summary>
internal static class SealedEntry
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="token">In plain; null for none.</param>
    public static string Of(string json, string? token, MasterKey? key)
    {
        if (token is null)
        {
            return json;
        }

        var entry = Parse(json);
        entry["token"] = key!.Seal(token, OwnerOf(entry));
        return entry.ToJsonString(Plain);
    }

    /// <summary>The token in plain, also of an entry that has not been stored yet.</summary>
    public static (string? Token, string? Problem) Open(string json, MasterKey? key)
    {
        var entry = Parse(json);
        return TokenOf(entry) is not { Length: > 0 } token ? (null, null)
            : !MasterKey.IsSealed(token) ? (token, null)
            : key is null ? (null, "is sealed, and security.master_key is not set")
            : key.Open(token, OwnerOf(entry));
    }

    /// <returns>Null if it has no token, or it is sealed with the current key already.</returns>
    public static string? Resealed(string json, MasterKey key) =>
        TokenOf(Parse(json)) is { } token && MasterKey.IsSealed(token) && MasterKey.KeyIdOf(token) != key.CurrentId && Open(json, key).Token is { } plain
            ? Of(json, plain, key)
            : null;

    /// <summary>Which key the token is sealed with; null without one.</summary>
    public static string? KeyIdOf(string json) => TokenOf(Parse(json)) is { } token && MasterKey.IsSealed(token) ? MasterKey.KeyIdOf(token) : null;

    /// <summary>Whether a token of the one may be that of the other: it never goes to another server.</summary>
    public static bool IsForTheSame(string json, string other) => OwnerOf(Parse(json)) == OwnerOf(Parse(other));

    private static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();

    private static string? TokenOf(JsonObject entry) => TextOf(entry, "token");

    private static string OwnerOf(JsonObject entry) =>
        $"{TextOf(entry, "name")} {(Uri.TryCreate(TextOf(entry, "url"), UriKind.Absolute, out var url) ? $"{url.Scheme}://{url.IdnHost}:{url.Port}" : "")}";

    private static string? TextOf(JsonObject entry, string key) => entry[key] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
