using System.Text;
using System.Text.Json;

namespace RepoSentry.Exam.Fuzzing;

/// <summary>Makes an input of another: by its bytes, and by its values where it is JSON.</summary>
internal sealed class Mutator(Random random, IReadOnlyList<string> words)
{
    private const int Longest = 4 * 1024;

    private static readonly byte[][] Numbers = [.. Bytes("0", "-1", "1", "2147483648", "-9223372036854775808", "9223372036854775808", "253402300800000", "1e400", "1.5", "0000", "ffff", new string('9', 400))];

    // Wrong types, other shapes, texts that no name can be, times that no calendar has.
    private static readonly byte[][] Values =
    [
        .. Bytes(
            "null", "true", "{}", "[]", "\"\"", "[null]", "{\"a\":null}", "\"\\u0000\"", "\"\\ud800\"", "\"\\ud83d\\ude00\"", "\"%00\"", "\"..\"", "\"a/b/c\"", "\"\\n\"", "\"0000-00-00T00:00:00Z\"",
            "\"9999-12-31T23:59:59+14:00\"", "\"https://other.example/x?y=z\"", "\"//\"", "\"http://[\"", "\"\\\"", new string('[', 70), string.Concat(Enumerable.Repeat("{\"a\":", 70)), "\"" + new string('x', 5000) + "\"", "\"" + new string('a', 40) + "\""),
        .. Numbers,
    ];

    private readonly byte[][] known = [.. words.Select(Encoding.Latin1.GetBytes)];

    /// <param name="other">A piece of it may be taken over.</param>
    public byte[] Mutate(FuzzInput from, FuzzInput other)
    {
        var bytes = from.Bytes;
        if (from.Case.IsJson && random.Next(5) > 0 && from.Spans.Count > 0)
        {
            bytes = MutateJson(from, other);
        }

        for (var more = bytes == from.Bytes ? 1 + random.Next(1 + random.Next(3)) : random.Next(8) / 7; more > 0; more--)
        {
            bytes = MutateBytes(bytes, other.Bytes);
        }

        return bytes.Length > Longest ? bytes[..Longest] : bytes;
    }

    /// <summary>Where the values and the names of keys are; empty where it is no JSON from its beginning on.</summary>
    public static IReadOnlyList<JsonSpan> SpansOf(byte[] bytes)
    {
        var spans = new List<JsonSpan>();
        var open = new Stack<int>();
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = 256 });
        try
        {
            while (reader.Read())
            {
                var start = (int)reader.TokenStartIndex;
                switch (reader.TokenType)
                {
                    case JsonTokenType.StartArray or JsonTokenType.StartObject:
                        open.Push(start);
                        break;
                    case JsonTokenType.EndArray or JsonTokenType.EndObject:
                        start = open.Pop();
                        spans.Add(new JsonSpan(start, (int)reader.BytesConsumed - start, IsKey: false));
                        break;
                    default:
                        spans.Add(new JsonSpan(start, (int)reader.BytesConsumed - start - (reader.TokenType == JsonTokenType.PropertyName ? 1 : 0), reader.TokenType == JsonTokenType.PropertyName));
                        break;
                }
            }
        }
        catch (JsonException)
        {
            // the rest is mutated by its bytes
        }

        return spans;
    }

    private byte[] MutateJson(FuzzInput from, FuzzInput other)
    {
        var span = Any(from.Spans);
        var text = from.Bytes.AsSpan(span.Start, span.Length).ToArray();
        var with = random.Next(6) switch
        {
            _ when span.IsKey && random.Next(8) > 0 => Any(from.Spans.Where(one => one.IsKey).ToList()) is var key ? from.Bytes.AsSpan(key.Start, key.Length).ToArray() : [],
            0 when other.Spans.Count > 0 && Any(other.Spans) is var taken => other.Bytes.AsSpan(taken.Start, taken.Length).ToArray(),
            1 when !span.IsKey => [.. text, (byte)',', .. text],
            2 when !span.IsKey => [.. "[null,"u8, .. text, (byte)']'],
            3 when known.Length > 0 => [(byte)'"', .. Any(known), (byte)'"'],
            _ => Any(Values),
        };
        return Replace(from.Bytes, span.Start, span.Length, with);
    }

    private byte[] MutateBytes(byte[] bytes, byte[] other)
    {
        var at = random.Next(bytes.Length + 1);
        var length = random.Next(Math.Min(bytes.Length - at, 1 << random.Next(10)) + 1);
        switch (random.Next(10))
        {
            case 0 when bytes.Length > at:
                return Replace(bytes, at, 1, [(byte)(bytes[at] ^ (1 << random.Next(8)))]);
            case 1:
                return Replace(bytes, at, Math.Min(1, bytes.Length - at), [(byte)random.Next(256)]);
            case 2 or 3 when known.Length > 0:
                return Replace(bytes, at, random.Next(2) * length, Any(known));
            case 4:
                return Replace(bytes, at, length, []);
            case 5:
                return Replace(bytes, at, 0, bytes.AsSpan(at, length).ToArray());
            case 6 when random.Next(4) == 0:
                return bytes[..at];
            case 7 when other.Length > 0:
                var start = random.Next(other.Length);
                return Replace(bytes, at, length, other.AsSpan(start, random.Next(other.Length - start) + 1).ToArray());
            case 8:
                var digits = bytes.AsSpan(at).IndexOfAnyInRange((byte)'0', (byte)'9');
                return digits < 0 ? bytes[..at] : Replace(bytes, at + digits, Digits(bytes.AsSpan(at + digits)), Any(Numbers));
            case 9 when random.Next(16) == 0 && length > 0:
                return Replace(bytes, at, 0, [.. Enumerable.Repeat(bytes.AsSpan(at, length).ToArray(), 2 + random.Next(Longest / length)).SelectMany(piece => piece)]);
            default:
                return Replace(bytes, at, 0, [(byte)random.Next(256)]);
        }
    }

    private static int Digits(ReadOnlySpan<byte> bytes) => bytes.IndexOfAnyExceptInRange((byte)'0', (byte)'9') is var end and >= 0 ? end : bytes.Length;

    private static byte[] Replace(byte[] bytes, int at, int length, byte[] with) => [.. bytes.AsSpan(0, at), .. with, .. bytes.AsSpan(at + length)];

    private T Any<T>(IReadOnlyList<T> list) => list[random.Next(list.Count)];

    private static IEnumerable<byte[]> Bytes(params string[] texts) => texts.Select(Encoding.UTF8.GetBytes);
}

/// <summary>An input, and which case it is for.</summary>
internal sealed record FuzzInput(FuzzCase Case, byte[] Bytes)
{
    public IReadOnlyList<JsonSpan> Spans => field ??= Case.IsJson ? Mutator.SpansOf(Bytes) : [];
}

internal readonly record struct JsonSpan(int Start, int Length, bool IsKey);
