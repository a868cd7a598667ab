using System.Globalization;
using System.Net;

namespace RepoSentry.Configuration;

/// <summary>Where to listen: <c>127.0.0.1:8080</c>, <c>[::1]:8080</c>, <c>localhost:8080</c>, <c>*:8080</c> or <c>:8080</c> for every address.</summary>
/// <param name="Address">Null for every address of either family.</param>
/// <param name="Port">0 for a free one.</param>
internal sealed record ListenAddress(IPAddress? Address, int Port)
{
    public bool IsLoopback => Address is not null && IPAddress.IsLoopback(Address);

    /// <summary>As a web server takes it: <c>http://127.0.0.1:8080</c>.</summary>
    public string Url => Address switch
    {
        null => string.Create(CultureInfo.InvariantCulture, $"http://*:{Port}"),
        { AddressFamily: System.Net.Sockets.AddressFamily.InterNetworkV6 } six => string.Create(CultureInfo.InvariantCulture, $"http://[{six}]:{Port}"),
        var four => string.Create(CultureInfo.InvariantCulture, $"http://{four}:{Port}"),
    };

    public static ListenAddress? TryParse(string text)
    {
        var colon = text.LastIndexOf(':');
        if (colon < 0 || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port > 65535)
        {
            return null;
        }

        var host = text[..colon];
        return host switch
        {
            "" or "*" => new ListenAddress(null, port),
            "localhost" => new ListenAddress(IPAddress.Loopback, port),
            ['[', .. var inner, ']'] when inner.Contains(':', StringComparison.Ordinal) && IPAddress.TryParse(inner, out var six) => new ListenAddress(six, port),
            _ when host.Count(character => character == '.') == 3 && IPAddress.TryParse(host, out var four) => new ListenAddress(four, port),
            _ => null,
        };
    }
}
