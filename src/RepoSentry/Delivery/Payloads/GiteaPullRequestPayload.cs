using System.Globalization;
using System.Text.Json;

namespace RepoSentry.Delivery.Payloads;

/// <summary>The <c>pull_request</c> webhook of Gitea and Forgejo.</summary>
internal static class GiteaPullRequestPayload
{
    private static readonly string[] Nothings = ["milestone", "assignee", "assignees", "requested_reviewers", "merged_by", "due_date"];

    public static byte[] Body(PushFacts push) => PayloadJson.Write(json =>
    {
        var facts = new PullRequestFacts(push);
        json.WriteString("action", facts.Step switch { PullRequestStep.Opened => "opened", PullRequestStep.Reopened => "reopened", PullRequestStep.Updated => "synchronized", _ => "closed" });
        json.WriteNumber("number", facts.Told.Number);
        WritePullRequest(json, push, facts);
        json.WriteNull("requested_reviewer");
        GiteaPayload.WriteRepository(json, "repository", push.Repository, push.Event.DetectedAt, isFork: false);
        GiteaPayload.WriteUser(json, "sender", push.Repository, facts.Sender, 0);
        json.WriteString("commit_id", "");
        json.WriteNull("review");
    });

    private static void WritePullRequest(Utf8JsonWriter json, PushFacts push, PullRequestFacts facts)
    {
        var told = facts.Told;
        json.WriteStartObject("pull_request");
        json.WriteNumber("id", facts.Id);
        json.WriteString("url", facts.Url);
        json.WriteNumber("number", told.Number);
        GiteaPayload.WriteUser(json, "user", push.Repository, facts.Login, 0);
        json.WriteString("title", facts.Title);
        json.WriteString("body", facts.Body);
        WriteLabels(json, facts.Labels);
        Array.ForEach(Nothings, json.WriteNull);
        json.WriteString("state", facts.IsClosed ? "closed" : "open");
        json.WriteBoolean("draft", told.Draft ?? false);
        json.WriteBoolean("is_locked", false);
        json.WriteNumber("comments", 0);
        json.WriteString("html_url", facts.Url);
        json.WriteString("diff_url", facts.Url + ".diff");
        json.WriteString("patch_url", facts.Url + ".patch");
        json.WriteBoolean("mergeable", false);
        json.WriteBoolean("merged", facts.Step == PullRequestStep.Merged);
        TimeOrNull(json, "merged_at", facts.Step == PullRequestStep.Merged ? facts.ClosedAt : null);
        json.WriteString("merge_commit_sha", told.MergeSha);
        json.WriteBoolean("allow_maintainer_edit", false);
        WriteEnd(json, "base", push.Repository, told.BaseBranch, facts.BaseSha, push, isFork: false);
        WriteEnd(json, "head", facts.Head, told.HeadBranch, told.HeadSha, push, told.Fork);
        json.WriteString("merge_base", facts.BaseSha);
        TimeOrNull(json, "created_at", facts.CreatedAt);
        TimeOrNull(json, "updated_at", facts.UpdatedAt);
        TimeOrNull(json, "closed_at", facts.ClosedAt);
        json.WriteEndObject();
    }

    private static void WriteLabels(Utf8JsonWriter json, IReadOnlyList<string> labels)
    {
        json.WriteStartArray("labels");
        foreach (var label in labels)
        {
            json.WriteStartObject();
            json.WriteNumber("id", 0);
            json.Text("name", label);
            json.WriteString("color", "ededed");
            json.WriteString("description", "");
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteEnd(Utf8JsonWriter json, string property, RepositoryFacts? repository, string branch, string sha, PushFacts push, bool isFork)
    {
        json.WriteStartObject(property);
        json.Text("label", isFork && repository is not null ? string.Create(CultureInfo.InvariantCulture, $"{repository.Owner}:{branch}") : branch);
        json.Text("ref", branch);
        json.Text("sha", sha);
        json.WriteNumber("repo_id", repository?.Id ?? 0);
        if (repository is null)
        {
            json.WriteNull("repo");
        }
        else
        {
            GiteaPayload.WriteRepository(json, "repo", repository, push.Event.DetectedAt, isFork);
        }

        json.WriteEndObject();
    }

    private static void TimeOrNull(Utf8JsonWriter json, string property, DateTimeOffset? time) => json.WriteString(property, time is { } known ? PayloadJson.Time(known.ToUniversalTime()) : null);
}
