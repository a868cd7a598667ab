using System.Text.Json;
using RepoSentry.Abstractions;

namespace RepoSentry.Delivery.Payloads;

/// <summary>The shape of the Go original, as a CloudEvent: its users bind <c>body.repository.url</c>, <c>body.branch.name</c> and <c>body.commit.sha</c>.</summary>
internal static class CloudEventsPayload
{
    private const int ShortLength = 8;

    public static TriggerMessage Render(ChangeEvent change) =>
        PayloadBudget.Fit(change, CloudEventsHeaders.For(change), Body);

    /// <summary>In structured mode: the attributes stand in the body, beside the data.</summary>
    public static TriggerMessage RenderStructured(ChangeEvent change) => PayloadBudget.Fit(
        change, new(StringComparer.OrdinalIgnoreCase) { ["Content-Type"] = "application/cloudevents+json; charset=utf-8" }, Envelope);

    private static byte[] Envelope(PushFacts push) => PayloadJson.Write(json =>
    {
        var change = push.Event;
        json.WriteString("specversion", "1.0");
        json.WriteString("id", change.Id);
        json.WriteString("source", push.Repository.HtmlUrl);
        json.WriteString("type", CloudEventsHeaders.TypePrefix + change.Change.Type.Name());
        json.Text("subject", RefName.ToText(change.Change.Ref), int.MaxValue);
        json.WriteString("time", PayloadJson.Time(change.DetectedAt.ToUniversalTime()));
        json.WriteString("datacontenttype", "application/json");
        json.WriteStartObject("data");
        WriteData(json, push);
        json.WriteEndObject();
    });

    private static byte[] Body(PushFacts push) => PayloadJson.Write(json => WriteData(json, push));

    private static void WriteData(Utf8JsonWriter json, PushFacts push)
    {
        WriteRepository(json, push.Repository);
        json.WriteStartObject("branch");
        json.Text("name", push.BranchName, int.MaxValue);
        json.Text("ref", RefName.ToText(push.Event.Change.Ref), int.MaxValue);
        json.WriteEndObject();

        // Zeros rather than nothing: a binding on a missing parent fails without a word.
        var pullRequest = push.Event.PullRequest is null ? null : new PullRequestFacts(push);
        WriteCommit(json, "commit", pullRequest?.Told.HeadSha ?? push.After, pullRequest?.Title ?? (push.Head is { } head ? push.MessageOf(head) : ""));
        json.WriteStartObject("event");
        json.WriteString("type", push.Event.Change.Type.Name());
        json.WriteString("trigger_source", "reposentry");
        json.WriteString("trigger_id", push.Event.Id);
        json.WriteString("detection_time", PayloadJson.Time(push.Event.DetectedAt.ToUniversalTime()));
        json.WriteEndObject();
        WriteCommit(json, "previous_commit", push.Before, message: null);
    }

    private static void WriteRepository(Utf8JsonWriter json, RepositoryFacts repository)
    {
        json.WriteStartObject("repository");
        json.Text("provider", repository.Info.Provider);
        json.Text("organization", repository.Owner);
        json.Text("name", repository.Name);
        json.Text("full_name", repository.FullName);
        json.WriteString("url", repository.ConfiguredUrl);
        json.Text("id", repository.Info.ForgeId ?? repository.FullName);
        json.WriteEndObject();
    }

    private static void WriteCommit(Utf8JsonWriter json, string name, string id, string? message)
    {
        json.WriteStartObject(name);
        json.Text("sha", id);
        json.Text("short_sha", id.Length > ShortLength ? id[..ShortLength] : id);
        if (message is not null)
        {
            json.WriteString("message", message);
        }

        json.WriteEndObject();
    }
}
