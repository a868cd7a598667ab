using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Network;
using RepoSentry.Providers.GitHub;
using RepoSentry.SystemTests.Providers.PlainGit;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.SystemTests.Providers.GitHub;

internal static class GitHubStories
{
    /// <summary>A source as the catalog makes it, with a budget that never runs out unless a test says so.</summary>
    public static GitHubRefSource Source(this FakeGitHub forge, string? token = null, TimeProvider? time = null, int perHour = 10_000_000, int burst = 100_000) => GitHubRefSource.For(
        new ProviderConfig { Name = "forge", Type = "github", Url = forge.Root, Token = token is null ? null : new Secret(token), RequestsPerHour = perHour, Burst = burst },
        OutboundHttp.CreateClient(new OutboundOptions()),
        time ?? TimeProvider.System);

    public static Uri Web(this FakeForge forge, string name = "acme/web") => new(forge.Root, name);

    /// <summary>The look that follows a look: with its validators.</summary>
    public static RefLookRequest After(this RefLook look, Uri url) => Looks.At(url, look.Of(RefKind.Branch)!.Validator, look.Of(RefKind.Tag)!.Validator);

    public static string[] Names(this RefLook look, RefKind kind = RefKind.Branch) => [.. look.Of(kind)!.Refs.Select(item => item.ShortName)];

    public static FakeRepository PushMany(this FakeRepository repository, int count)
    {
        for (var index = 0; index < count; index++)
        {
            repository.Push($"b{index:0000}", index + 1);
        }

        return repository;
    }
}
