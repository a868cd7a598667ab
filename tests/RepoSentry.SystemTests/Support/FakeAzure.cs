using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace RepoSentry.SystemTests.Support;

/// <summary>
/// Azure DevOps' REST interface as far as it is asked, after its published description (MicrosoftDocs/vsts-rest-api-specs, git 7.1): one organization with
/// one project, lists with a token that asks for the rest, ids that are GUIDs, a page to sign in for whoever has no right token.
/// </summary>
internal sealed class FakeAzure : FakeForge
{
    public static async Task<FakeAzure> StartNewAsync()
    {
        var forge = new FakeAzure { HasETags = false };
        await forge.StartAsync();
        return forge;
    }

    /// <summary>What one answer holds at most.</summary>
    public int MostOnPage { get; set; } = 100;

    protected override string ApiPath => "/acme";

    protected override bool IsAuthorized(IHeaderDictionary headers) => headers.Authorization == "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(":" + Token));

    protected override void Judge(HttpRequest request)
    {
        if (request.Query["api-version"] != "7.1")
        {
            Problems.Enqueue("a request without a version");
        }
    }

    protected override Task<bool> PassLimitAsync(HttpContext context, bool isFree) => Task.FromResult(true);

    protected override Task AnswerAsync(HttpContext context, string[] path, IQueryCollection query)
    {
        if (path is ["shop", "_apis", "git", "repositories"] or ["_apis", "git", "repositories"])
        {
            Allow(context.Request, "api-version");
            var listed = Repositories.Values.OrderBy(one => one.Id).Select(one => new { id = Id(one), name = one.Name.Split('/')[1], isDisabled = one.IsArchived, isFork = one.IsFork, project = new { name = "shop" }, remoteUrl = "https://evil.example" }).ToArray();
            return WriteAsync(context, new { value = listed, count = listed.Length });
        }

        if (path is not ["shop", "_apis", "git", "repositories", var name, .. var rest])
        {
            return RefuseAsync(context, 404, "TF200016");
        }

        var (key, repository) = Repositories.FirstOrDefault(pair => pair.Key == "acme/" + name || Id(pair.Value) == name);
        if (repository is null)
        {
            return RefuseAsync(context, 404, "TF401019");
        }

        switch (rest)
        {
            case []:
                Allow(context.Request, "api-version");
                return WriteAsync(context, new
                {
                    id = Id(repository),
                    name = key[5..],
                    project = new { name = "shop", visibility = repository.IsPrivate ? "private" : "public" },
                    defaultBranch = repository.Branches().Count == 0 ? null : "refs/heads/" + repository.HeadBranch(),
                    webUrl = $"{Root}acme/shop/_git/{key[5..]}",
                    isDisabled = repository.IsArchived,
                });
            case ["refs"]:
                return RefsAsync(context, repository, query);
            case ["pullrequests"]:
                Allow(context.Request, "api-version", "searchCriteria.status", "$top", "$skip");
                var (top, skip) = (int.Parse(query["$top"].ToString(), CultureInfo.InvariantCulture), int.TryParse(query["$skip"], out var skipped) ? skipped : 0);
                return WriteAsync(context, new { value = repository.OpenPullRequests.Reverse().Skip(skip).Take(top).Select(one => Pull(key[5..], one)).ToArray() });
            case ["pullrequests", var number] when repository.PullRequests.TryGetValue(int.Parse(number, CultureInfo.InvariantCulture), out var one):
                Allow(context.Request, "api-version");
                return WriteAsync(context, Pull(key[5..], one));
            case ["diffs", "commits"] when repository.Commits.ContainsKey(query["baseVersion"].ToString()) && repository.Commits.ContainsKey(query["targetVersion"].ToString()):
                Allow(context.Request, "api-version", "baseVersion", "baseVersionType", "targetVersion", "targetVersionType", "$top", "diffCommonCommit");
                var (before, after) = (repository.History(query["baseVersion"].ToString()), repository.History(query["targetVersion"].ToString()));
                var most = int.Parse(query["$top"].ToString(), CultureInfo.InvariantCulture);
                var changes = Changes(repository.Difference(query["baseVersion"].ToString(), query["targetVersion"].ToString())).ToArray();
                return WriteAsync(context, new { aheadCount = after.Except(before).Count(), behindCount = before.Except(after).Count(), commonCommit = after.FirstOrDefault(before.Contains), allChangesIncluded = changes.Length <= most, changes = changes.Take(most).ToArray() });
            case ["commits"]:
                Allow(context.Request, "api-version", "searchCriteria.$top", "searchCriteria.itemVersion.version", "searchCriteria.itemVersion.versionType");
                var last = query["searchCriteria.itemVersion.version"].ToString() is { Length: > 0 } asked ? asked : repository.Branches().First(item => item.Name == repository.HeadBranch()).Commit;
                return WriteAsync(context, new { value = repository.History(last).Take(int.Parse(query["searchCriteria.$top"].ToString(), CultureInfo.InvariantCulture)).Select(id => Commit(repository.Commits[id])).ToArray() });
            case ["commits", var sha] when repository.Commits.TryGetValue(sha, out var commit):
                Allow(context.Request, "api-version", "changeCount");
                return WriteAsync(context, Commit(commit));
            default:
                return RefuseAsync(context, 404, "TF401175");
        }
    }

    private object Pull(string name, FakePullRequest one) => new
    {
        pullRequestId = one.Number,
        status = one.State switch { "open" => "active", "merged" => "completed", _ => "abandoned" },
        title = one.Title,
        description = "",
        isDraft = false,
        sourceRefName = "refs/heads/" + one.Branch,
        targetRefName = "refs/heads/" + one.Into,
        lastMergeSourceCommit = new { commitId = one.Commit },
        lastMergeTargetCommit = new { commitId = FakeRepository.Sha(500) },
        lastMergeCommit = new { commitId = FakeRepository.Sha(501) },
        createdBy = new { displayName = "Grace", uniqueName = "grace@example.org" },
        creationDate = FakePullRequest.Created,
        closedDate = one.IsOpen ? null : FakePullRequest.Closed,
        labels = new[] { new { name = "ci", active = true } },
        repository = new { webUrl = $"{Root}acme/shop/_git/{name}" },
        forkSource = one.IsFork ? new { repository = new { name = "web", project = new { name = "grace" }, webUrl = $"{Root}acme/grace/_git/web" } } : null,
    };

    private static string Id(FakeRepository repository) => $"00000000-0000-4000-8000-{repository.Id:x12}";

    private Task RefsAsync(HttpContext context, FakeRepository repository, IQueryCollection query)
    {
        Allow(context.Request, "api-version", "filter", "peelTags", "continuationToken");
        var all = query["filter"] == "tags/" ? repository.Tags().Select(item => ("refs/tags/" + item.Name, item)) : repository.Branches().Select(item => ("refs/heads/" + item.Name, item));
        var rest = all.SkipWhile(item => query["continuationToken"].ToString() is { Length: > 0 } token && item.Item1 != token).ToList();
        if (rest.Count > MostOnPage)
        {
            context.Response.Headers["x-ms-continuationtoken"] = rest[MostOnPage].Item1;
        }

        var taken = rest.Take(MostOnPage).Select(item => item.item.TagObject is { } tag
            ? (object)new { name = item.Item1, objectId = tag, peeledObjectId = item.item.Commit } : new { name = item.Item1, objectId = item.item.Commit }).ToArray();
        return WriteAsync(context, new { value = taken, count = taken.Length });
    }

    private static object Commit(FakeCommit commit)
    {
        var person = new { name = "Ada", email = "ada@example.org", date = "2026-11-24T12:00:00Z" };
        return new { commitId = commit.Id, comment = commit.Message, author = person, committer = person, remoteUrl = "https://dev.azure.com/acme/shop/_git/web/commit/" + commit.Id, changes = Changes(commit).ToArray(), parents = commit.Parents };
    }

    private static IEnumerable<object> Changes(FakeCommit commit) =>
    [
        new { item = new { path = "/src", isFolder = true, gitObjectType = "tree" }, changeType = "edit" },
        .. commit.Added.Select(path => Change(path, "add")),
        .. commit.Modified.Select(path => Change(path, "edit")),
        .. commit.Removed.Select(path => Change(path, "delete, sourceRename")),
    ];

    private static object Change(string path, string changeType) => new { item = new { path = "/" + path, gitObjectType = "blob" }, changeType };
}
