using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace RepoSentry.SystemTests.Support;

/// <summary>GitHub's REST interface as far as it is asked, with its rules: versions, paging by Link, weak entity tags that are free, redirects by id, limits.</summary>
internal sealed class FakeGitHub : FakeForge
{
    public static async Task<FakeGitHub> StartNewAsync()
    {
        var forge = new FakeGitHub();
        await forge.StartAsync();
        return forge;
    }

    protected override string ApiPath => "/api/v3";

    /// <summary>The public key of App 99, whose installation 7 may read everything: tokens are granted, and nothing else is taken.</summary>
    public RSA? AppKey { get; set; }

    public int Granted { get; private set; }

    public TimeSpan GrantLasts { get; set; } = TimeSpan.FromHours(1);

    protected override bool IsAuthorized(IHeaderDictionary headers) => headers.Authorization == "Bearer " + Token || (AppKey is not null && headers.Authorization.ToString().Count(letter => letter == '.') == 2);

    protected override void Judge(HttpRequest request)
    {
        if (request.Headers.Accept != "application/vnd.github+json" || request.Headers["X-GitHub-Api-Version"] != "2022-11-28" || request.Headers.UserAgent.Count == 0)
        {
            Problems.Enqueue("a header that GitHub asks for is missing");
        }
    }

    protected override async Task<bool> PassLimitAsync(HttpContext context, bool isFree)
    {
        isFree &= context.Request.Headers.Authorization.Count > 0;
        var spent = !isFree && Remaining == 0;
        Remaining -= isFree || spent ? 0 : 1;
        var headers = context.Response.Headers;
        headers["x-ratelimit-limit"] = Limit.ToString(CultureInfo.InvariantCulture);
        headers["x-ratelimit-remaining"] = Remaining.ToString(CultureInfo.InvariantCulture);
        headers["x-ratelimit-reset"] = (Clock() + UntilReset).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        headers["x-ratelimit-resource"] = "core";
        if (spent)
        {
            await RefuseAsync(context, 403, "API rate limit exceeded for user ID 1.");
        }

        return !spent;
    }

    // What the published description says of a statement: RS256, issued in the past, at most ten minutes long.
    private async Task GrantAsync(HttpContext context)
    {
        var parts = context.Request.Headers.Authorization.ToString()["Bearer ".Length..].Split('.');
        using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1]));
        var (from, end) = (claims.RootElement.GetProperty("iat").GetInt64(), claims.RootElement.GetProperty("exp").GetInt64());
        var now = Clock().ToUnixTimeSeconds();
        if (AppKey?.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1) != true
            || claims.RootElement.GetProperty("iss").GetString() != "99" || from > now || end <= now || end - from > 600)
        {
            await RefuseAsync(context, 401, "A JSON web token could not be decoded");
            return;
        }

        Token = $"ghs_{++Granted:0000}";
        context.Response.StatusCode = 201;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(JsonSerializer.Serialize(new { token = Token, expires_at = (Clock() + GrantLasts).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture), permissions = new { contents = "read" } }));
    }

    protected override Task AnswerAsync(HttpContext context, string[] path, IQueryCollection query)
    {
        if (path is ["app", "installations", var installation, "access_tokens"] && context.Request.Method == "POST")
        {
            return installation == "7" ? GrantAsync(context) : RefuseAsync(context, 404, "Not Found");
        }

        if (path is ["orgs" or "users", var owner, "repos"])
        {
            return Renamed.TryGetValue(owner, out var successor) ? MovedAsync(context, $"{path[0]}/{successor}/repos")
                : Below(owner) is { } listed && Users.Contains(owner) == (path[0] == "users") ? PageAsync(context, [.. listed.Select(pair => Listed(pair.Path, pair.Repository))])
                : RefuseAsync(context, 404, "Not Found");
        }

        var isById = path[0] == "repositories";
        var rest = path[(isById ? 2 : 3)..];
        var name = isById ? Repositories.SingleOrDefault(pair => pair.Value.Id.ToString(CultureInfo.InvariantCulture) == path[1]).Key ?? "" : $"{path[1]}/{path[2]}";
        if (!Repositories.ContainsKey(name) && Renamed.TryGetValue(name, out var current))
        {
            context.Response.Headers.Location = $"{Root}api/v3/repositories/{Repositories[current].Id}{(rest.Length > 0 ? "/" : "")}{string.Join('/', rest)}{context.Request.QueryString}";
            return RefuseAsync(context, 301, "Moved Permanently");
        }

        if (!Repositories.TryGetValue(name, out var repository))
        {
            return RefuseAsync(context, 404, "Not Found");
        }

        switch (rest)
        {
            case []:
                Allow(context.Request);
                return WriteAsync(context, new { id = repository.Id, full_name = name, html_url = $"https://github.example/{name}", @private = repository.IsPrivate, archived = repository.IsArchived, default_branch = repository.HeadBranch() });
            case ["branches"]:
                return PageAsync(context, [.. repository.Branches().Select(item => new { name = item.Name, commit = new { sha = item.Commit }, @protected = false })]);
            case ["tags"]:
                return PageAsync(context, [.. repository.Tags().Reverse().Select(item => new { name = item.Name, commit = new { sha = item.Commit } })]);
            case ["pulls"]:
                return PageAsync(context, [.. repository.OpenPullRequests.Select(one => Pull(name, repository, one))]);
            case ["pulls", var number] when repository.PullRequests.TryGetValue(int.Parse(number, CultureInfo.InvariantCulture), out var one):
                Allow(context.Request);
                return WriteAsync(context, Pull(name, repository, one));
            case ["commits"]:
                return PageAsync(context, [.. repository.History(repository.Branches().First(item => item.Name == repository.HeadBranch()).Commit).Select(id => Commit(repository.Commits[id], withFiles: false))]);
            case ["commits", var sha] when repository.Commits.TryGetValue(sha, out var commit):
                Allow(context.Request);
                return WriteAsync(context, Commit(commit, withFiles: true));
            case ["compare", var range] when range.Split("...") is [var from, var to] && repository.Commits.ContainsKey(from) && repository.Commits.ContainsKey(to):
                Allow(context.Request);
                return CompareAsync(context, repository, from, to);
            default:
                return RefuseAsync(context, 404, "Not Found");
        }
    }

    private Task MovedAsync(HttpContext context, string target)
    {
        context.Response.Headers.Location = $"{Root}api/v3/{target}{context.Request.QueryString}";
        return RefuseAsync(context, 301, "Moved Permanently");
    }

    private static object Listed(string path, FakeRepository repository) =>
        new { id = repository.Id, full_name = path, clone_url = "https://evil.example/" + path, archived = repository.IsArchived, fork = repository.IsFork, topics = repository.Topics };

    private Task PageAsync(HttpContext context, object[] all)
    {
        Allow(context.Request, "per_page", "page", "state", "sort", "direction");
        var size = int.Parse(context.Request.Query["per_page"].ToString(), CultureInfo.InvariantCulture);
        var page = int.TryParse(context.Request.Query["page"], out var asked) ? asked : 1;
        var last = Math.Max(1, (all.Length + size - 1) / size);
        var links = new List<string>();
        var others = string.Join('&', context.Request.Query.Where(pair => pair.Key != "page").Select(pair => $"{pair.Key}={pair.Value}"));
        if (page < last)
        {
            links.Add($"<{Root.AbsoluteUri.TrimEnd('/')}{context.Request.Path}?{others}&page={page + 1}>; rel=\"next\"");
            links.Add($"<{Root.AbsoluteUri.TrimEnd('/')}{context.Request.Path}?{others}&page={last}>; rel=\"last\"");
        }

        if (links.Count > 0)
        {
            context.Response.Headers.Link = string.Join(", ", links);
        }

        return WriteAsync(context, all.Skip((page - 1) * size).Take(size).ToArray());
    }

    private static object Pull(string name, FakeRepository repository, FakePullRequest one) => new
    {
        id = 1_000_000 + one.Number,
        number = one.Number,
        state = one.IsOpen ? "open" : "closed",
        title = one.Title,
        body = (string?)null,
        html_url = $"https://github.example/{name}/pull/{one.Number}",
        draft = false,
        user = new { login = "grace" },
        labels = new[] { new { name = "ci" } },
        head = new { @ref = one.Branch, sha = one.Commit, repo = one.IsFork ? new { id = 999, full_name = "grace/web", clone_url = "https://github.example/grace/web.git" } : new { id = repository.Id, full_name = name, clone_url = $"https://github.example/{name}.git" } },
        @base = new { @ref = one.Into, sha = FakeRepository.Sha(500), repo = new { id = repository.Id, full_name = name, clone_url = $"https://github.example/{name}.git" } },
        created_at = FakePullRequest.Created,
        updated_at = FakePullRequest.Created,
        closed_at = one.IsOpen ? null : FakePullRequest.Closed,
        merged_at = one.State == "merged" ? FakePullRequest.Closed : null,
        merge_commit_sha = FakeRepository.Sha(501),
    };

    private Task CompareAsync(HttpContext context, FakeRepository repository, string from, string to)
    {
        var (before, after) = (repository.History(from), repository.History(to));
        var status = from == to ? "identical" : after.Contains(from) ? "ahead" : before.Contains(to) ? "behind" : "diverged";
        var added = after.Except(before).Reverse().Select(id => repository.Commits[id]).ToArray();
        return WriteAsync(context, new
        {
            status,
            total_commits = added.Length,
            commits = added.TakeLast(250).Select(commit => Commit(commit, withFiles: false)).ToArray(),
            files = Files(repository.DifferenceSinceFork(from, to)).Take(300).ToArray(),
        });
    }

    private static Dictionary<string, object> Commit(FakeCommit commit, bool withFiles)
    {
        var person = new { name = "Ada", email = "ada@example.org", date = "2026-11-24T12:00:00Z" };
        var told = new Dictionary<string, object>
        {
            ["sha"] = commit.Id,
            ["html_url"] = "https://github.example/commit/" + commit.Id,
            ["commit"] = new { message = commit.Message, author = person, committer = person },
            ["author"] = new { login = "ada" },
            ["parents"] = commit.Parents.Select(sha => new { sha }).ToArray(),
        };
        if (withFiles)
        {
            told["files"] = Files(commit).ToArray();
        }

        return told;
    }

    private static IEnumerable<object> Files(FakeCommit commit) =>
    [
        .. commit.Added.Select(path => new { filename = path, status = "added" }),
        .. commit.Modified.Select(path => new { filename = path, status = "modified" }),
        .. commit.Removed.Select(path => new { filename = path, status = "removed" }),
    ];
}
