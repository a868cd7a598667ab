using System.Text.Json;

namespace RepoSentry.Providers.GitHub;

/// <summary>
/// An answer of GraphQL: by alias, what was told of a repository or an owner; nothing, with an error, of one that is not there. Most of it says what was said
/// the last time, so that each part is only found here, and read by who needs it.
/// </summary>
internal sealed class GraphAnswer
{
    private readonly ForgeAnswer body;
    private readonly Dictionary<string, Range>? parts;

    private GraphAnswer(ForgeAnswer body, Dictionary<string, Range>? parts, IReadOnlyList<GraphError?>? errors)
    {
        (this.body, this.parts) = (body, parts);
        Errors = errors ?? [];
    }

    public IReadOnlyList<GraphError?> Errors { get; }

    public bool HasData => parts is not null;

    /// <summary>How far GitHub's clock is ahead of ours.</summary>
    public TimeSpan Skew { get; init; }

    /// <param name="body">In use as long as the answer is.</param>
    public static GraphAnswer Of(ForgeAnswer body, TimeSpan skew) => body.Read(text =>
    {
        var reader = new Utf8JsonReader(text);
        Dictionary<string, Range>? data = null;
        IReadOnlyList<GraphError?>? errors = null;
        Begin(ref reader);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("data"u8))
            {
                data = Parts(ref reader);
            }
            else if (reader.ValueTextEquals("errors"u8))
            {
                errors = JsonSerializer.Deserialize(ref reader, GraphJson.Default.IReadOnlyListGraphError);
            }
            else
            {
                reader.Skip();
            }
        }

        while (reader.Read())
        {
            // what follows must be nothing: the reader refuses all else
        }

        return new GraphAnswer(body, data, errors) { Skew = skew };
    });

    /// <summary>The bytes in which one is told of; empty where nothing is.</summary>
    public ReadOnlySpan<byte> Text(string alias) => parts!.TryGetValue(alias, out var part) ? body.Body.Span[part] : default;

    /// <returns>Null where nothing is told.</returns>
    public GraphNode? Node(string alias) => parts!.TryGetValue(alias, out var part) ? body.Read(text => JsonSerializer.Deserialize(text[part], GraphJson.Default.GraphNode)) : null;

    // Null where there is no data at all.
    private static Dictionary<string, Range>? Parts(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
        {
            return null;
        }

        var found = new Dictionary<string, Range>(StringComparer.Ordinal);
        Expect(reader, JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var alias = reader.GetString()!;
            reader.Read();
            var from = (int)reader.TokenStartIndex;
            var isNothing = reader.TokenType == JsonTokenType.Null;
            reader.Skip();
            if (!isNothing)
            {
                found[alias] = from..(int)reader.BytesConsumed;
            }
        }

        return found;
    }

    private static void Begin(ref Utf8JsonReader reader)
    {
        reader.Read();
        Expect(reader, JsonTokenType.StartObject);
    }

    private static void Expect(in Utf8JsonReader reader, JsonTokenType type)
    {
        if (reader.TokenType != type)
        {
            throw new JsonException($"{reader.TokenType} where {type} belongs");
        }
    }
}
