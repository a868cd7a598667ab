using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace RepoSentry.Delivery.Payloads;

/// <summary>JSON from text that strangers wrote: always valid, whatever a message or a ref name holds.</summary>
internal static class PayloadJson
{
    /// <summary>Characters of a name, an address, a path or a link.</summary>
    public const int NameLimit = 1024;

    // The body is never pasted into HTML, so text stays readable, as the forges send it.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Write(Action<Utf8JsonWriter> content)
    {
        var buffer = new ArrayBufferWriter<byte>(8192);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            content(json);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    public static void Text(this Utf8JsonWriter json, string name, string value, int limit = NameLimit) => json.WriteString(name, Clean(value, limit));

    /// <summary>Empty where a forge would have an address that we do not know: a binding would turn null into the text <c>null</c>.</summary>
    public static void Person(this Utf8JsonWriter json, string? name, string? email)
    {
        json.Text("name", name is { Length: > 0 } ? name : PushFacts.UnknownText);
        json.Text("email", email ?? "");
    }

    public static void Texts(this Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(Clean(value, NameLimit));
        }

        json.WriteEndArray();
    }

    /// <summary>ISO 8601 to the second, with the offset that the commit carries.</summary>
    public static string Time(DateTimeOffset time) =>
        time.ToString(time.Offset == TimeSpan.Zero ? "yyyy-MM-dd'T'HH:mm:ss'Z'" : "yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture);

    /// <summary>Without halves of surrogate pairs, and no longer than the limit.</summary>
    public static string Clean(string text, int limit)
    {
        if (text.Length <= limit && !text.AsSpan().ContainsAnyInRange('\ud800', '\udfff'))
        {
            return text;
        }

        var clean = new StringBuilder(Math.Min(text.Length, limit) + 1);
        foreach (var rune in text.EnumerateRunes())
        {
            if (clean.Length + rune.Utf16SequenceLength > limit)
            {
                return clean.Append('…').ToString();
            }

            clean.Append(rune.ToString());
        }

        return clean.ToString();
    }
}
