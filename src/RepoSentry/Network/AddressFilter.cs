using System.Net;

namespace RepoSentry.Network;

/// <summary>Which addresses an operator's own URLs may reach. Judged on the address dialled, never on the text of the URL.</summary>
internal static class AddressFilter
{
    private static readonly IPNetwork[] LinkLocal = [IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("fe80::/10"), IPNetwork.Parse("fd00:ec2::254/128")];

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

        return options.BlockLoopback && IPAddress.IsLoopback(plain) ? "a loopback address, while the service listens beyond loopback" : null;
    }
}
