using System.Text.Json;
using RepoSentry.Abstractions;
using RepoSentry.Storage;

namespace RepoSentry.Delivery.Payloads;

/// <summary>
/// Our own shape, which stays: new fields may come, none goes or changes. Other than in the forges' formats nothing stands in for what is not known: it is
/// null, or an empty list, and <c>unknown</c> names it.
/// </summary>
internal static class NativePayload
{
    /// <summary>As an event listener takes it: a CloudEvent in binary mode besides.</summary>
    public static TriggerMessage Render(ChangeEvent change) => Render(change, CloudEventsHeaders.For(change));

    public static TriggerMessage Render(ChangeEvent change, Dictionary<string, string> headers) => PayloadBudget.Fit(change, headers, Body);

    private static byte[] Body(PushFacts push) => PayloadJson.Write(json =>
    {
        var change = push.Event;
        json.WriteString("type", change.Change.Type.Name());
        json.WriteString("timestamp", PayloadJson.Time(change.DetectedAt.ToUniversalTime()));
        json.WriteStartObject("data");
        json.WriteString("id", change.Id);
        json.WriteString("type", change.Change.Type.Name());
        WriteRepository(json, push.Repository);
        json.Text("ref", RefName.ToText(change.Change.Ref), int.MaxValue);
        json.WriteString("kind", change.Change.Kind.Name());
        json.Text("branch_name", push.BranchName, int.MaxValue);
        TextOrNull(json, "before", change.Change.Before);
        TextOrNull(json, "after", change.Change.After);
        if (change.PullRequest is not null)
        {
            WritePullRequest(json, new PullRequestFacts(push));
        }

        WriteCommits(json, push);
        WriteNumber(json, "commit_count", change.CommitCount);
        WriteFlag(json, "forced", change.Forced);
        TextOrNull(json, "compare_url", change.CompareUrl);
        json.WriteString("detected_at", PayloadJson.Time(change.DetectedAt.ToUniversalTime()));
        WriteNumber(json, "detection_delay_seconds", change.DetectionDelay?.TotalSeconds);
        json.Texts("unknown", push.Unknown);
        json.WriteBoolean("truncated", push.Truncated);
        json.WriteEndObject();
    });

    private static void WriteRepository(Utf8JsonWriter json, RepositoryFacts repository)
    {
        json.WriteStartObject("repository");
        json.Text("name", repository.Info.Name);
        json.WriteString("url", repository.ConfiguredUrl);
        json.Text("provider", repository.Info.Provider);
        json.Text("full_name", repository.FullName);
        TextOrNull(json, "default_branch", repository.Info.DefaultBranch);
        TextOrNull(json, "forge_id", repository.Info.ForgeId);
        WriteFlag(json, "private", repository.Info.Private);
        json.WriteEndObject();
    }

    private static void WritePullRequest(Utf8JsonWriter json, PullRequestFacts facts)
    {
        var told = facts.Told;
        json.WriteStartObject("pull_request");
        json.WriteNumber("number", told.Number);
        json.WriteString("state", facts.Step switch { PullRequestStep.Merged => "merged", PullRequestStep.Closed => "closed", _ => "open" });
        json.WriteBoolean("reopened", told.Reopened);
        TextOrNull(json, "title", told.Title);
        TextOrNull(json, "url", told.Url);
        WriteFlag(json, "draft", told.Draft);
        WritePerson(json, "author", told.Author);
        json.WriteBoolean("fork", told.Fork);
        json.Text("head_branch", told.HeadBranch);
        json.Text("head_sha", told.HeadSha);
        TextOrNull(json, "head_repository", told.HeadRepository);
        TextOrNull(json, "head_clone_url", told.HeadCloneUrl);
        json.Text("base_branch", told.BaseBranch);
        TextOrNull(json, "base_sha", told.BaseSha);
        TextOrNull(json, "merge_sha", told.MergeSha);
        if (told.Labels is not null)
        {
            json.Texts("labels", facts.Labels);
        }
        else
        {
            json.WriteNull("labels");
        }

        json.WriteEndObject();
    }

    // Oldest first, the newest kept where there are many.
    private static void WriteCommits(Utf8JsonWriter json, PushFacts push)
    {
        json.WriteStartArray("commits");
        foreach (var commit in push.KnownCommits)
        {
            json.WriteStartObject();
            json.Text("id", commit.Id);
            json.WritePropertyName("message");
            if (commit.Message is null)
            {
                json.WriteNullValue();
            }
            else
            {
                json.WriteStringValue(push.Shorten(commit.Message));
            }

            TextOrNull(json, "timestamp", commit.Timestamp is { } time ? PayloadJson.Time(time) : null);
            TextOrNull(json, "url", commit.Url);
            WritePerson(json, "author", commit.Author);
            WritePerson(json, "committer", commit.Committer);
            WriteFiles(json, push, "added", commit.Added);
            WriteFiles(json, push, "removed", commit.Removed);
            WriteFiles(json, push, "modified", commit.Modified);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteFiles(Utf8JsonWriter json, PushFacts push, string property, IReadOnlyList<string>? files)
    {
        if (files is null)
        {
            json.WriteNull(property);
        }
        else
        {
            json.Texts(property, push.Shorten(files));
        }
    }

    private static void WritePerson(Utf8JsonWriter json, string property, PersonInfo? person)
    {
        if (person is null)
        {
            json.WriteNull(property);
            return;
        }

        json.WriteStartObject(property);
        TextOrNull(json, "name", person.Name);
        TextOrNull(json, "email", person.Email);
        TextOrNull(json, "username", person.Username);
        json.WriteEndObject();
    }

    private static void TextOrNull(Utf8JsonWriter json, string property, string? value)
    {
        if (value is null)
        {
            json.WriteNull(property);
        }
        else
        {
            json.Text(property, value);
        }
    }

    private static void WriteFlag(Utf8JsonWriter json, string property, bool? value)
    {
        if (value is { } known)
        {
            json.WriteBoolean(property, known);
        }
        else
        {
            json.WriteNull(property);
        }
    }

    private static void WriteNumber(Utf8JsonWriter json, string property, double? value)
    {
        if (value is { } known)
        {
            json.WriteNumber(property, known);
        }
        else
        {
            json.WriteNull(property);
        }
    }
}
