using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Providers.Bitbucket;

namespace RepoSentry.Delivery.Payloads;

/// <summary>The table of formats: what is posted looks like the webhook of the forge that the repository lives on. The same event gives the same bytes.</summary>
internal static class PayloadFormats
{
    /// <param name="format">auto follows the repository's provider, and is GitHub's where that has no format of its own.</param>
    public static TriggerMessage Render(string format, ChangeEvent change) => (format, change.Repository.Provider) switch
    {
        ("github", _) => GitHubPayload.Render(change),
        (TriggerConfig.CreateDelete, _) => GitHubRefPayload.Render(change),
        ("gitlab", _) or ("auto", "gitlab") => GitLabPayload.Render(change),
        ("gitea", _) or ("auto", "gitea") => GiteaPayload.Render(change),
        ("bitbucket", _) or ("auto", "bitbucket") => BitbucketPath.IsCloud(change.Repository.Url) ? BitbucketPayload.Render(change) : BitbucketServerPayload.Render(change),
        ("cloudevents", _) => CloudEventsPayload.Render(change),
        ("native", _) => NativePayload.Render(change),
        ("auto", _) => GitHubPayload.Render(change),
        _ => throw new NotSupportedException($"format {format} is not available in this version"),
    };
}
