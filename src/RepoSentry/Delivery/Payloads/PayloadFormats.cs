using RepoSentry.Abstractions;

namespace RepoSentry.Delivery.Payloads;

/// <summary>The table of formats: what is posted looks like the webhook of the forge that the repository lives on.</summary>
internal static class PayloadFormats
{
    /// <param name="format">auto follows the repository's provider; github for plain Git.</param>
    public static TriggerMessage Render(string format, ChangeEvent change) => (format, change.Repository.Provider) switch
    {
        _ => GitHubPayload.Render(change),
    };
}
