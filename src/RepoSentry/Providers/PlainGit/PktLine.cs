using RepoSentry.Abstractions;

namespace RepoSentry.Providers.PlainGit;

internal enum PktKind
{
    Data,
    Flush,
    Delimiter,
    ResponseEnd,
}

/// <summary>One packet of Git's wire format: four hex digits of length, themselves counted, then the payload.</summary>
internal readonly ref struct PktLine(PktKind kind, ReadOnlySpan<byte> payload)
{
    public const int MaxLength = 65520;
    private const int HeaderLength = 4;

    public PktKind Kind { get; } = kind;

    /// <summary>Without the line feed at its end.</summary>
    public ReadOnlySpan<byte> Payload { get; } = payload;

    /// <summary>False if the window holds less than one packet.</summary>
    public static bool TryRead(ReadOnlySpan<byte> window, out PktLine line, out int consumed)
    {
        line = default;
        consumed = 0;
        if (window.Length < HeaderLength)
        {
            return false;
        }

        var length = (Hex(window[0]) << 12) | (Hex(window[1]) << 8) | (Hex(window[2]) << 4) | Hex(window[3]);
        if (length is < 0 or 3 or > MaxLength)
        {
            throw new RefSourceException(RefSourceError.Malformed, $"a packet claims the impossible length \"{SafeText.Of(window[..HeaderLength])}\"");
        }

        if (length < HeaderLength)
        {
            line = new PktLine((PktKind)(length + 1), []);
            consumed = HeaderLength;
            return true;
        }

        if (window.Length < length)
        {
            return false;
        }

        var payload = window[HeaderLength..length];
        line = new PktLine(PktKind.Data, payload is [.. var text, (byte)'\n'] ? text : payload);
        consumed = length;
        return true;
    }

    private static int Hex(byte digit) => digit switch
    {
        >= (byte)'0' and <= (byte)'9' => digit - '0',
        >= (byte)'a' and <= (byte)'f' => digit - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => digit - 'A' + 10,
        _ => -1,
    };
}

/// <summary>Takes one packet; false when it was the last that the protocol promises.</summary>
internal delegate bool PktLineTaker(PktLine line);

internal static class PktLines
{
    /// <summary>Hands over every packet up to the last, and makes sure that nothing follows it: a look counts only if complete.</summary>
    public static async Task ReadAllAsync(AnswerReader answer, PktLineTaker take)
    {
        var open = true;
        do
        {
            while (open && PktLine.TryRead(answer.Window, out var line, out var consumed))
            {
                if (line.Payload.StartsWith("ERR "u8))
                {
                    throw Reported(line, answer.Where);
                }

                open = take(line);
                answer.Consume(consumed);
            }

            if (!open && !answer.Window.IsEmpty)
            {
                throw new RefSourceException(RefSourceError.Malformed, $"{answer.Where} goes on after the end of its answer");
            }
        }
        while (await answer.FillAsync());

        if (open)
        {
            throw new RefSourceException(RefSourceError.Malformed, $"the answer of {answer.Where} ends before its last packet");
        }
    }

    private static RefSourceException Reported(PktLine line, string where)
    {
        var text = SafeText.Of(line.Payload[4..]);
        var missing = Array.Exists(["not found", "access denied", "not exported", "does not exist", "no such"], sign => text.Contains(sign, StringComparison.OrdinalIgnoreCase));
        return new RefSourceException(missing ? RefSourceError.NotFound : RefSourceError.Malformed, $"{where} answered: {text}");
    }
}
