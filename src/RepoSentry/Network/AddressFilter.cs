using System.Net;

namespace RepoSentry.Network;

/// <summary>Which addresses an operator's own URLs may reach. Judged on the address dialled, never on the text of the URL.</summary>
internal static class AddressFilter
{
    private static readonly IPNetwork[] LinkLocal = [IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("fe80::/10"), IPNetwork.Parse("fd00:ec2::254/128")];

    // Of IPv6 only the global unicast space is public, and of that not what carries another address in it or stands for documents.
    private static readonly IPNetwork Global = IPNetwork.Parse("2000::/3");
    private static readonly IPNetwork[] NotPublic =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
            "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
        }.Select(network => IPNetwork.Parse(network)),
    ];

    /// <summary>Why the address is refused; null if it may be dialled.</summary>
    public static string? Refusal(IPAddress address, OutboundOptions options)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        if (options.AllowedNetworks.Any(network => network.Contains(plain)))
        {
            return null;
        }

        if (LinkLocal.Any(network => network.Contains(plain)))
        {
            return "a link-local or metadata address";
        }

        if (plain.Equals(IPAddress.Any) || plain.Equals(IPAddress.IPv6Any))
        {
            return "the unspecified address";
        }

        if (options.PublicOnly && !IsPublic(plain))
        {
            return "no public address, and what comes through the API reaches no other";
        }

        return options.BlockLoopback && IPAddress.IsLoopback(plain) ? "a loopback address, while the service listens beyond loopback" : null;
    }

    /// <summary>The addresses of a host that may be dialled, at least one.</summary>
    /// <exception cref="HttpRequestException">There is none.</exception>
    public static async Task<IPAddress[]> ResolveAsync(string host, OutboundOptions options, CancellationToken cancellationToken)
    {
        var addresses = await Dns.GetHostAddressesAsync(host.Trim('[', ']'), cancellationToken);
        var allowed = Array.FindAll(addresses, address => Refusal(address, options) is null);
        return allowed.Length > 0 ? allowed : throw new HttpRequestException(HttpRequestError.ConnectionError, addresses.Length == 0
            ? $"{host} has no address"
            : $"{host} resolves to {addresses[0]}, {Refusal(addresses[0], options)} (list it in security.allowed_networks to allow it)");
    }

    private static bool IsPublic(IPAddress address) =>
        (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork || Global.Contains(address)) && !NotPublic.Any(network => network.Contains(address));
}
