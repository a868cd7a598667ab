using System.Text.Json;
using RepoSentry.Abstractions;

namespace RepoSentry.Delivery.Payloads;

/// <summary>GitLab's <c>Merge Request Hook</c>.</summary>
internal static class GitLabMergeRequestPayload
{
    public static byte[] Body(PushFacts push) => PayloadJson.Write(json =>
    {
        var facts = new PullRequestFacts(push);
        json.WriteString("object_kind", "merge_request");
        json.WriteString("event_type", "merge_request");
        json.WriteStartObject("user");
        json.WriteNumber("id", 0);
        json.Text("name", facts.Sender == PushFacts.UnknownLogin ? PushFacts.UnknownText : facts.Told.Author?.Name ?? facts.Sender);
        json.Text("username", facts.Sender);
        json.WriteNull("avatar_url");
        json.WriteString("email", "");
        json.WriteEndObject();
        GitLabPayload.WriteProject(json, "project", push.Repository);
        WriteAttributes(json, push, facts);
        WriteLabels(json, "labels", facts.Labels);
        json.WriteStartObject("changes");
        json.WriteEndObject();
        GitLabPayload.WriteRepository(json, push.Repository);
    });

    private static void WriteAttributes(Utf8JsonWriter json, PushFacts push, PullRequestFacts facts)
    {
        var told = facts.Told;
        json.WriteStartObject("object_attributes");
        json.WriteNumber("id", facts.Id);
        json.WriteNumber("iid", told.Number);
        json.WriteString("title", facts.Title);
        json.WriteString("description", facts.Body);
        json.WriteString("action", facts.Step switch
        {
            PullRequestStep.Opened => "open",
            PullRequestStep.Reopened => "reopen",
            PullRequestStep.Updated => "update",
            PullRequestStep.Merged => "merge",
            _ => "close",
        });
        json.WriteString("state", facts.Step switch { PullRequestStep.Merged => "merged", PullRequestStep.Closed => "closed", _ => "opened" });
        json.WriteString("url", facts.Url);
        json.Text("source_branch", told.HeadBranch);
        json.Text("target_branch", told.BaseBranch);
        json.WriteNumber("source_project_id", facts.Head?.Id ?? 0);
        json.WriteNumber("target_project_id", push.Repository.Id);
        json.WriteNumber("author_id", 0);
        json.WriteBoolean("draft", told.Draft ?? false);
        json.WriteBoolean("work_in_progress", told.Draft ?? false);
        json.WriteString("created_at", PayloadJson.Time(facts.CreatedAt.ToUniversalTime()));
        json.WriteString("updated_at", PayloadJson.Time(facts.UpdatedAt.ToUniversalTime()));
        json.WriteString("merge_status", "unchecked");
        json.WriteString("merge_commit_sha", told.MergeSha);
        if (facts.Step == PullRequestStep.Updated)
        {
            json.Text("oldrev", push.Before); // an update without it brings no commits
        }

        GitLabPayload.WriteProject(json, "source", facts.Head ?? push.Repository);
        GitLabPayload.WriteProject(json, "target", push.Repository);
        WriteLastCommit(json, push, told);
        WriteLabels(json, "labels", facts.Labels);
        json.WriteEndObject();
    }

    private static void WriteLastCommit(Utf8JsonWriter json, PushFacts push, PullRequestInfo told)
    {
        json.WriteStartObject("last_commit");
        json.Text("id", told.HeadSha);
        json.WriteString("message", PushFacts.UnknownText);
        json.WriteString("title", PushFacts.UnknownText);
        json.WriteString("timestamp", PayloadJson.Time(push.Event.DetectedAt.ToUniversalTime()));
        json.WriteString("url", push.Repository.CommitUrl(told.HeadSha));
        json.WriteStartObject("author");
        json.Person(null, null);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteLabels(Utf8JsonWriter json, string property, IReadOnlyList<string> labels)
    {
        json.WriteStartArray(property);
        foreach (var label in labels)
        {
            json.WriteStartObject();
            json.WriteNumber("id", 0);
            json.Text("title", label);
            json.WriteString("type", "ProjectLabel");
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
