using System.Collections.Concurrent;
using RepoSentry.Abstractions;

namespace RepoSentry.Providers.PlainGit;

/// <summary>
/// Remembers how hosts and repositories are spoken to, so that a look is one request. A host's answer is a guess for its other repositories: what does not fit
/// (an old server behind the same name, another object format, a moved repository) is asked afresh and remembered for that repository.
/// </summary>
internal sealed class SmartHttp(PlainGitApi api)
{
    private readonly ConcurrentDictionary<string, GitWire> hosts = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<Uri, GitWire> repositories = new();

    public async Task LookAsync(Uri url, LookPlan plan, RefCollector refs, IdleTimer idle)
    {
        if (Known(url, out var certain) is { Version: 2 } wire && await TryListAsync(wire, certain))
        {
            repositories.TryAdd(url, wire);
            return;
        }

        var found = await api.DiscoverAsync(url, refs, idle);
        if (found.Version == 2 && !await api.TryListAsync(found.Base ?? url, plan.Body(found.ObjectFormat), refs, idle))
        {
            throw new RefSourceException(RefSourceError.Unavailable, $"{SafeText.Of(url)} describes itself but redirects the question for its refs");
        }

        Remember(url, found);

        async Task<bool> TryListAsync(GitWire wire, bool certain)
        {
            try
            {
                return await api.TryListAsync(wire.Base ?? url, plan.Body(wire.ObjectFormat), refs, idle);
            }
            catch (RefSourceException failure) when (refs.Count == 0 && MayBeAnotherWire(failure.Error, wire, certain))
            {
                return false;
            }
        }
    }

    private static bool MayBeAnotherWire(RefSourceError error, GitWire wire, bool certain) =>
        error == RefSourceError.Malformed || (error == RefSourceError.NotFound && (!certain || wire.Base is not null));

    private GitWire? Known(Uri url, out bool certain)
    {
        certain = repositories.TryGetValue(url, out var wire);
        return certain ? wire : hosts.GetValueOrDefault(Host(url));
    }

    private void Remember(Uri url, GitWire found)
    {
        repositories[url] = found == GitWire.Modern ? GitWire.Modern : found;
        if (found.Version == 2)
        {
            hosts[Host(url)] = GitWire.Modern;
        }
    }

    private static string Host(Uri url) => url.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped);
}
