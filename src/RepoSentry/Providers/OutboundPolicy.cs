using System.Net;
using RepoSentry.Configuration;
using RepoSentry.Network;

namespace RepoSentry.Providers;

/// <summary>What the configuration says of the addresses that may be dialled.</summary>
internal static class OutboundPolicy
{
    public static OutboundOptions Outbound(this SentryConfig config) => new()
    {
        AllowedNetworks = [.. config.Security.AllowedNetworks.Select(IPNetwork.Parse)],
        BlockLoopback = !config.Api.IsLoopback,
    };
}
