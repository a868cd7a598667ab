using RepoSentry.Abstractions;

namespace RepoSentry.Delivery.Payloads;

/// <summary>What makes a request a CloudEvent in binary mode. It rides beside a forge's own headers, so every format starts from it.</summary>
internal static class CloudEventsHeaders
{
    public const string TypePrefix = "dev.reposentry.repository.";

    public static Dictionary<string, string> For(ChangeEvent change) => new(StringComparer.OrdinalIgnoreCase)
    {
        ["Content-Type"] = "application/json",
        ["ce-id"] = change.Id.ToString(),
        ["ce-type"] = TypePrefix + change.Change.Type.Name(),
        ["ce-source"] = HeaderText.Encode(RepositoryFacts.Of(change.Repository).HtmlUrl),
        ["ce-specversion"] = "1.0",
        ["ce-time"] = PayloadJson.Time(change.DetectedAt.ToUniversalTime()),
        ["ce-subject"] = HeaderText.Encode(RefName.ToText(change.Change.Ref)),
    };
}
