using System.Text.Json;
using RepoSentry.Abstractions;

namespace RepoSentry.Delivery.Payloads;

/// <summary>Bitbucket Cloud's <c>pullrequest:*</c>. There a request that was declined is not opened again.</summary>
internal static class BitbucketPullRequestPayload
{
    public static string EventOf(ChangeEvent change) => (change.Change.Type, change.PullRequest!.State) switch
    {
        (EventType.PullRequestOpened, _) => "pullrequest:created",
        (EventType.PullRequestUpdated, _) => "pullrequest:updated",
        (_, PullRequestState.Merged) => "pullrequest:fulfilled",
        _ => "pullrequest:rejected",
    };

    public static byte[] Body(PushFacts push) => PayloadJson.Write(json =>
    {
        var facts = new PullRequestFacts(push);
        var told = facts.Told;
        json.WriteStartObject("pullrequest");
        json.WriteString("type", "pullrequest");
        json.WriteNumber("id", told.Number);
        json.WriteString("title", facts.Title);
        json.WriteString("description", facts.Body);
        json.WriteString("state", facts.Step switch { PullRequestStep.Merged => "MERGED", PullRequestStep.Closed => "DECLINED", _ => "OPEN" });
        json.WriteBoolean("draft", told.Draft ?? false);
        BitbucketPayload.WriteAccount(json, "author", told.Author?.Name, told.Author?.Username);
        WriteEnd(json, "source", facts.Head, told.HeadBranch, told.HeadSha);
        WriteEnd(json, "destination", push.Repository, told.BaseBranch, facts.BaseSha);
        if (told.MergeSha is { } merge)
        {
            json.WriteStartObject("merge_commit");
            json.Text("hash", merge);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("merge_commit");
        }

        json.WriteString("created_on", PayloadJson.Time(facts.CreatedAt));
        json.WriteString("updated_on", PayloadJson.Time(facts.UpdatedAt));
        json.WriteBoolean("close_source_branch", false);
        json.WriteString("reason", "");
        json.WriteNumber("comment_count", 0);
        json.WriteNumber("task_count", 0);
        BitbucketPayload.WriteLink(json, facts.Url);
        json.WriteEndObject();
        BitbucketPayload.WriteRepository(json, push.Repository);
        BitbucketPayload.WriteAccount(json, "actor", facts.Step == PullRequestStep.Opened ? told.Author?.Name : null, facts.Sender);
    });

    private static void WriteEnd(Utf8JsonWriter json, string property, RepositoryFacts? repository, string branch, string commit)
    {
        json.WriteStartObject(property);
        json.WriteStartObject("branch");
        json.Text("name", branch);
        json.WriteEndObject();
        json.WriteStartObject("commit");
        json.WriteString("type", "commit");
        json.Text("hash", commit);
        json.WriteEndObject();
        if (repository is null)
        {
            json.WriteNull("repository");
        }
        else
        {
            BitbucketPayload.WriteRepository(json, repository);
        }

        json.WriteEndObject();
    }
}
