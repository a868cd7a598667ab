using System.Text.Json;
using RepoSentry.Abstractions;

namespace RepoSentry.Delivery.Payloads;

/// <summary>GitHub's <c>push</c> webhook, for branches and tags alike, and what it has in common with <c>pull_request</c>. Valid by GitHub's published schema: what is ours to say stands in headers.</summary>
internal static class GitHubPayload
{
    public static TriggerMessage Render(ChangeEvent change) => change.PullRequest is null ? Render(change, "push", Body) : Render(change, "pull_request", GitHubPullRequestPayload.Body);

    /// <param name="name">GitHub's name of the event.</param>
    public static TriggerMessage Render(ChangeEvent change, string name, Func<PushFacts, byte[]> body)
    {
        var headers = CloudEventsHeaders.For(change);
        headers["X-GitHub-Event"] = name;
        headers["X-GitHub-Delivery"] = change.Id.ToString();
        if (change.Repository is { Provider: "github", Url: { IdnHost: not "github.com", Authority: var host } })
        {
            headers["X-GitHub-Enterprise-Host"] = HeaderText.Encode(host);
        }

        return PayloadBudget.Fit(change, headers, body);
    }

    private static byte[] Body(PushFacts push) => PayloadJson.Write(json =>
    {
        json.Text("ref", RefName.ToText(push.Event.Change.Ref), int.MaxValue);
        json.Text("before", push.Before);
        json.Text("after", push.After);
        json.WriteBoolean("created", push.Created);
        json.WriteBoolean("deleted", push.Deleted);
        json.WriteBoolean("forced", push.Forced);
        json.WriteNull("base_ref");
        json.Text("compare", push.CompareUrl());
        json.WriteStartArray("commits");

        // GitHub lists no commits for a new tag.
        foreach (var commit in push is { IsTag: true, Created: true } ? [] : push.Commits)
        {
            WriteCommit(json, push, commit);
        }

        json.WriteEndArray();
        json.WritePropertyName("head_commit");
        if (push.Head is { } head)
        {
            WriteCommit(json, push, head);
        }
        else
        {
            json.WriteNullValue();
        }

        GitHubRepository.Write(json, push);
        json.WriteStartObject("pusher");
        json.Person(null, null);
        json.WriteEndObject();
        GitHubRepository.WriteSender(json, push.Repository);
    });

    private static void WriteCommit(Utf8JsonWriter json, PushFacts push, CommitInfo commit)
    {
        json.WriteStartObject();
        json.Text("id", commit.Id);
        json.WriteString("tree_id", push.NoCommit);
        json.WriteBoolean("distinct", true);
        json.WriteString("message", push.MessageOf(commit));
        json.WriteString("timestamp", push.TimeOf(commit));
        json.WriteString("url", push.UrlOf(commit));
        WritePerson(json, "author", commit.Author);
        WritePerson(json, "committer", commit.Committer ?? commit.Author);
        push.WriteFiles(json, commit);
        json.WriteEndObject();
    }

    private static void WritePerson(Utf8JsonWriter json, string name, PersonInfo? person)
    {
        json.WriteStartObject(name);
        json.Person(person?.Name, person?.Email);
        json.Text("username", person?.Username is { Length: > 0 } username ? username : PushFacts.UnknownLogin);
        json.WriteEndObject();
    }
}
