using RepoSentry.Abstractions;

namespace RepoSentry.Delivery.Payloads;

/// <summary>GitHub's <c>create</c> and <c>delete</c> webhooks, which it sends beside the push: for triggers that ask for them.</summary>
internal static class GitHubRefPayload
{
    public static TriggerMessage Render(ChangeEvent change) => GitHubPayload.Render(change, change.Change.After is null ? "delete" : "create", Body);

    private static byte[] Body(PushFacts push) => PayloadJson.Write(json =>
    {
        json.Text("ref", push.BranchName, int.MaxValue); // the short name, other than in a push
        json.WriteString("ref_type", push.IsTag ? "tag" : "branch");
        if (!push.Deleted)
        {
            json.Text("master_branch", push.Repository.DefaultBranch);
            json.WriteNull("description");
        }

        json.WriteString("pusher_type", "user");
        GitHubRepository.Write(json, "repository", push.Repository, push.Event.DetectedAt, GitHubRepository.ApiUrl(push.Repository), isFork: false);
        GitHubRepository.WriteOrganization(json, push.Repository);
        GitHubRepository.WriteAccount(json, "sender", push.Repository, PushFacts.UnknownLogin, 0, "User");
    });
}
