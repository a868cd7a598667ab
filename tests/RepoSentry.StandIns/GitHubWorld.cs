using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;

namespace RepoSentry.StandIns;

/// <summary>
/// GitHub for thousands of repositories, in memory: lists of refs by REST with entity tags, GraphQL by the published rules of cost, and all limits, which it
/// enforces: who passes one is refused as GitHub refuses, and what is asked in spite of a refusal is counted.
/// </summary>
public sealed class GitHubWorld(TimeProvider time)
{
    private const int MostAtOnce = 100;
    private const int RestPerMinute = 900;
    private const int GraphPerMinute = 2000;

    private static readonly TimeSpan Penalty = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, GitHubRepo> byName = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, List<GitHubRepo>> byOwner = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, DateTimeOffset> listed = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentQueue<double> listGaps = new();
    private readonly Lock gate = new();
    private readonly Dictionary<string, int> requests = new(StringComparer.Ordinal);
    private DateTimeOffset penaltyUntil;
    private DateTimeOffset toldAt;
    private int atOnce;
    private long looked;

    public GitHubLimit Rest { get; } = new(5000, RestPerMinute);

    public GitHubLimit Graph { get; } = new(5000, GraphPerMinute);

    /// <summary>How far its clock is ahead.</summary>
    public TimeSpan Skew { get; init; }

    /// <summary>How long a request may be under way that was sent before its sender had read the refusal.</summary>
    public TimeSpan OnItsWay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether GraphQL is answered at all.</summary>
    public bool HasGraph { get; set; } = true;

    /// <summary>Requests that came after a refusal had been told, before its time had run out.</summary>
    public int InsideRetryAfter { get; private set; }

    /// <summary>Refusals, of all kinds of limits.</summary>
    public int Refusals { get; private set; }

    /// <summary>The most connections and nodes in one question.</summary>
    public int MostNodes { get; private set; }

    public IReadOnlyDictionary<string, int> Requests
    {
        get
        {
            lock (gate)
            {
                return new Dictionary<string, int>(requests, StringComparer.Ordinal);
            }
        }
    }

    public DateTimeOffset Now => time.GetUtcNow() + Skew;

    public GitHubRepo Add(string owner, string name)
    {
        var repository = new GitHubRepo(byName.Count + 1, owner, name) { PushedAt = Seconds(Now - TimeSpan.FromDays(1)) };
        byName[$"{owner}/{name}"] = repository;
        var all = byOwner.GetOrAdd(owner, _ => []);
        lock (all)
        {
            all.Add(repository);
        }

        return repository;
    }

    /// <summary>A push: the branch has another commit, and the repository another time of its last push.</summary>
    public string Push(GitHubRepo repository, string branch = "main")
    {
        var commit = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20));
        repository.Heads[branch] = commit;
        repository.PushedAt = Seconds(Now);
        return commit;
    }

    public GitHubRepo? Find(string owner, string name) => byName.GetValueOrDefault($"{owner}/{name}");

    /// <summary>Repositories told of by GraphQL, with their refs or by their last push.</summary>
    public long Looked => Interlocked.Read(ref looked);

    /// <summary>Seconds between two lists of one owner's pushes, where nothing was refused meanwhile.</summary>
    public IReadOnlyCollection<double> ListGaps => listGaps;

    /// <summary>By their last pushes, latest first.</summary>
    /// <param name="isFirstPage">Whether it is the beginning of a list.</param>
    public IReadOnlyList<GitHubRepo>? OfOwner(string owner, bool isFirstPage = true)
    {
        if (!byOwner.TryGetValue(owner, out var all))
        {
            return null;
        }

        if (isFirstPage)
        {
            if (listed.TryGetValue(owner, out var before) && before > penaltyUntil)
            {
                listGaps.Enqueue((Now - before).TotalSeconds);
            }

            listed[owner] = Now;
        }

        lock (all)
        {
            return [.. all.OrderByDescending(repository => repository.PushedAt)];
        }
    }

    internal void Tell() => Interlocked.Increment(ref looked);

    /// <summary>Refuses everything for a while, as for a secondary limit.</summary>
    public void Refuse(TimeSpan lasts)
    {
        lock (gate)
        {
            (penaltyUntil, toldAt) = (Now + lasts, DateTimeOffset.MaxValue - OnItsWay);
        }
    }

    /// <summary>In the place of a connection to it.</summary>
    public HttpMessageHandler Handler() => new InProcess(this);

    public async Task<HttpResponseMessage> AnswerAsync(HttpMethod method, Uri url, string? etag, bool isAuthorized, byte[] body)
    {
        Interlocked.Increment(ref atOnce);
        try
        {
            await Task.Yield();
            var path = url.AbsolutePath.Trim('/').Split('/');
            var isGraph = path[^1] == "graphql";
            if (!isAuthorized)
            {
                return Refusal(HttpStatusCode.Unauthorized, "Bad credentials");
            }

            if (method == HttpMethod.Post && isGraph)
            {
                return AnswerGraph(body);
            }

            var at = Array.IndexOf(path, "repos");
            return at < 0 || path.Length < at + 3 || Find(path[at + 1], path[at + 2]) is not { } repository
                ? Spend(Rest, "missing", 1, isFree: false) ?? Refusal(HttpStatusCode.NotFound, "Not Found")
                : AnswerRest(repository, path[(at + 3)..], url, etag);
        }
        finally
        {
            Interlocked.Decrement(ref atOnce);
        }
    }

    private HttpResponseMessage AnswerGraph(byte[] body)
    {
        if (!HasGraph)
        {
            return Refusal(HttpStatusCode.BadGateway, "Server Error");
        }

        using var question = JsonDocument.Parse(body);
        var plan = GraphQuestion.Read(question.RootElement.GetProperty("query").GetString()!);
        MostNodes = Math.Max(MostNodes, plan.Nodes);
        if (Spend(Graph, "graphql", plan.Points, isFree: false) is { } refusal)
        {
            return refusal;
        }

        return Json(Graph, "graphql", plan.Nodes > 500_000 ? """{"data":null,"errors":[{"type":"MAX_NODE_LIMIT_EXCEEDED","message":"This query requests up to too many nodes"}]}"""u8.ToArray() : plan.Answer(this));
    }

    private static object Pull(GitHubRepo repository, long number, string commit)
    {
        var home = new { id = repository.Id, full_name = $"{repository.Owner}/{repository.Name}", clone_url = $"https://github.example/{repository.Owner}/{repository.Name}.git" };
        return new { number, id = number, state = "open", title = $"Pull {number}", user = new { login = "grace" }, labels = new[] { new { name = "ci" } }, head = new { @ref = "topic", sha = commit, repo = home }, @base = new { @ref = "main", sha = new string('1', 40), repo = home } };
    }

    private HttpResponseMessage AnswerRest(GitHubRepo repository, string[] rest, Uri url, string? etag)
    {
        object? told = rest switch
        {
            [] => new { id = repository.Id, full_name = $"{repository.Owner}/{repository.Name}", html_url = $"https://github.example/{repository.Owner}/{repository.Name}", default_branch = "main", archived = repository.Archived, @private = false },
            ["branches"] => repository.Heads.Select(head => new { name = head.Key, commit = new { sha = head.Value } }).Skip(100 * (Page(url) - 1)).Take(100),
            ["tags"] => repository.Tags.Select(tag => new { name = tag.Key, commit = new { sha = tag.Value } }).Skip(100 * (Page(url) - 1)).Take(100),
            ["pulls"] => repository.Pulls.OrderBy(pull => pull.Key).Select(pull => Pull(repository, pull.Key, pull.Value)).Skip(100 * (Page(url) - 1)).Take(100),
            ["pulls", var number] when repository.Pulls.TryGetValue(long.Parse(number, System.Globalization.CultureInfo.InvariantCulture), out var commit) => Pull(repository, long.Parse(number, System.Globalization.CultureInfo.InvariantCulture), commit),
            ["commits"] => Array.Empty<object>(),
            _ => null,
        };
        if (told is null)
        {
            return Spend(Rest, string.Join('/', rest.Take(1)), 1, isFree: false) ?? Refusal(HttpStatusCode.NotFound, "Not Found");
        }

        var json = JsonSerializer.SerializeToUtf8Bytes(told);
        var tag = $"W/\"{Convert.ToHexStringLower(SHA256.HashData(json))}\"";
        var isSame = etag == tag;
        if (Spend(Rest, rest is [var word] ? word : "repository", 1, isFree: isSame) is { } refusal)
        {
            return refusal;
        }

        if (!isSame)
        {
            var answer = Json(Rest, "core", json);
            answer.Headers.TryAddWithoutValidation("ETag", tag);
            return answer;
        }

        var same = new HttpResponseMessage(HttpStatusCode.NotModified);
        same.Headers.TryAddWithoutValidation("ETag", tag);
        Tell(same, Rest, "core");
        return same;
    }

    private static int Page(Uri url) => url.Query.TrimStart('?').Split('&').Select(part => part.Split('=')).FirstOrDefault(part => part[0] == "page") is [_, var page] ? int.Parse(page, CultureInfo.InvariantCulture) : 1;

    /// <summary>Null if there is enough left.</summary>
    private HttpResponseMessage? Spend(GitHubLimit limit, string kind, int points, bool isFree)
    {
        lock (gate)
        {
            requests[kind] = requests.GetValueOrDefault(kind) + 1;
            if (Now < penaltyUntil)
            {
                InsideRetryAfter += Now > toldAt + OnItsWay ? 1 : 0;
                return Slow(penaltyUntil - Now);
            }

            if (!limit.TakeMinute(points, Now) || atOnce > MostAtOnce)
            {
                (penaltyUntil, toldAt) = (Now + Penalty, Now);
                return Slow(Penalty);
            }

            if (isFree || limit.TakeHour(points, Now))
            {
                return null;
            }

            Refusals++;
            var answer = Refusal(limit == Graph ? HttpStatusCode.OK : HttpStatusCode.Forbidden, "API rate limit exceeded for user ID 1.");
            answer.Content = limit == Graph ? Text("""{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded for user ID 1."}]}"""u8.ToArray()) : answer.Content;
            Tell(answer, limit, limit == Graph ? "graphql" : "core");
            return answer;
        }
    }

    private HttpResponseMessage Slow(TimeSpan wait)
    {
        Refusals++;
        toldAt = Now < toldAt ? Now : toldAt;
        var answer = Refusal(HttpStatusCode.Forbidden, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.");
        answer.Headers.TryAddWithoutValidation("Retry-After", Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture));
        return answer;
    }

    private HttpResponseMessage Refusal(HttpStatusCode status, string message)
    {
        var answer = new HttpResponseMessage(status) { Content = Text(JsonSerializer.SerializeToUtf8Bytes(new { message })) };
        answer.Headers.Date = Now;
        return answer;
    }

    private HttpResponseMessage Json(GitHubLimit limit, string resource, byte[] json)
    {
        var answer = new HttpResponseMessage(HttpStatusCode.OK) { Content = Text(json) };
        Tell(answer, limit, resource);
        return answer;
    }

    private void Tell(HttpResponseMessage answer, GitHubLimit limit, string resource)
    {
        answer.Headers.Date = Now;
        answer.Headers.TryAddWithoutValidation("x-ratelimit-limit", limit.PerHour.ToString(CultureInfo.InvariantCulture));
        answer.Headers.TryAddWithoutValidation("x-ratelimit-remaining", limit.Remaining.ToString(CultureInfo.InvariantCulture));
        answer.Headers.TryAddWithoutValidation("x-ratelimit-reset", limit.ResetsAt.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        answer.Headers.TryAddWithoutValidation("x-ratelimit-resource", resource);
    }

    private static ByteArrayContent Text(byte[] json)
    {
        var content = new ByteArrayContent(json);
        content.Headers.TryAddWithoutValidation("Content-Type", "application/json; charset=utf-8");
        return content;
    }

    private static DateTimeOffset Seconds(DateTimeOffset at) => DateTimeOffset.FromUnixTimeSeconds(at.ToUnixTimeSeconds());

    private sealed class InProcess(GitHubWorld world) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken);
            var etag = request.Headers.TryGetValues("If-None-Match", out var tags) ? tags.First() : null;
            return await world.AnswerAsync(request.Method, request.RequestUri!, etag, request.Headers.TryGetValues("Authorization", out _), body);
        }
    }
}

/// <summary>A repository with its refs.</summary>
public sealed class GitHubRepo(long id, string owner, string name)
{
    public long Id => id;

    public string Owner => owner;

    public string Name { get; set; } = name;

    public DateTimeOffset PushedAt { get; set; }

    public ConcurrentDictionary<string, string> Heads { get; } = new(StringComparer.Ordinal) { ["main"] = new string('1', 40) };

    public bool Archived { get; set; }

    /// <summary>When the commits of its default branch were made, as far as histories tell.</summary>
    public IReadOnlyList<DateTimeOffset> Commits { get; set; } = [];

    /// <summary>A branch that GraphQL leaves out, as a replica that lags behind does.</summary>
    public string? HiddenInBatches { get; set; }

    /// <summary>Open pull requests: by number, the newest commit of each.</summary>
    public ConcurrentDictionary<long, string> Pulls { get; } = [];

    /// <summary>The commits that tags come to; each stands behind a tag object.</summary>
    public ConcurrentDictionary<string, string> Tags { get; } = new(StringComparer.Ordinal);
}

/// <summary>One quota of a credential: points an hour, in windows, and points in any minute.</summary>
public sealed class GitHubLimit(int perHour, int perMinute)
{
    private readonly Queue<(DateTimeOffset At, int Points)> minute = new();
    private int inMinute;

    public int PerHour { get; set; } = perHour;

    public int Remaining { get; private set; } = perHour;

    public DateTimeOffset ResetsAt { get; private set; }

    /// <summary>Points counted since the beginning.</summary>
    public long Spent { get; private set; }

    /// <summary>The most in one window.</summary>
    public int MostInHour { get; private set; }

    public int MostInMinute { get; private set; }

    /// <summary>Somebody else with the same credential spends of it.</summary>
    public void SpendElsewhere(int points) => Remaining = Math.Max(0, Remaining - points);

    internal bool TakeMinute(int points, DateTimeOffset now)
    {
        while (minute.TryPeek(out var first) && first.At <= now - TimeSpan.FromMinutes(1))
        {
            inMinute -= minute.Dequeue().Points;
        }

        minute.Enqueue((now, points));
        inMinute += points;
        MostInMinute = Math.Max(MostInMinute, inMinute);
        return inMinute <= perMinute;
    }

    internal bool TakeHour(int points, DateTimeOffset now)
    {
        if (now >= ResetsAt)
        {
            (ResetsAt, Remaining) = (now + TimeSpan.FromHours(1), PerHour);
        }

        if (points > Remaining)
        {
            return false;
        }

        Remaining -= points;
        Spent += points;
        MostInHour = Math.Max(MostInHour, PerHour - Remaining);
        return true;
    }
}
