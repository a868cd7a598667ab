using System.Net;

namespace RepoSentry.Configuration;

/// <summary>What <c>api.listen</c> means.</summary>
internal static class ListenAddress
{
    extension(ApiConfig api)
    {
        /// <summary>auto asks for a token on any address but a loopback one.</summary>
        public bool RequiresToken => api.Auth == "token" || (api.Auth == "auto" && !api.IsLoopback);

        /// <summary>True if nobody outside this machine can connect.</summary>
        public bool IsLoopback
        {
            get
            {
                var host = api.Listen[..Math.Max(0, api.Listen.LastIndexOf(':'))].Trim('[', ']');
                return host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
            }
        }
    }
}
