using System.Globalization;
using System.Text.Json;

namespace RepoSentry.Delivery.Payloads;

/// <summary>GitHub's <c>pull_request</c> webhook. Valid by GitHub's published schema: what is ours to say stands in headers.</summary>
internal static class GitHubPullRequestPayload
{
    private static readonly string[] Counts = ["comments", "review_comments", "commits", "additions", "deletions", "changed_files"];
    private static readonly string[] Nothings = ["assignee", "milestone", "auto_merge", "active_lock_reason", "mergeable", "rebaseable", "merged_by"];
    private static readonly string[] Lists = ["assignees", "requested_reviewers", "requested_teams"];

    public static byte[] Body(PushFacts push) => PayloadJson.Write(json =>
    {
        var facts = new PullRequestFacts(push);
        json.WriteString("action", facts.Step switch { PullRequestStep.Opened => "opened", PullRequestStep.Reopened => "reopened", PullRequestStep.Updated => "synchronize", _ => "closed" });
        json.WriteNumber("number", facts.Told.Number);
        if (facts.Step == PullRequestStep.Updated)
        {
            json.Text("before", push.Before);
            json.Text("after", push.After);
        }

        WritePullRequest(json, push, facts);
        GitHubRepository.Write(json, "repository", push.Repository, push.Event.DetectedAt, GitHubRepository.ApiUrl(push.Repository), isFork: false);
        GitHubRepository.WriteOrganization(json, push.Repository);
        GitHubRepository.WriteAccount(json, "sender", push.Repository, facts.Sender, 0, "User");
    });

    private static void WritePullRequest(Utf8JsonWriter json, PushFacts push, PullRequestFacts facts)
    {
        var told = facts.Told;
        var urls = UrlsOf(push.Repository, facts);
        json.WriteStartObject("pull_request");
        foreach (var (name, url) in urls.Where(url => url.Key.EndsWith("url", StringComparison.Ordinal)))
        {
            json.WriteString(name, url);
        }

        json.WriteString("html_url", facts.Url);
        json.WriteNumber("id", facts.Id);
        json.WriteString("node_id", "");
        json.WriteNumber("number", told.Number);
        json.WriteString("state", facts.IsClosed ? "closed" : "open");
        json.WriteBoolean("locked", false);
        json.WriteString("title", facts.Title);
        GitHubRepository.WriteAccount(json, "user", push.Repository, facts.Login, 0, "User");
        json.WriteString("body", facts.Body);
        json.WriteString("created_at", PayloadJson.Time(facts.CreatedAt.ToUniversalTime()));
        json.WriteString("updated_at", PayloadJson.Time(facts.UpdatedAt.ToUniversalTime()));
        TimeOrNull(json, "closed_at", facts.ClosedAt);
        TimeOrNull(json, "merged_at", facts.Step == PullRequestStep.Merged ? facts.ClosedAt : null);
        json.WriteString("merge_commit_sha", told.MergeSha);
        Array.ForEach(Lists, name => json.Texts(name, []));
        Array.ForEach(Nothings, json.WriteNull);
        Array.ForEach(Counts, name => json.WriteNumber(name, 0));
        WriteLabels(json, push.Repository, facts.Labels);
        WriteEnd(json, "head", facts.Head, told.HeadBranch, told.HeadSha, push, told.Fork);
        WriteEnd(json, "base", push.Repository, told.BaseBranch, facts.BaseSha, push, isFork: false);
        json.WriteStartObject("_links");
        foreach (var (name, url) in urls.Where(url => !url.Key.EndsWith("url", StringComparison.Ordinal)))
        {
            json.WriteStartObject(name);
            json.WriteString("href", url);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteString("author_association", "NONE"); // nobody asked: the one that grants least
        json.WriteBoolean("draft", told.Draft ?? false);
        json.WriteBoolean("merged", facts.Step == PullRequestStep.Merged);
        json.WriteString("mergeable_state", "unknown");
        json.WriteBoolean("maintainer_can_modify", false);
        json.WriteEndObject();
    }

    private static Dictionary<string, string> UrlsOf(RepositoryFacts repository, PullRequestFacts facts)
    {
        var api = GitHubRepository.ApiUrl(repository);
        var number = facts.Told.Number.ToString(CultureInfo.InvariantCulture);
        var (pull, issue) = ($"{api}/pulls/{number}", $"{api}/issues/{number}");
        return new Dictionary<string, string>
        {
            ["url"] = pull,
            ["diff_url"] = facts.Url + ".diff",
            ["patch_url"] = facts.Url + ".patch",
            ["issue_url"] = issue,
            ["commits_url"] = pull + "/commits",
            ["review_comments_url"] = pull + "/comments",
            ["review_comment_url"] = $"{api}/pulls/comments{{/number}}",
            ["comments_url"] = issue + "/comments",
            ["statuses_url"] = $"{api}/statuses/{facts.Told.HeadSha}",
            ["self"] = pull,
            ["html"] = facts.Url,
            ["issue"] = issue,
            ["comments"] = issue + "/comments",
            ["review_comments"] = pull + "/comments",
            ["review_comment"] = $"{api}/pulls/comments{{/number}}",
            ["commits"] = pull + "/commits",
            ["statuses"] = $"{api}/statuses/{facts.Told.HeadSha}",
        };
    }

    private static void WriteLabels(Utf8JsonWriter json, RepositoryFacts repository, IReadOnlyList<string> labels)
    {
        json.WriteStartArray("labels");
        foreach (var label in labels)
        {
            json.WriteStartObject();
            json.WriteNumber("id", 0);
            json.WriteString("node_id", "");
            json.WriteString("url", $"{GitHubRepository.ApiUrl(repository)}/labels/{RepositoryFacts.Escape(label)}");
            json.Text("name", label);
            json.WriteString("color", "ededed");
            json.WriteBoolean("default", false);
            json.WriteNull("description");
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteEnd(Utf8JsonWriter json, string property, RepositoryFacts? repository, string branch, string sha, PushFacts push, bool isFork)
    {
        var owner = repository?.Owner ?? PushFacts.UnknownLogin;
        json.WriteStartObject(property);
        json.Text("label", $"{owner}:{branch}");
        json.Text("ref", branch);
        json.Text("sha", sha);
        GitHubRepository.WriteAccount(json, "user", push.Repository, owner, repository?.OwnerId ?? 0, isFork ? "User" : "Organization");
        if (repository is null)
        {
            json.WriteNull("repo");
        }
        else
        {
            GitHubRepository.Write(json, "repo", repository, push.Event.DetectedAt, GitHubRepository.ApiUrl(repository), isFork);
        }

        json.WriteEndObject();
    }

    private static void TimeOrNull(Utf8JsonWriter json, string property, DateTimeOffset? time) => json.WriteString(property, time is { } known ? PayloadJson.Time(known.ToUniversalTime()) : null);
}
