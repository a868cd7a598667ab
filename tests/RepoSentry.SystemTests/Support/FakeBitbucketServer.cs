using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace RepoSentry.SystemTests.Support;

/// <summary>
/// Bitbucket Data Center's REST interface as far as it is asked, after its published reference (developer.atlassian.com/server/bitbucket/rest): projects with
/// keys, pages that tell where the next one starts and are as large as the instance likes, a bucket of requests that is told in headers.
/// </summary>
internal sealed class FakeBitbucketServer(string relativeRoot = "") : FakeForge
{
    public static async Task<FakeBitbucketServer> StartNewAsync(string relativeRoot = "")
    {
        var forge = new FakeBitbucketServer(relativeRoot) { HasETags = false, Limit = 60, Remaining = 60 };
        await forge.StartAsync();
        return forge;
    }

    /// <summary>What one page holds at most, whatever is asked for.</summary>
    public int MostOnPage { get; set; } = 100;

    /// <summary>Whether the administrator has switched the limit on.</summary>
    public bool HasLimit { get; set; }

    protected override string ApiPath => relativeRoot + "/rest/api/1.0";

    protected override bool IsAuthorized(IHeaderDictionary headers) => headers.Authorization == "Bearer " + Token;

    protected override void Judge(HttpRequest request)
    {
        if (request.Headers.UserAgent.Count == 0)
        {
            Problems.Enqueue("a request that does not tell who asks");
        }
    }

    protected override async Task<bool> PassLimitAsync(HttpContext context, bool isFree)
    {
        if (!HasLimit)
        {
            return true;
        }

        var spent = Remaining == 0;
        Remaining -= spent ? 0 : 1;
        var headers = context.Response.Headers;
        headers["X-RateLimit-Limit"] = Limit.ToString(CultureInfo.InvariantCulture);
        headers["X-RateLimit-Remaining"] = Remaining.ToString(CultureInfo.InvariantCulture);
        headers["X-RateLimit-Interval-Seconds"] = "5";
        headers["X-RateLimit-FillRate"] = "5";
        if (spent)
        {
            headers.RetryAfter = "5";
            await RefuseAsync(context, 429, "You are rate limited");
        }

        return !spent;
    }

    protected override Task AnswerAsync(HttpContext context, string[] path, IQueryCollection query)
    {
        if (path is ["projects", var project, "repos"])
        {
            return Below(project) is { } listed
                ? PageAsync(context, [.. listed.Select(pair => new { id = pair.Repository.Id, slug = pair.Path.Split('/')[1], project = new { key = project }, archived = pair.Repository.IsArchived, origin = pair.Repository.IsFork ? new { id = 1 } : null })])
                : RefuseAsync(context, 404, "Project does not exist.");
        }

        if (path is not ["projects", var key, "repos", var slug, .. var rest])
        {
            return RefuseAsync(context, 404, "not found");
        }

        var name = $"{key}/{slug}";
        if (!Repositories.ContainsKey(name) && Renamed.TryGetValue(name, out var current))
        {
            context.Response.Headers.Location = $"{ApiPath}/projects/{current.Replace("/", "/repos/", StringComparison.Ordinal)}{(rest.Length > 0 ? "/" : "")}{string.Join('/', rest)}{context.Request.QueryString}";
            return RefuseAsync(context, 301, "moved");
        }

        if (!Repositories.TryGetValue(name, out var repository))
        {
            return RefuseAsync(context, 404, $"Repository {name} does not exist.");
        }

        switch (rest)
        {
            case []:
                Allow(context.Request);
                return WriteAsync(context, new
                {
                    id = repository.Id,
                    slug,
                    project = new { key },
                    @public = !repository.IsPrivate,
                    archived = repository.IsArchived,
                    links = new { self = new[] { new { href = $"https://bitbucket.example/projects/{key}/repos/{slug}" } } },
                });
            case ["branches"]:
                var head = repository.HeadBranch();
                return PageAsync(context, [.. repository.Branches().Select(item => new { id = "refs/heads/" + item.Name, displayId = item.Name, type = "BRANCH", latestCommit = item.Commit, isDefault = item.Name == head })]);
            case ["tags"]:
                return PageAsync(context, [.. repository.Tags().Select(item => new { id = "refs/tags/" + item.Name, displayId = item.Name, type = "TAG", latestCommit = item.Commit, hash = item.TagObject })]);
            case ["pull-requests"]:
                return PageAsync(context, [.. repository.OpenPullRequests.Select(one => Pull(key, slug, repository, one))]);
            case ["pull-requests", var number] when repository.PullRequests.TryGetValue(int.Parse(number, CultureInfo.InvariantCulture), out var one):
                Allow(context.Request);
                return WriteAsync(context, Pull(key, slug, repository, one));
            case ["commits"]:
                return CommitsAsync(context, repository, query);
            case ["commits", var sha] when repository.Commits.TryGetValue(sha, out var commit):
                Allow(context.Request);
                return WriteAsync(context, Commit(commit));
            case ["commits", var sha, "changes"] when repository.Commits.TryGetValue(sha, out var commit):
                return PageAsync(context, [.. Changes(commit)]);
            case ["changes"] when repository.Commits.ContainsKey(query["since"].ToString()) && repository.Commits.ContainsKey(query["until"].ToString()):
                return PageAsync(context, [.. Changes(repository.Difference(query["since"].ToString(), query["until"].ToString()))]);
            default:
                return RefuseAsync(context, 404, "not found");
        }
    }

    private static object Pull(string key, string slug, FakeRepository repository, FakePullRequest one) => new
    {
        id = one.Number,
        version = 1,
        title = one.Title,
        description = "",
        state = one.State switch { "open" => "OPEN", "merged" => "MERGED", _ => "DECLINED" },
        open = one.IsOpen,
        closed = !one.IsOpen,
        createdDate = 1_795_160_000_000,
        updatedDate = 1_795_160_000_000,
        closedDate = one.IsOpen ? (long?)null : 1_795_510_800_000,
        fromRef = new
        {
            id = "refs/heads/" + one.Branch,
            displayId = one.Branch,
            latestCommit = one.Commit,
            repository = new { id = one.IsFork ? 999 : repository.Id, slug, project = new { key = one.IsFork ? "~grace" : key }, links = new { clone = new[] { new { name = "http", href = $"https://bitbucket.example/scm/{(one.IsFork ? "~grace" : key)}/{slug}.git" } } } },
        },
        toRef = new { id = "refs/heads/" + one.Into, displayId = one.Into, latestCommit = FakeRepository.Sha(500), repository = new { id = repository.Id, slug, project = new { key } } },
        author = new { user = new { name = "grace", displayName = "Grace", emailAddress = "grace@example.org" } },
        properties = new { mergeCommit = one.State == "merged" ? new { id = FakeRepository.Sha(501) } : null },
        links = new { self = new[] { new { href = $"https://bitbucket.example/projects/{key}/repos/{slug}/pull-requests/{one.Number}" } } },
    };

    private Task CommitsAsync(HttpContext context, FakeRepository repository, IQueryCollection query)
    {
        var until = query["until"].ToString() is { Length: > 0 } told ? told : repository.Branches().First(item => item.Name == repository.HeadBranch()).Commit;
        var since = query["since"].ToString();
        return repository.Commits.ContainsKey(until) && (since.Length == 0 || repository.Commits.ContainsKey(since))
            ? PageAsync(context, [.. repository.History(until).Except(repository.History(since)).Select(id => Commit(repository.Commits[id]))])
            : RefuseAsync(context, 404, "Commit does not exist in this repository.");
    }

    private Task PageAsync(HttpContext context, object[] all)
    {
        Allow(context.Request, "limit", "start", "orderBy", "since", "until", "state", "order");
        var size = Math.Min(MostOnPage, int.Parse(context.Request.Query["limit"].ToString(), CultureInfo.InvariantCulture));
        var start = int.TryParse(context.Request.Query["start"], out var asked) ? asked : 0;
        var isLast = start + size >= all.Length;
        return WriteAsync(context, new { size = Math.Min(size, all.Length - start), limit = size, start, isLastPage = isLast, nextPageStart = isLast ? (int?)null : start + size, values = all.Skip(start).Take(size).ToArray() });
    }

    private static object Commit(FakeCommit commit) => new
    {
        id = commit.Id,
        message = commit.Message,
        author = new { name = "Ada", emailAddress = "ada@example.org" },
        authorTimestamp = 1_795_521_600_000,
        committer = new { name = "ada", emailAddress = "ada@example.org", displayName = "Ada" },
        committerTimestamp = 1_795_521_600_000,
        parents = commit.Parents.Select(id => new { id, displayId = id[..11] }).ToArray(),
    };

    private static IEnumerable<object> Changes(FakeCommit commit) =>
    [
        .. commit.Added.Select(path => Change("ADD", path)),
        .. commit.Modified.Select(path => Change("MODIFY", path)),
        .. commit.Removed.Select(path => Change("DELETE", path)),
    ];

    private static Dictionary<string, object> Change(string type, string path) => new() { ["type"] = type, ["path"] = new Dictionary<string, string> { ["toString"] = path } };
}
