using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace RepoSentry.SystemTests.Support;

/// <summary>
/// Gitea's REST interface as far as it is asked, after its published description (templates/swagger/v1_json.tmpl) and its handlers: 50 a page at most, the
/// total in a header, no entity tags, links that begin with the address its administrator wrote down, redirects by name, no limit unless something in front has one.
/// </summary>
internal sealed class FakeGitea(string relativeRoot = "") : FakeForge
{
    public static async Task<FakeGitea> StartNewAsync(string relativeRoot = "")
    {
        var forge = new FakeGitea(relativeRoot) { HasETags = false };
        await forge.StartAsync();
        return forge;
    }

    /// <summary>What one page holds at most, whatever is asked for (MAX_RESPONSE_ITEMS).</summary>
    public int MostOnPage { get; set; } = 50;

    /// <summary>Proxies may strip what they do not know; then only links tell of further pages.</summary>
    public bool TellsTotal { get; set; } = true;

    /// <summary>Where links lead: another name of the instance than the one it is asked by.</summary>
    public string? LinkRoot { get; set; } = "https://gitea.example";

    protected override string ApiPath => relativeRoot + "/api/v1";

    protected override bool IsAuthorized(IHeaderDictionary headers) => headers.Authorization == "token " + Token;

    protected override void Judge(HttpRequest request)
    {
        if (request.Headers.UserAgent.Count == 0 || request.Headers.ContainsKey("If-None-Match"))
        {
            Problems.Enqueue("headers that Gitea does not expect");
        }
    }

    protected override async Task<bool> PassLimitAsync(HttpContext context, bool isFree)
    {
        if (Remaining == 0)
        {
            context.Response.Headers.RetryAfter = UntilReset.TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
            await RefuseAsync(context, 429, "Too many requests");
            return false;
        }

        return true;
    }

    protected override Task AnswerAsync(HttpContext context, string[] path, IQueryCollection query)
    {
        if (path is ["repositories", var id])
        {
            return Repositories.SingleOrDefault(pair => pair.Value.Id.ToString(CultureInfo.InvariantCulture) == id) is { Key: { } named } found
                ? WriteAsync(context, Describe(named, found.Value)) : RefuseAsync(context, 404, "not found");
        }

        if (path is ["orgs" or "users", var account, "repos"])
        {
            return Below(account) is { } listed && Users.Contains(account) == (path[0] == "users")
                ? PageAsync(context, [.. listed.Select(pair => new FakeRef(pair.Path, ""))], item => Describe(item.Name, Repositories[item.Name])) : RefuseAsync(context, 404, "not found");
        }

        if (path is not ["repos", var owner, var repo, .. var rest])
        {
            return RefuseAsync(context, 404, "not found");
        }

        var name = $"{owner}/{repo}";
        if (!Repositories.ContainsKey(name) && Renamed.TryGetValue(name, out var current))
        {
            context.Response.Headers.Location = $"{ApiPath}/repos/{current}{(rest.Length > 0 ? "/" : "")}{string.Join('/', rest)}{context.Request.QueryString}";
            return RefuseAsync(context, 307, "");
        }

        if (!Repositories.TryGetValue(name, out var repository))
        {
            return RefuseAsync(context, 404, "The target couldn't be found.");
        }

        switch (rest)
        {
            case []:
                Allow(context.Request);
                return WriteAsync(context, Describe(name, repository));
            case ["branches"]:
                return PageAsync(context, repository.Branches(), item => new { name = item.Name, commit = new { id = item.Commit, message = "m" }, @protected = false });
            case ["tags"]:
                return PageAsync(context, [.. repository.Tags().Reverse()], item => new { name = item.Name, id = item.TagObject ?? item.Commit, message = "", commit = new { sha = item.Commit, url = "" } });
            case ["pulls"]:
                return PageAsync(context, [.. repository.OpenPullRequests.Select(one => new FakeRef(one.Number.ToString(CultureInfo.InvariantCulture), one.Commit))], item => Pull(name, repository, repository.PullRequests[int.Parse(item.Name, CultureInfo.InvariantCulture)]));
            case ["pulls", var number] when repository.PullRequests.TryGetValue(int.Parse(number, CultureInfo.InvariantCulture), out var one):
                Allow(context.Request);
                return WriteAsync(context, Pull(name, repository, one));
            case ["commits"]:
                Allow(context.Request, "limit", "stat", "verification", "files");
                return repository.Branches().Count == 0 ? RefuseAsync(context, 409, "Git Repository is empty.")
                    : WriteAsync(context, repository.History(repository.Branches().First(item => item.Name == repository.HeadBranch()).Commit).Take(MostOnPage).Select(id => Commit(repository.Commits[id], false)).ToArray());
            case ["git", "commits", var sha] when repository.Commits.TryGetValue(sha, out var commit):
                Allow(context.Request, "stat", "verification");
                return WriteAsync(context, Commit(commit, true));
            case ["compare", var range] when range.Split("...") is [var from, var to] && repository.Commits.ContainsKey(from) && repository.Commits.ContainsKey(to):
                Allow(context.Request, "verification", "files");
                var added = repository.History(to).Except(repository.History(from)).Select(id => Commit(repository.Commits[id], query["files"] != "false")).ToArray();
                return WriteAsync(context, new { total_commits = added.Length, commits = added });
            default:
                return RefuseAsync(context, 404, "not found");
        }
    }

    private static object Describe(string name, FakeRepository repository) => new
    {
        id = repository.Id,
        full_name = name,
        html_url = $"https://gitea.example/{name}",
        @private = repository.IsPrivate,
        archived = repository.IsArchived,
        fork = repository.IsFork,
        topics = repository.Topics,
        empty = repository.Branches().Count == 0,
        default_branch = repository.HeadBranch(),
    };

    private static object Pull(string name, FakeRepository repository, FakePullRequest one) => new
    {
        id = 1_000_000 + one.Number,
        number = one.Number,
        state = one.IsOpen ? "open" : "closed",
        title = one.Title,
        body = "",
        html_url = $"https://gitea.example/{name}/pulls/{one.Number}",
        draft = false,
        merged = one.State == "merged",
        user = new { login = "grace", full_name = "Grace" },
        labels = new[] { new { name = "ci" } },
        head = new { label = one.Branch, @ref = one.Branch, sha = one.Commit, repo_id = one.IsFork ? 999 : repository.Id, repo = new { full_name = one.IsFork ? "grace/web" : name, clone_url = $"https://gitea.example/{(one.IsFork ? "grace/web" : name)}.git" } },
        @base = new { label = one.Into, @ref = one.Into, sha = FakeRepository.Sha(500), repo_id = repository.Id },
        created_at = FakePullRequest.Created,
        updated_at = FakePullRequest.Created,
        closed_at = one.IsOpen ? null : FakePullRequest.Closed,
        merged_at = one.State == "merged" ? FakePullRequest.Closed : null,
        merge_commit_sha = one.State == "merged" ? FakeRepository.Sha(501) : null,
    };

    private Task PageAsync(HttpContext context, IReadOnlyList<FakeRef> all, Func<FakeRef, object> tell)
    {
        Allow(context.Request, "limit", "page", "state", "sort");
        var size = Math.Min(MostOnPage, int.Parse(context.Request.Query["limit"].ToString(), CultureInfo.InvariantCulture));
        var page = int.TryParse(context.Request.Query["page"], out var asked) ? asked : 1;
        var last = (all.Count + size - 1) / size;
        if (page < last)
        {
            var start = $"{LinkRoot ?? Root.AbsoluteUri.TrimEnd('/')}{context.Request.Path}?{string.Join('&', context.Request.Query.Where(pair => pair.Key is not ("page" or "limit")).Select(pair => $"{pair.Key}={pair.Value}").Append($"limit={size}"))}&page=";
            context.Response.Headers.Link = $"<{start}{page + 1}>; rel=\"next\",<{start}{last}>; rel=\"last\"";
        }

        if (TellsTotal)
        {
            context.Response.Headers["X-Total-Count"] = all.Count.ToString(CultureInfo.InvariantCulture);
        }

        return WriteAsync(context, all.Skip((page - 1) * size).Take(size).Select(tell).ToArray());
    }

    private static Dictionary<string, object?> Commit(FakeCommit commit, bool withFiles)
    {
        var person = new { name = "Ada", email = "ada@example.org", date = "2026-11-24T13:00:00+01:00" };
        return new Dictionary<string, object?>
        {
            ["sha"] = commit.Id,
            ["html_url"] = "https://gitea.example/commit/" + commit.Id,
            ["commit"] = new { message = commit.Message, author = person, committer = person },
            ["author"] = new { login = "ada" },
            ["committer"] = null,
            ["parents"] = commit.Parents.Select(sha => new { sha, url = "", created = "0001-01-01T00:00:00Z" }).ToArray(),
            ["files"] = withFiles ? Files(commit).ToArray() : null,
        };
    }

    private static IEnumerable<object> Files(FakeCommit commit) =>
    [
        .. commit.Added.Select(path => new { filename = path, status = "added" }),
        .. commit.Modified.Select(path => new { filename = path, status = "modified" }),
        .. commit.Removed.Select(path => new { filename = path, status = "removed" }),
    ];
}
