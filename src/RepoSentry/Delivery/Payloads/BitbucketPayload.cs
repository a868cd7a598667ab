using System.Text.Json;
using RepoSentry.Abstractions;

namespace RepoSentry.Delivery.Payloads;

/// <summary>Bitbucket Cloud's <c>repo:push</c>, for branches and tags alike, and what it has in common with <c>pullrequest:*</c>.</summary>
internal static class BitbucketPayload
{
    public const string EventHeader = "X-Event-Key";

    /// <summary>Bitbucket lists no more, the newest first.</summary>
    private const int MaxCommits = 5;

    public static TriggerMessage Render(ChangeEvent change)
    {
        var headers = CloudEventsHeaders.For(change);
        headers[EventHeader] = change.PullRequest is null ? "repo:push" : BitbucketPullRequestPayload.EventOf(change);
        headers["X-Request-UUID"] = change.Id.ToString();
        return PayloadBudget.Fit(change, headers, change.PullRequest is null ? Body : BitbucketPullRequestPayload.Body);
    }

    private static byte[] Body(PushFacts push) => PayloadJson.Write(json =>
    {
        json.WriteStartObject("push");
        json.WriteStartArray("changes");
        json.WriteStartObject();
        WriteTip(json, "old", push, push.Created ? null : new CommitInfo { Id = push.Before });
        WriteTip(json, "new", push, push.Head);
        json.WriteBoolean("created", push.Created);
        json.WriteBoolean("closed", push.Deleted);
        json.WriteBoolean("forced", push.Forced);
        json.WriteBoolean("truncated", push.Count > MaxCommits);
        WriteLink(json, push.CompareUrl());
        json.WriteStartArray("commits");
        foreach (var commit in push is { IsTag: true, Created: true } ? [] : push.Commits.Reverse().Take(MaxCommits))
        {
            json.WriteStartObject();
            WriteCommit(json, push, commit);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        WriteRepository(json, push.Repository);
        WriteAccount(json, "actor", null, null);
    });

    public static void WriteAccount(Utf8JsonWriter json, string property, string? name, string? nickname)
    {
        json.WriteStartObject(property);
        json.WriteString("type", "user");
        json.Text("display_name", name ?? PushFacts.UnknownText);
        json.Text("nickname", nickname ?? PushFacts.UnknownLogin);
        json.WriteEndObject();
    }

    private static void WriteTip(Utf8JsonWriter json, string property, PushFacts push, CommitInfo? commit)
    {
        if (commit is null)
        {
            json.WriteNull(property);
            return;
        }

        json.WriteStartObject(property);
        json.WriteString("type", push.IsTag ? "tag" : "branch");
        json.Text("name", GitRef.Shorten(RefName.ToText(push.Event.Change.Ref)), int.MaxValue);
        json.WriteStartObject("target");
        WriteCommit(json, push, commit);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteCommit(Utf8JsonWriter json, PushFacts push, CommitInfo commit)
    {
        json.WriteString("type", "commit");
        json.Text("hash", commit.Id);
        json.WriteString("message", push.MessageOf(commit));
        json.WriteString("date", push.TimeOf(commit));
        json.WriteStartObject("author");
        json.WriteString("type", "author");
        json.Text("raw", commit.Author is { } author ? $"{author.Name} <{author.Email}>" : PushFacts.UnknownText);
        json.WriteEndObject();
        json.WriteStartArray("parents");
        json.WriteEndArray();
        WriteLink(json, push.UrlOf(commit));
    }

    public static void WriteRepository(Utf8JsonWriter json, RepositoryFacts repository)
    {
        json.WriteStartObject("repository");
        json.WriteString("type", "repository");
        json.Text("name", repository.Name);
        json.Text("full_name", repository.FullName);
        json.Text("uuid", repository.Info.ForgeId ?? "");
        json.WriteString("scm", "git");
        json.WriteBoolean("is_private", repository.Private);
        json.WriteStartObject("workspace");
        json.WriteString("type", "workspace");
        json.Text("slug", repository.Owner);
        json.WriteEndObject();
        WriteLink(json, repository.HtmlUrl);
        json.WriteEndObject();
    }

    public static void WriteLink(Utf8JsonWriter json, string page)
    {
        json.WriteStartObject("links");
        json.WriteStartObject("html");
        json.WriteString("href", page);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
