using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Network;
using RepoSentry.Providers.GitLab;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.SystemTests.Providers.GitLab;

internal static class GitLabStories
{
    /// <summary>A source as the catalog makes it, with a budget that never runs out unless a test says so.</summary>
    public static GitLabRefSource Source(this FakeGitLab forge, string? token = null, TimeProvider? time = null, int perHour = 10_000_000, int burst = 100_000, string root = "") => GitLabRefSource.For(
        new ProviderConfig { Name = "forge", Type = "gitlab", Url = new Uri(forge.Root, root), Token = token is null ? null : new Secret(token), RequestsPerHour = perHour, Burst = burst },
        OutboundHttp.CreateClient(new OutboundOptions()),
        time ?? TimeProvider.System);
}
