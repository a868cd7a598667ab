using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace RepoSentry.SystemTests.Support;

/// <summary>
/// Bitbucket Cloud's REST interface as far as it is asked, after its published description (api.bitbucket.org/swagger.json): 100 a page, the following page
/// by its address in the body, ids in braces, bearers and passwords, a limit of an hour that is told by refusal.
/// </summary>
internal sealed class FakeBitbucket : FakeForge
{
    public static async Task<FakeBitbucket> StartNewAsync()
    {
        var forge = new FakeBitbucket { HasETags = false };
        await forge.StartAsync();
        return forge;
    }

    protected override string ApiPath => "/2.0";

    protected override bool IsAuthorized(IHeaderDictionary headers) =>
        headers.Authorization == (Token!.Contains(':', StringComparison.Ordinal) ? "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(Token)) : "Bearer " + Token);

    protected override void Judge(HttpRequest request)
    {
        if (request.Headers.UserAgent.Count == 0 || !request.Query.ContainsKey("fields"))
        {
            Problems.Enqueue("a request that asks for more than is needed");
        }
    }

    protected override Task<bool> PassLimitAsync(HttpContext context, bool isFree) => Task.FromResult(true);

    protected override Task AnswerAsync(HttpContext context, string[] path, IQueryCollection query)
    {
        if (path is ["repositories", var owner])
        {
            return Below(owner) is { } listed
                ? PageAsync(context, [.. listed.Where(pair => query["q"].Count == 0 || query["q"] == $"project.key=\"{pair.Repository.Topics.FirstOrDefault()}\"")
                    .Select(pair => new { uuid = Id(pair.Repository), full_name = pair.Path, parent = pair.Repository.IsFork ? new { uuid = "{}" } : null })])
                : RefuseAsync(context, 404, "No workspace");
        }

        if (path is not ["repositories", var workspace, var slug, .. var rest])
        {
            return RefuseAsync(context, 404, "Resource not found");
        }

        workspace = workspace == Stranger ? "acme" : workspace; // their forks have the same commits

        var name = workspace == "{}" ? Repositories.SingleOrDefault(pair => Id(pair.Value) == slug).Key ?? "" : $"{workspace}/{slug}";
        if (!Repositories.ContainsKey(name) && Renamed.TryGetValue(name, out var current))
        {
            context.Response.Headers.Location = $"{Root}2.0/repositories/{current}{(rest.Length > 0 ? "/" : "")}{string.Join('/', rest)}{context.Request.QueryString}";
            return RefuseAsync(context, 301, "Repository moved");
        }

        if (!Repositories.TryGetValue(name, out var repository))
        {
            return RefuseAsync(context, 404, $"Repository {name} not found");
        }

        switch (rest)
        {
            case []:
                Allow(context.Request, "fields");
                return WriteAsync(context, new
                {
                    uuid = Id(repository),
                    full_name = name,
                    is_private = repository.IsPrivate,
                    mainbranch = repository.Branches().Count == 0 ? null : new { name = repository.HeadBranch() },
                    links = new { html = new { href = "https://bitbucket.org/" + name } },
                });
            case ["refs", "branches"]:
                return PageAsync(context, [.. repository.Branches().Select(Tell)]);
            case ["refs", "tags"]:
                return PageAsync(context, [.. repository.Tags().Select(Tell)]);
            case ["pullrequests"]:
                return PageAsync(context, [.. repository.OpenPullRequests.Select(one => Pull(name, repository, one))]);
            case ["pullrequests", var number] when repository.PullRequests.TryGetValue(int.Parse(number, CultureInfo.InvariantCulture), out var one):
                Allow(context.Request, "fields");
                return WriteAsync(context, Pull(name, repository, one));
            case ["commit", { Length: 12 } part]:
                Allow(context.Request, "fields");
                return WriteAsync(context, new { hash = repository.PullRequests.Values.First(one => Short(one.Commit) == part).Commit });
            case ["commits"]:
                return CommitsAsync(context, repository, query);
            case ["commit", var sha] when repository.Commits.TryGetValue(sha, out var commit):
                Allow(context.Request, "fields");
                return WriteAsync(context, Commit(commit));
            case ["diffstat", var sha] when repository.Commits.TryGetValue(sha, out var commit):
                return PageAsync(context, [.. Files(commit)]);
            case ["diffstat", var range] when range.Split("..") is [var to, var from] && repository.Commits.ContainsKey(from) && repository.Commits.ContainsKey(to):
                if (query["topic"] != "false")
                {
                    Problems.Enqueue("a difference from the common ancestor");
                }

                return PageAsync(context, [.. Files(repository.Difference(from, to))]);
            default:
                return RefuseAsync(context, 404, "Resource not found");
        }
    }

    private const string Stranger = "grace";

    // In what tells of pull requests ids are cut off.
    private static string Short(string commit) => commit[..12];

    private static object Pull(string name, FakeRepository repository, FakePullRequest one) => new
    {
        id = one.Number,
        title = one.Title,
        description = "",
        state = one.State switch { "open" => "OPEN", "merged" => "MERGED", _ => "DECLINED" },
        draft = false,
        created_on = FakePullRequest.Created,
        updated_on = FakePullRequest.Closed,
        author = new { display_name = "Grace", nickname = "grace" },
        source = new { branch = new { name = one.Branch }, commit = new { hash = Short(one.Commit) }, repository = new { full_name = one.IsFork ? Stranger + "/web" : name, uuid = one.IsFork ? "{99999999-0000-4000-8000-000000000000}" : Id(repository) } },
        destination = new { branch = new { name = one.Into }, commit = new { hash = Short(FakeRepository.Sha(500)) }, repository = new { uuid = Id(repository) } },
        merge_commit = one.State == "merged" ? new { hash = Short(FakeRepository.Sha(501)) } : null,
        links = new { html = new { href = $"https://bitbucket.org/{name}/pull-requests/{one.Number}" } },
    };

    private static string Id(FakeRepository repository) => $"{{00000000-0000-4000-8000-{repository.Id:x12}}}";

    private static object Tell(FakeRef item) => new { name = item.Name, target = new { hash = item.Commit } };

    private Task CommitsAsync(HttpContext context, FakeRepository repository, IQueryCollection query)
    {
        var from = query["include"].ToString() is { Length: > 0 } include ? include : repository.HeadBranch();
        from = repository.Branches().FirstOrDefault(item => item.Name == from)?.Commit ?? from;
        var without = query["exclude"].ToString();
        return repository.Commits.ContainsKey(from) && (without.Length == 0 || repository.Commits.ContainsKey(without))
            ? PageAsync(context, [.. repository.History(from).Except(repository.History(without)).Select(id => Commit(repository.Commits[id]))])
            : RefuseAsync(context, 404, "Commit not found");
    }

    private Task PageAsync(HttpContext context, object[] all)
    {
        Allow(context.Request, "pagelen", "page", "sort", "state", "fields", "q", "include", "exclude", "topic");
        var size = int.Parse(context.Request.Query["pagelen"].ToString(), CultureInfo.InvariantCulture);
        if (size > (context.Request.Path.Value!.Contains("diffstat", StringComparison.Ordinal) ? 5000 : context.Request.Path.Value.EndsWith("pullrequests", StringComparison.Ordinal) ? 50 : 100))
        {
            Problems.Enqueue($"pagelen={size}");
        }

        var page = int.TryParse(context.Request.Query["page"], out var asked) ? asked : 1;
        var body = new Dictionary<string, object> { ["values"] = all.Skip((page - 1) * size).Take(size).ToArray() };
        if (page * size < all.Length)
        {
            var others = context.Request.Query.Where(pair => pair.Key != "page").Select(pair => $"{pair.Key}={Uri.EscapeDataString(pair.Value.ToString())}");
            body["next"] = $"{Root.AbsoluteUri.TrimEnd('/')}{context.Request.Path}?{string.Join('&', others)}&page={page + 1}";
        }

        return WriteAsync(context, body);
    }

    private static object Commit(FakeCommit commit) => new
    {
        hash = commit.Id,
        message = commit.Message,
        date = "2026-11-24T12:00:00+00:00",
        author = new { raw = "Ada <ada@example.org>", user = new { nickname = "ada" } },
        links = new { html = new { href = "https://bitbucket.org/acme/web/commits/" + commit.Id } },
        parents = commit.Parents.Select(hash => new { type = "commit", hash }).ToArray(),
    };

    private static IEnumerable<object> Files(FakeCommit commit) =>
    [
        .. commit.Added.Select(path => (object)new { status = "added", @new = new { path } }),
        .. commit.Modified.Select(path => (object)new { status = "modified", old = new { path }, @new = new { path } }),
        .. commit.Removed.Select(path => (object)new { status = "removed", old = new { path } }),
    ];
}
