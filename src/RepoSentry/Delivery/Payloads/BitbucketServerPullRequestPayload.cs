using System.Text.Json;
using RepoSentry.Abstractions;

namespace RepoSentry.Delivery.Payloads;

/// <summary>Bitbucket Data Center's <c>pr:*</c>. It has no event for one that is opened again.</summary>
internal static class BitbucketServerPullRequestPayload
{
    public static string EventOf(ChangeEvent change) => (change.Change.Type, change.PullRequest!.State) switch
    {
        (EventType.PullRequestOpened, _) => "pr:opened",
        (EventType.PullRequestUpdated, _) => "pr:from_ref_updated",
        (_, PullRequestState.Merged) => "pr:merged",
        _ => "pr:declined",
    };

    public static byte[] Body(PushFacts push) => PayloadJson.Write(json =>
    {
        var facts = new PullRequestFacts(push);
        BitbucketServerPayload.WriteHead(json, push, EventOf(push.Event), facts.Step == PullRequestStep.Opened ? facts.Told.Author : null);
        WritePullRequest(json, push, facts);
        if (facts.Step == PullRequestStep.Updated)
        {
            json.Text("previousFromHash", push.Before);
        }
    });

    private static void WritePullRequest(Utf8JsonWriter json, PushFacts push, PullRequestFacts facts)
    {
        var told = facts.Told;
        json.WriteStartObject("pullRequest");
        json.WriteNumber("id", told.Number);
        json.WriteNumber("version", 0);
        json.WriteString("title", facts.Title);
        json.WriteString("description", facts.Body);
        json.WriteString("state", facts.Step switch { PullRequestStep.Merged => "MERGED", PullRequestStep.Closed => "DECLINED", _ => "OPEN" });
        json.WriteBoolean("open", !facts.IsClosed);
        json.WriteBoolean("closed", facts.IsClosed);
        json.WriteBoolean("draft", told.Draft ?? false);
        json.WriteNumber("createdDate", facts.CreatedAt.ToUnixTimeMilliseconds());
        json.WriteNumber("updatedDate", facts.UpdatedAt.ToUnixTimeMilliseconds());
        if (facts.ClosedAt is { } closed)
        {
            json.WriteNumber("closedDate", closed.ToUnixTimeMilliseconds());
        }

        WriteEnd(json, "fromRef", facts.Head, told.HeadBranch, told.HeadSha);
        WriteEnd(json, "toRef", push.Repository, told.BaseBranch, facts.BaseSha);
        json.WriteBoolean("locked", false);
        json.WriteStartObject("author");
        BitbucketServerPayload.WriteUser(json, "user", told.Author);
        json.WriteString("role", "AUTHOR");
        json.WriteBoolean("approved", false);
        json.WriteString("status", "UNAPPROVED");
        json.WriteEndObject();
        json.Texts("reviewers", []);
        json.Texts("participants", []);
        if (told.MergeSha is { } merge)
        {
            json.WriteStartObject("properties");
            json.WriteStartObject("mergeCommit");
            json.Text("id", merge);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteStartObject("links");
        json.WriteStartArray("self");
        json.WriteStartObject();
        json.WriteString("href", facts.Url);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteEnd(Utf8JsonWriter json, string property, RepositoryFacts? repository, string branch, string commit)
    {
        json.WriteStartObject(property);
        json.Text("id", GitRef.BranchPrefix + branch);
        json.Text("displayId", branch);
        json.Text("latestCommit", commit);
        json.WriteString("type", "BRANCH");
        if (repository is null)
        {
            json.WriteNull("repository");
        }
        else
        {
            BitbucketServerPayload.WriteRepository(json, repository);
        }

        json.WriteEndObject();
    }
}
