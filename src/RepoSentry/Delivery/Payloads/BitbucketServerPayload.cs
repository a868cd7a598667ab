using System.Globalization;
using System.Text.Json;
using RepoSentry.Abstractions;
using RepoSentry.Providers.Bitbucket;

namespace RepoSentry.Delivery.Payloads;

/// <summary>Bitbucket Data Center's <c>repo:refs_changed</c>, for branches and tags alike, and what it has in common with <c>pr:*</c>.</summary>
internal static class BitbucketServerPayload
{
    private const int ShortId = 11;

    public static TriggerMessage Render(ChangeEvent change)
    {
        var headers = CloudEventsHeaders.For(change);
        headers[BitbucketPayload.EventHeader] = change.PullRequest is null ? "repo:refs_changed" : BitbucketServerPullRequestPayload.EventOf(change);
        headers["X-Request-Id"] = change.Id.ToString();
        return PayloadBudget.Fit(change, headers, change.PullRequest is null ? Body : BitbucketServerPullRequestPayload.Body);
    }

    private static byte[] Body(PushFacts push) => PayloadJson.Write(json =>
    {
        WriteHead(json, push, "repo:refs_changed", null);
        WriteRepository(json, push.Repository);
        WriteChange(json, push);
        json.WriteStartArray("commits");
        foreach (var commit in push is { IsTag: true, Created: true } ? [] : push.Commits.Reverse())
        {
            WriteCommit(json, push, commit);
        }

        json.WriteEndArray();
        if (push.Head is { } head)
        {
            json.WritePropertyName("toCommit");
            WriteCommit(json, push, head);
        }
    });

    /// <summary>What every event begins with.</summary>
    /// <param name="actor">Who did it; null where that is not known.</param>
    public static void WriteHead(Utf8JsonWriter json, PushFacts push, string eventKey, PersonInfo? actor)
    {
        json.WriteString("eventKey", eventKey);
        json.WriteString("date", push.Event.DetectedAt.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'+0000'", CultureInfo.InvariantCulture));
        WriteUser(json, "actor", actor);
    }

    public static void WriteUser(Utf8JsonWriter json, string property, PersonInfo? person)
    {
        var login = person?.Username is { Length: > 0 } known ? known : PushFacts.UnknownLogin;
        json.WriteStartObject(property);
        json.Text("name", login);
        json.Text("emailAddress", person?.Email ?? "");
        json.WriteNumber("id", 0);
        json.Text("displayName", person?.Name is { Length: > 0 } name ? name : PushFacts.UnknownText);
        json.WriteBoolean("active", true);
        json.Text("slug", login);
        json.WriteString("type", "NORMAL");
        json.WriteEndObject();
    }

    private static void WriteChange(Utf8JsonWriter json, PushFacts push)
    {
        var name = RefName.ToText(push.Event.Change.Ref);
        json.WriteStartArray("changes");
        json.WriteStartObject();
        json.WriteStartObject("ref");
        json.Text("id", name, int.MaxValue);
        json.Text("displayId", GitRef.Shorten(name), int.MaxValue);
        json.WriteString("type", push.IsTag ? "TAG" : "BRANCH");
        json.WriteEndObject();
        json.Text("refId", name, int.MaxValue);
        json.Text("fromHash", push.Before);
        json.Text("toHash", push.After);
        json.WriteString("type", push.Created ? "ADD" : push.Deleted ? "DELETE" : "UPDATE");
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void WriteCommit(Utf8JsonWriter json, PushFacts push, CommitInfo commit)
    {
        var time = (commit.Timestamp ?? push.Event.DetectedAt).ToUnixTimeMilliseconds();
        json.WriteStartObject();
        json.Text("id", commit.Id);
        json.Text("displayId", commit.Id[..Math.Min(ShortId, commit.Id.Length)]);
        json.WriteString("message", push.MessageOf(commit));
        WritePerson(json, "author", commit.Author);
        json.WriteNumber("authorTimestamp", time);
        WritePerson(json, "committer", commit.Committer ?? commit.Author);
        json.WriteNumber("committerTimestamp", time);
        json.WriteStartArray("parents");
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WritePerson(Utf8JsonWriter json, string property, PersonInfo? person)
    {
        json.WriteStartObject(property);
        json.Text("name", person?.Name is { Length: > 0 } name ? name : PushFacts.UnknownText);
        json.Text("emailAddress", person?.Email ?? "");
        json.WriteEndObject();
    }

    public static void WriteRepository(Utf8JsonWriter json, RepositoryFacts repository)
    {
        var (key, slug) = BitbucketPath.Of(repository.Info.Url) is { } path ? (path.Key, path.Slug) : (repository.Owner, repository.Name);
        json.WriteStartObject("repository");
        json.Text("slug", slug);
        json.WriteNumber("id", repository.Id);
        json.Text("name", slug);
        json.WriteString("hierarchyId", "");
        json.WriteString("scmId", "git");
        json.WriteString("state", "AVAILABLE");
        json.WriteString("statusMessage", "Available");
        json.WriteBoolean("forkable", true);
        json.WriteStartObject("project");
        json.Text("key", key);
        json.Text("name", key);
        json.WriteBoolean("public", !repository.Private);
        json.WriteString("type", key.StartsWith('~') ? "PERSONAL" : "NORMAL");
        json.WriteEndObject();
        json.WriteBoolean("public", !repository.Private);
        WriteLinks(json, repository);
        json.WriteEndObject();
    }

    // The web address first, as bindings take the first.
    private static void WriteLinks(Utf8JsonWriter json, RepositoryFacts repository)
    {
        json.WriteStartObject("links");
        json.WriteStartArray("clone");
        foreach (var (name, address) in (ReadOnlySpan<(string, string)>)[("http", repository.CloneUrl), ("ssh", repository.SshUrl)])
        {
            json.WriteStartObject();
            json.WriteString("href", address);
            json.WriteString("name", name);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("self");
        json.WriteStartObject();
        json.WriteString("href", repository.HtmlUrl + "/browse");
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
