using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace RepoSentry.SystemTests.Support;

/// <summary>GitLab's REST interface as far as it is asked, with its rules: keyset paging, entity tags that are not free, subgroups in the path, limits a minute.</summary>
internal sealed class FakeGitLab(string relativeRoot = "") : FakeForge
{
    public static async Task<FakeGitLab> StartNewAsync(string relativeRoot = "")
    {
        var forge = new FakeGitLab(relativeRoot) { Limit = 2000, Remaining = 2000, UntilReset = TimeSpan.FromSeconds(40) };
        await forge.StartAsync();
        return forge;
    }

    /// <summary>Old instances know page numbers only.</summary>
    public bool HasKeysets { get; set; } = true;

    protected override string ApiPath => relativeRoot + "/api/v4";

    protected override bool IsAuthorized(IHeaderDictionary headers) => headers["PRIVATE-TOKEN"] == Token;

    protected override void Judge(HttpRequest request)
    {
        if (request.Headers.ContainsKey("Authorization") || request.Headers.UserAgent.Count == 0)
        {
            Problems.Enqueue("headers that GitLab does not expect");
        }
    }

    protected override async Task<bool> PassLimitAsync(HttpContext context, bool isFree)
    {
        var spent = Remaining == 0;
        Remaining -= spent ? 0 : 1;
        var headers = context.Response.Headers;
        headers["RateLimit-Limit"] = Limit.ToString(CultureInfo.InvariantCulture);
        headers["RateLimit-Remaining"] = Remaining.ToString(CultureInfo.InvariantCulture);
        headers["RateLimit-Reset"] = (Clock() + UntilReset).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        headers["RateLimit-Name"] = "throttle_authenticated_api";
        if (spent)
        {
            headers.RetryAfter = UntilReset.TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
            await RefuseAsync(context, 429, "Retry later");
        }

        return !spent;
    }

    protected override Task AnswerAsync(HttpContext context, string[] path, IQueryCollection query)
    {
        if (path is ["groups" or "users", var owner, "projects"])
        {
            Allow(context.Request, "per_page", "page", "include_subgroups", "with_shared", "order_by", "sort");
            return Below(owner) is { } listed && Users.Contains(owner) == (path[0] == "users")
                ? PageAsync(context, [.. listed.Select(pair => new FakeRef(pair.Path, ""))], item => Listed(item.Name, Repositories[item.Name])) : RefuseAsync(context, 404, "404 Not Found");
        }

        var (name, rest) = (path[1], path[2..]);
        if (!Repositories.ContainsKey(name) && Renamed.TryGetValue(name, out var current))
        {
            context.Response.Headers.Location = $"{Root.AbsoluteUri.TrimEnd('/')}{ApiPath}/projects/{Repositories[current].Id}{(rest.Length > 0 ? "/" : "")}{string.Join('/', rest)}{context.Request.QueryString}";
            return RefuseAsync(context, 301, "This resource has been moved permanently");
        }

        var repository = Repositories.GetValueOrDefault(name) ?? Repositories.Values.SingleOrDefault(item => item.Id.ToString(CultureInfo.InvariantCulture) == name);
        if (repository is null)
        {
            return RefuseAsync(context, 404, "404 Project Not Found");
        }

        switch (rest)
        {
            case []:
                Allow(context.Request);
                return WriteAsync(context, new
                {
                    id = repository.Id,
                    path_with_namespace = Repositories.Single(pair => pair.Value == repository).Key,
                    web_url = $"https://gitlab.example/{Repositories.Single(pair => pair.Value == repository).Key}",
                    archived = repository.IsArchived,
                    visibility = repository.IsPrivate ? "private" : "public",
                    default_branch = repository.HeadBranch(),
                    empty_repo = repository.Branches().Count == 0,
                });
            case ["repository", "branches"]:
                Allow(context.Request, "per_page", "page", "pagination", "page_token");
                return PageAsync(context, repository.Branches(), item => new { name = item.Name, commit = new { id = item.Commit }, @default = false });
            case ["repository", "tags"]:
                Allow(context.Request, "per_page", "page", "pagination", "page_token", "order_by", "sort");
                return PageAsync(context, repository.Tags(), item => new { name = item.Name, target = item.TagObject ?? item.Commit, commit = new { id = item.Commit } });
            case ["merge_requests"]:
                Allow(context.Request, "per_page", "page", "state", "order_by", "sort");
                return PageAsync(context, [.. repository.OpenPullRequests.Select(one => new FakeRef(one.Number.ToString(CultureInfo.InvariantCulture), one.Commit))], item => Merge(repository, repository.PullRequests[int.Parse(item.Name, CultureInfo.InvariantCulture)]));
            case ["merge_requests", var number] when repository.PullRequests.TryGetValue(int.Parse(number, CultureInfo.InvariantCulture), out var one):
                Allow(context.Request);
                return WriteAsync(context, Merge(repository, one));
            case ["repository", "commits"]:
                Allow(context.Request, "per_page", "first_parent");
                return WriteAsync(context, repository.History(repository.Branches().First(item => item.Name == repository.HeadBranch()).Commit).Select(id => Commit(repository.Commits[id])).Take(100).ToArray());
            case ["repository", "commits", var sha] when repository.Commits.TryGetValue(sha, out var commit):
                return WriteAsync(context, Commit(commit));
            case ["repository", "commits", var sha, "diff"] when repository.Commits.TryGetValue(sha, out var commit):
                Allow(context.Request, "per_page", "page");
                return WriteAsync(context, Diffs(commit).ToArray());
            case ["repository", "compare"] when repository.Commits.ContainsKey(query["from"].ToString()) && repository.Commits.ContainsKey(query["to"].ToString()):
                Allow(context.Request, "from", "to", "straight");
                var added = repository.History(query["to"].ToString()).Except(repository.History(query["from"].ToString())).Reverse().Select(id => repository.Commits[id]).ToArray();
                return WriteAsync(context, new { commits = added.Select(Commit).ToArray(), diffs = Diffs(repository.DifferenceSinceFork(query["from"].ToString(), query["to"].ToString())).Take(1000).ToArray(), compare_timeout = false });
            case ["repository", "merge_base"] when query["refs[]"] is [{ } one, { } other]:
                Allow(context.Request, "refs[]");
                var shared = repository.History(one).FirstOrDefault(repository.History(other).Contains);
                return shared is null ? RefuseAsync(context, 404, "404 Merge Base Not Found") : WriteAsync(context, new { id = shared });
            default:
                return RefuseAsync(context, 404, "404 Not Found");
        }
    }

    private static object Merge(FakeRepository repository, FakePullRequest one) => new
    {
        id = 1_000_000 + one.Number,
        iid = one.Number,
        state = one.IsOpen ? "opened" : one.State,
        title = one.Title,
        description = "",
        web_url = $"https://gitlab.example/{repository.Name}/-/merge_requests/{one.Number}",
        draft = false,
        author = new { name = "Grace", username = "grace" },
        source_branch = one.Branch,
        target_branch = one.Into,
        sha = one.Commit,
        source_project_id = one.IsFork ? 999 : repository.Id,
        target_project_id = repository.Id,
        labels = new[] { "ci" },
        created_at = FakePullRequest.Created,
        updated_at = FakePullRequest.Created,
        closed_at = one.State == "closed" ? FakePullRequest.Closed : null,
        merged_at = one.State == "merged" ? FakePullRequest.Closed : null,
        merge_commit_sha = one.State == "merged" ? FakeRepository.Sha(501) : null,
    };

    private Task PageAsync(HttpContext context, IReadOnlyList<FakeRef> all, Func<FakeRef, object> tell)
    {
        var query = context.Request.Query;
        var size = int.Parse(query["per_page"].ToString(), CultureInfo.InvariantCulture);
        var isKeyset = HasKeysets && query["pagination"] == "keyset";
        var page = int.TryParse(query["page"], out var asked) ? asked : 1;
        var from = isKeyset && query["page_token"].ToString() is { Length: > 0 } token
            ? all.Where(item => string.CompareOrdinal(item.Name, token) > 0)
            : all.Skip(isKeyset ? 0 : (page - 1) * size);
        var taken = from.Take(size).ToList();
        var next = isKeyset
            ? taken.Count == size ? "page_token=" + Uri.EscapeDataString(taken[^1].Name) : null
            : page * size < all.Count ? $"page={page + 1}" : null;
        if (next is not null)
        {
            var others = query.Where(pair => pair.Key is not ("page" or "page_token")).Select(pair => $"{pair.Key}={pair.Value}");
            context.Response.Headers.Link = $"<{Root.AbsoluteUri.TrimEnd('/')}{context.Request.Path}?{string.Join('&', [.. others, next])}>; rel=\"next\"";
        }

        return WriteAsync(context, taken.Select(tell).ToArray());
    }

    private static object Listed(string path, FakeRepository repository) => new
    {
        id = repository.Id,
        path_with_namespace = path,
        http_url_to_repo = "https://evil.example/" + path,
        archived = repository.IsArchived,
        topics = repository.Topics,
        forked_from_project = repository.IsFork ? new { id = 1 } : null,
        marked_for_deletion_on = path.Contains("-deletion_scheduled-", StringComparison.Ordinal) ? "2026-12-24" : null,
    };

    private static object Commit(FakeCommit commit) => new
    {
        id = commit.Id,
        message = commit.Message,
        parent_ids = commit.Parents,
        author_name = "Ada",
        author_email = "ada@example.org",
        committer_name = "Ada",
        committer_email = "ada@example.org",
        committed_date = "2026-11-24T13:00:00.000+01:00",
        web_url = "https://gitlab.example/-/commit/" + commit.Id,
    };

    private static IEnumerable<object> Diffs(FakeCommit commit) =>
    [
        .. commit.Added.Select(path => new { old_path = path, new_path = path, new_file = true, renamed_file = false, deleted_file = false }),
        .. commit.Modified.Select(path => new { old_path = path, new_path = path, new_file = false, renamed_file = false, deleted_file = false }),
        .. commit.Removed.Select(path => new { old_path = path, new_path = path, new_file = false, renamed_file = false, deleted_file = true }),
    ];
}
