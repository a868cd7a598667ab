using System.Net.Sockets;
using System.Security.Authentication;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Network;
using RepoSentry.Polling.Discovery;
using RepoSentry.Providers;

namespace RepoSentry.Cli.Checks;

/// <summary>Destinations by connecting to them only: a request at an EventListener would start a pipeline.</summary>
internal static class RemoteChecks
{
    public static async Task<IReadOnlyList<Finding>> TriggerAsync(TriggerConfig trigger, SentryConfig config, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var check = "trigger " + trigger.Name;
        if (trigger.Url is not { } url)
        {
            var program = trigger.Exec?.Command[0] ?? "";
            return [!program.StartsWith('/') || File.Exists(program) ? Finding.Good(check, $"runs {program}") : Finding.Bad(check, $"{program} does not exist", "install it, or mend the trigger's command")];
        }

        return [await ConnectAsync(check, url, config.Outbound() with { CaFile = trigger.CaFile }, now, cancellationToken)];
    }

    public static async Task<Finding> ConnectAsync(string check, Uri url, OutboundOptions options, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var place = $"{url.Host}:{url.Port}";
        try
        {
            return await Reach.TryAsync(url, options, cancellationToken) is { } end
                ? Finding.Until(check, $"{place} answers; its certificate", end, now, "renew the certificate of " + url.Host)
                : Finding.Good(check, $"{place} answers");
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain)
        {
            return Finding.Bad(check, $"{url.Host} has no address here", "check the name, and the DNS of this machine (a *.svc name resolves only inside its cluster)");
        }
        catch (SocketException e)
        {
            return Finding.Bad(check, $"{place} does not accept connections: {e.Message}", "check that it runs, its port, and the network policies and firewalls between");
        }
        catch (HttpRequestException e)
        {
            return Finding.Bad(check, $"{place} may not be dialled: {e.Message}", "list its network in security.allowed_networks");
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            return Finding.Bad(check, $"{place}: no trust by TLS: {e.Message}", "name its authority by ca_file, or have its certificate renewed");
        }
    }

    /// <summary>The first page of an organization's repositories.</summary>
    public static async Task<IReadOnlyList<Finding>> DiscoveryAsync(DiscoveryConfig discovery, SentryConfig config, CancellationToken cancellationToken)
    {
        var check = "discovery " + discovery.Key;
        try
        {
            var lister = new RefSourceCatalog(new CurrentConfig(config), TimeProvider.System).ListerOf(discovery.Provider)!;
            var listed = await lister.ListAsync(discovery.Organization, cancellationToken, onlyFirst: true);
            var taken = listed.Count(repository => DiscoveredRepositories.Refusal(discovery, repository) is null);
            return [taken > 0 ? Finding.Good(check, $"{taken} of the first {listed.Count} repositories are taken")
                : Finding.Warn(check, $"none of the first {listed.Count} repositories is taken", "compare include, exclude, topics, archived and forks with what the forge shows, and what the token may see")];
        }
        catch (RefSourceException e)
        {
            return [Finding.Bad(check, e.Message, "check the organization's name, and the credential of provider " + discovery.Provider)];
        }
    }

    /// <summary>For a forge without an interface to ask: one look at its first repository.</summary>
    public static async Task<Finding> LookAsync(ProviderConfig provider, SentryConfig config, CancellationToken cancellationToken)
    {
        var check = "token " + provider.Name;
        if (config.Repositories.FirstOrDefault(repository => repository.Enabled && repository.Provider == provider.Name) is not { } first)
        {
            return Finding.Good(check, "no repository uses it");
        }

        try
        {
            var source = new RefSourceCatalog(new CurrentConfig(config), TimeProvider.System).For(first).Primary;
            var look = await source.LookAsync(new RefLookRequest(first.Url, [new KindRequest(RefKind.Branch, [], null)], first.ApiBaseUrl), cancellationToken);
            return Finding.Good(check, $"{first.Name} was looked at: {look.Kinds[0].Snapshot?.Refs.Count ?? 0} branches");
        }
        catch (RefSourceException e)
        {
            return Finding.Bad(check, $"{first.Name}: {e.Message}", e.Error is RefSourceError.Unauthorized or RefSourceError.NotFound ? "give the provider a credential that may read it" : "check the URL, and the network between");
        }
    }
}
