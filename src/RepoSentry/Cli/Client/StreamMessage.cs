using System.Runtime.CompilerServices;
using System.Text;

namespace RepoSentry.Cli.Client;

/// <summary>A message of an event stream.</summary>
internal sealed record StreamMessage(string Type, string? Id, string Data)
{
    // Three heartbeats: who is silent for longer is gone, whatever the connection says.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(45);

    /// <exception cref="TimeoutException">Nothing came for too long.</exception>
    public static async IAsyncEnumerable<StreamMessage> ReadAsync(Stream stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var (type, id, data) = ("message", (string?)null, (StringBuilder?)null);
        while (await reader.ReadLineAsync(cancellationToken).AsTask().WaitAsync(Silence, cancellationToken) is { } line)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var (name, value) = colon < 0 ? (line, "") : (line[..colon], line[(colon + 1)..].TrimStart(' '));
            switch (name)
            {
                case "" when colon < 0:
                    if (data is not null)
                    {
                        yield return new StreamMessage(type, id, data.ToString());
                    }

                    (type, id, data) = ("message", null, null);
                    break;
                case "event":
                    type = value;
                    break;
                case "id":
                    id = value;
                    break;
                case "data":
                    data = data is null ? new StringBuilder(value) : data.Append('\n').Append(value);
                    break;
                default:
                    break; // comments, and what later versions may say
            }
        }
    }
}
