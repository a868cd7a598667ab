using RepoSentry.Abstractions;
using RepoSentry.Configuration;

namespace RepoSentry.Providers.PlainGit;

/// <summary>
/// Looks at branches and tags of any Git remote: http and https natively, ssh and file through the git executable. Git knows no pull requests: that kind is
/// left out of the answer, so that what another source saw of it stays.
/// </summary>
internal sealed class PlainGitRefSource(PlainGitOptions options, HttpClient client, TimeProvider time, ICommitSource? history = null) : IRefSource, IHistorySource
{
    private readonly LookPlans plans = new();
    private readonly SmartHttp http = new(new PlainGitApi(client, new GitCredential(options, time), time));
    private readonly GitChild child = new(options);

    public ICommitSource? History => history;

    /// <param name="provider">Its credential; a forge's own user name is filled in, so that this is its fallback too.</param>
    /// <param name="client">Made by Network for that provider; not owned.</param>
    /// <param name="historyOf">What can tell of commits with those options; null where nobody asks.</param>
    public static PlainGitRefSource For(ProviderConfig provider, HttpClient client, TimeProvider time, Func<PlainGitOptions, ICommitSource>? historyOf = null)
    {
        var options = PlainGitOptions.For(provider);
        return new PlainGitRefSource(options, client, time, historyOf?.Invoke(options));
    }

    public async Task<RefLook> LookAsync(RefLookRequest request, CancellationToken cancellationToken)
    {
        var plan = plans.For(request.Kinds);
        if (plan.Kinds.Length == 0)
        {
            return new RefLook([]);
        }

        using var refs = new RefCollector(plan, request.Kinds);
        using var idle = new IdleTimer(time, cancellationToken);
        if (request.Url is { IsAbsoluteUri: true, Scheme: "http" or "https" })
        {
            await http.LookAsync(request.Url, plan, refs, idle);
        }
        else
        {
            await child.LookAsync(request.Url, plan, refs, idle);
        }

        return refs.ToLook();
    }
}
