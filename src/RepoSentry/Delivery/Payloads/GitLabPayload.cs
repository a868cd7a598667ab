using System.Text.Json;
using RepoSentry.Abstractions;

namespace RepoSentry.Delivery.Payloads;

/// <summary>GitLab's <c>Push Hook</c> and <c>Tag Push Hook</c>, and what they have in common with <c>Merge Request Hook</c>.</summary>
internal static class GitLabPayload
{
    private const int VisibilityPrivate = 0;
    private const int VisibilityPublic = 20;
    private const int TitleLimit = 80;

    public static TriggerMessage Render(ChangeEvent change)
    {
        var headers = CloudEventsHeaders.For(change);
        headers["X-Gitlab-Event"] = change.Change.Kind switch { RefKind.Tag => "Tag Push Hook", RefKind.PullRequest => "Merge Request Hook", _ => "Push Hook" };
        headers["X-Gitlab-Event-UUID"] = change.Id.ToString();
        headers["X-Gitlab-Instance"] = RepositoryFacts.Of(change.Repository).Root;
        return PayloadBudget.Fit(change, headers, change.PullRequest is null ? Body : GitLabMergeRequestPayload.Body);
    }

    private static byte[] Body(PushFacts push) => PayloadJson.Write(json =>
    {
        var kind = push.IsTag ? "tag_push" : "push";
        json.WriteString("object_kind", kind);
        json.WriteString("event_name", kind);
        json.Text("before", push.Before);
        json.Text("after", push.After);
        json.Text("ref", RefName.ToText(push.Event.Change.Ref), int.MaxValue);
        if (push.Deleted)
        {
            json.WriteNull("checkout_sha");
        }
        else
        {
            json.Text("checkout_sha", push.After);
        }

        json.WriteNull("message");
        json.WriteNumber("user_id", 0);
        json.WriteString("user_name", PushFacts.UnknownText);
        json.WriteString("user_username", PushFacts.UnknownLogin);
        json.WriteString("user_email", "");
        json.WriteNull("user_avatar");
        json.WriteNumber("project_id", push.Repository.Id);
        WriteProject(json, "project", push.Repository);
        json.WriteStartArray("commits");
        foreach (var commit in push.Commits)
        {
            WriteCommit(json, push, commit);
        }

        json.WriteEndArray();
        json.WriteNumber("total_commits_count", push.Count);
        json.WriteStartObject("push_options");
        json.WriteEndObject();
        WriteRepository(json, push.Repository);
    });

    public static void WriteProject(Utf8JsonWriter json, string property, RepositoryFacts repository)
    {
        json.WriteStartObject(property);
        json.WriteNumber("id", repository.Id);
        json.Text("name", repository.Name);
        json.WriteNull("description");
        json.WriteString("web_url", repository.HtmlUrl);
        json.WriteNull("avatar_url");
        json.WriteString("git_ssh_url", repository.SshUrl);
        json.WriteString("git_http_url", repository.CloneUrl);
        json.Text("namespace", repository.Owner);
        json.WriteNumber("visibility_level", Visibility(repository));
        json.Text("path_with_namespace", repository.FullName);
        json.Text("default_branch", repository.DefaultBranch);
        json.WriteNull("ci_config_path");
        json.WriteString("homepage", repository.HtmlUrl);
        json.WriteString("url", repository.SshUrl);
        json.WriteString("ssh_url", repository.SshUrl);
        json.WriteString("http_url", repository.CloneUrl);
        json.WriteEndObject();
    }

    private static void WriteCommit(Utf8JsonWriter json, PushFacts push, CommitInfo commit)
    {
        var message = push.MessageOf(commit);
        json.WriteStartObject();
        json.Text("id", commit.Id);
        json.WriteString("message", message);
        json.Text("title", Title(message), TitleLimit);
        json.WriteString("timestamp", push.TimeOf(commit));
        json.WriteString("url", push.UrlOf(commit));
        json.WriteStartObject("author");
        json.Person(commit.Author?.Name, commit.Author?.Email);
        json.WriteEndObject();
        push.WriteFiles(json, commit);
        json.WriteEndObject();
    }

    public static void WriteRepository(Utf8JsonWriter json, RepositoryFacts repository)
    {
        json.WriteStartObject("repository");
        json.Text("name", repository.Name);
        json.WriteString("url", repository.SshUrl);
        json.WriteNull("description");
        json.WriteString("homepage", repository.HtmlUrl);
        json.WriteString("git_http_url", repository.CloneUrl);
        json.WriteString("git_ssh_url", repository.SshUrl);
        json.WriteNumber("visibility_level", Visibility(repository));
        json.WriteEndObject();
    }

    private static int Visibility(RepositoryFacts repository) => repository.Private ? VisibilityPrivate : VisibilityPublic;

    public static string Title(string message) => message.AsSpan().IndexOfAny('\r', '\n') is var end and >= 0 ? message[..end] : message;
}
