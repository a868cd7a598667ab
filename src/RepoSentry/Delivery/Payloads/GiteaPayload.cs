using System.Text.Json;
using RepoSentry.Abstractions;

namespace RepoSentry.Delivery.Payloads;

/// <summary>The <c>push</c> webhook of Gitea and Forgejo, for branches and tags alike, its <c>delete</c>, and what it has in common with <c>pull_request</c>. Tekton has no interceptor for it: its users take GitHub's, so GitHub's headers stand beside.</summary>
internal static class GiteaPayload
{
    public const string EventHeader = "X-Gitea-Event";

    private static readonly string[] Families = ["X-Gitea", "X-Gogs", "X-GitHub"];

    public static TriggerMessage Render(ChangeEvent change)
    {
        var headers = CloudEventsHeaders.For(change);
        var (name, type) = change switch { { PullRequest: null, Change.After: null } => ("delete", "delete"), { PullRequest: null } => ("push", "push"), { Change.Type: EventType.PullRequestUpdated } => ("pull_request", "pull_request_sync"), _ => ("pull_request", "pull_request") };
        foreach (var family in Families)
        {
            headers[family + "-Event"] = name;
            headers[family + "-Event-Type"] = type;
            headers[family + "-Delivery"] = change.Id.ToString();
        }

        return PayloadBudget.Fit(change, headers, change.PullRequest is not null ? GiteaPullRequestPayload.Body : change.Change.After is null ? Deletion : Body);
    }

    // Of a deletion Gitea sends no push.
    private static byte[] Deletion(PushFacts push) => PayloadJson.Write(json =>
    {
        json.Text("ref", push.BranchName, int.MaxValue);
        json.WriteString("ref_type", push.IsTag ? "tag" : "branch");
        json.WriteString("pusher_type", "user");
        WriteRepository(json, "repository", push.Repository, push.Event.DetectedAt, isFork: false);
        WriteUser(json, "sender", push.Repository, PushFacts.UnknownLogin, 0);
    });

    private static byte[] Body(PushFacts push) => PayloadJson.Write(json =>
    {
        json.Text("ref", RefName.ToText(push.Event.Change.Ref), int.MaxValue);
        json.Text("before", push.Before);
        json.Text("after", push.After);
        json.Text("compare_url", push.CompareUrl());
        json.WriteStartArray("commits");

        // As at GitHub: a new tag brings no commits.
        foreach (var commit in push is { IsTag: true, Created: true } ? [] : push.Commits)
        {
            WriteCommit(json, push, commit);
        }

        json.WriteEndArray();
        json.WriteNumber("total_commits", push is { IsTag: true, Created: true } ? 0 : push.Count);
        json.WritePropertyName("head_commit");
        if (push.Head is { } head)
        {
            WriteCommit(json, push, head);
        }
        else
        {
            json.WriteNullValue();
        }

        WriteRepository(json, "repository", push.Repository, push.Event.DetectedAt, isFork: false);
        WriteUser(json, "pusher", push.Repository, PushFacts.UnknownLogin, 0);
        WriteUser(json, "sender", push.Repository, PushFacts.UnknownLogin, 0);
    });

    private static void WriteCommit(Utf8JsonWriter json, PushFacts push, CommitInfo commit)
    {
        json.WriteStartObject();
        json.Text("id", commit.Id);
        json.WriteString("message", push.MessageOf(commit));
        json.WriteString("url", push.UrlOf(commit));
        WritePerson(json, "author", commit.Author);
        WritePerson(json, "committer", commit.Committer ?? commit.Author);
        json.WriteNull("verification");
        json.WriteString("timestamp", push.TimeOf(commit));
        push.WriteFiles(json, commit);
        json.WriteEndObject();
    }

    private static void WritePerson(Utf8JsonWriter json, string name, PersonInfo? person)
    {
        json.WriteStartObject(name);
        json.Person(person?.Name, person?.Email);
        json.Text("username", person?.Username ?? ""); // as Gitea says it of an address that is no account's
        json.WriteEndObject();
    }

    public static void WriteRepository(Utf8JsonWriter json, string property, RepositoryFacts repository, DateTimeOffset at, bool isFork)
    {
        json.WriteStartObject(property);
        json.WriteNumber("id", repository.Id);
        WriteUser(json, "owner", repository, repository.Owner, repository.OwnerId);
        json.Text("name", repository.Name);
        json.Text("full_name", repository.FullName);
        json.WriteString("description", "");
        json.WriteBoolean("empty", false);
        json.WriteBoolean("private", repository.Private);
        json.WriteBoolean("fork", isFork);
        json.WriteBoolean("template", false);
        json.WriteBoolean("mirror", false);
        json.WriteNumber("size", 0);
        json.WriteString("language", "");
        json.WriteString("html_url", repository.HtmlUrl);
        json.WriteString("url", $"{repository.Root}/api/v1/repos/{repository.EscapedFullName}");
        json.WriteString("ssh_url", repository.SshUrl);
        json.WriteString("clone_url", repository.CloneUrl);
        json.WriteString("original_url", "");
        json.WriteString("website", "");
        json.Text("default_branch", repository.DefaultBranch);
        json.WriteBoolean("archived", false);
        json.WriteString("updated_at", PayloadJson.Time(at.ToUniversalTime()));
        json.WriteEndObject();
    }

    public static void WriteUser(Utf8JsonWriter json, string property, RepositoryFacts repository, string login, long id)
    {
        json.WriteStartObject(property);
        json.WriteNumber("id", id);
        json.Text("login", login);
        json.WriteString("full_name", "");
        json.WriteString("email", "");
        json.WriteString("avatar_url", "");
        json.WriteString("html_url", $"{repository.Root}/{RepositoryFacts.Escape(login)}");
        json.Text("username", login);
        json.WriteEndObject();
    }
}
