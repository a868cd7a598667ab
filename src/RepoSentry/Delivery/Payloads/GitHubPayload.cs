using System.Buffers;
using System.Text.Json;
using RepoSentry.Abstractions;

namespace RepoSentry.Delivery.Payloads;

/// <summary>GitHub's <c>push</c> webhook.</summary>
internal static class GitHubPayload
{
    public static TriggerMessage Render(ChangeEvent change)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("ref", change.Change.Ref);
            json.WriteString("before", change.Change.Before ?? new string('0', 40));
            json.WriteString("after", change.Change.After ?? new string('0', 40));
            json.WriteEndObject();
        }

        return new TriggerMessage(
            new Dictionary<string, string>
            {
                ["Content-Type"] = "application/json",
                ["X-GitHub-Event"] = "push",
                ["X-GitHub-Delivery"] = change.Id.ToString(),
            },
            buffer.WrittenSpan.ToArray());
    }
}
