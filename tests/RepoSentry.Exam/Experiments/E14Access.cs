using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using RepoSentry.Exam.Support;
using RepoSentry.Storage;
using RepoSentry.Storage.Sqlite;

namespace RepoSentry.Exam.Experiments;

/// <summary>
/// Every route asked by every kind of caller, guesses beside a good client, writes from other sites. The routes are those that the service itself
/// describes; what each must ask for is said here, so that a route that forgets its role is seen.
/// </summary>
internal static partial class E14Access
{
    private const string TektonPath = "/api/v1/tekton/events"; // machines report there: no operator's act, so not in the audit log
    private const string SessionPath = "/api/v1/session"; // no token is needed to sign in; without one nothing is done
    private const string Bootstrap = "exam-bootstrap-token-with-some-length";
    private static readonly string[] Outside = ["/metrics", "/version", "/openapi/v1.json", "/swagger/index.html", "/healthz?verbose", "/readyz?verbose", "/nothing"];
    private static readonly string[] Probes = ["/livez", "/readyz", "/healthz", "/health", "/health/live", "/health/ready"];

    private static readonly (string Name, string Value)[] OtherSites =
    [
        ("Origin", "https://evil.example"), ("Origin", "null"), ("Origin", "http://127.0.0.1.evil.example"), ("Origin", "http://localhost:1"),
        ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-site"), ("Sec-Fetch-Site", "nonsense"),
    ];

    public static async Task RunAsync(Trial trial)
    {
        await using var service = new ServiceRun("repositories: []\ntekton: { event_listener_url: \"http://127.0.0.1:9/\" }\nsecurity: { master_key: exam-master-key-of-more-than-32-characters }\n", api: $", auth: token, bootstrap_token: \"{Bootstrap}\", trusted_proxies: [127.0.0.1]");
        await service.Start().ReadyAsync();
        using var client = new Browser(service.Port);
        var callers = await CallersAsync(service);
        var routes = await RoutesAsync(client);

        trial.Reaches("routes", routes.Count, 30);
        await JudgeMatrixAsync(trial, client, routes, callers);
        await JudgeOtherSitesAsync(trial, client, routes, callers.Single(caller => caller.Name == "admin").Token);
        await JudgeSessionAsync(trial, client, routes);
        await JudgeGuessesAsync(trial, client, callers.Single(caller => caller.Name == "viewer").Token!);
        await JudgeLimitAsync(trial);
        await JudgeOpenServiceAsync(trial);
        trial.Reaches("answers looked at", client.Answers, trial.Scale(10_000, 1_000));
        trial.Zero("answers without their headers", client.Bare, client.BareExample);
    }

    private static async Task JudgeMatrixAsync(Trial trial, Browser client, List<Route> routes, List<Caller> callers)
    {
        var (wrong, written) = (new List<string>(), new List<string>());
        foreach (var route in routes)
        {
            foreach (var caller in callers)
            {
                var answer = await client.SendAsync(route.Method, route.Path, caller.Token);
                var granted = answer.Status is not (401 or 403 or 429);
                var wanted = route.Needs is null || (caller.Role is { } role && role >= route.Needs);
                if (granted != wanted || (!granted && answer.Status != (caller.Role is null ? 401 : 403)))
                {
                    wrong.Add($"{caller.Name} {route.Method} {route.Path} {answer.Status}");
                }
                else if (granted && route.IsWrite && route.Path != TektonPath && route.Needs is not null)
                {
                    written.Add(answer.RequestId);
                }
            }
        }

        trial.Zero("wrong grants and refusals", wrong.Count, string.Join("; ", wrong.Take(3)));
        var rows = await AuditedAsync(client);
        trial.Reaches("writes that were let in", written.Count, 12);
        trial.Zero("writes without a row in the audit log", written.Count(id => !rows.Contains(id)));
    }

    private static async Task JudgeOtherSitesAsync(Trial trial, Browser client, List<Route> routes, string? admin)
    {
        var accepted = new List<string>();
        foreach (var route in routes.Where(route => route.IsWrite))
        {
            foreach (var header in OtherSites)
            {
                var answer = await client.SendAsync(route.Method, route.Path, admin, header);
                accepted.AddRange(answer.Status == 403 ? [] : (string[])[$"{route.Method} {route.Path} {header} {answer.Status}"]);
            }
        }

        trial.Zero("cross-site writes accepted", accepted.Count, string.Join("; ", accepted.Take(3)));
    }

    // A page of ours that was tricked sends the cookie, and not the proof that only our page can read.
    private static async Task JudgeSessionAsync(Trial trial, Browser client, List<Route> routes)
    {
        using var http = new HttpClient(new HttpClientHandler { UseCookies = false }) { BaseAddress = client.Server };
        using var signIn = await http.PostAsync(new Uri(SessionPath, UriKind.Relative), JsonContent.Create(new { token = Bootstrap }));
        var cookie = ("Cookie", signIn.Headers.TryGetValues("Set-Cookie", out var set) ? set.Single().Split(';')[0] : "");
        trial.Equal("a session reads", (await client.SendAsync("GET", "/api/v1/tokens", null, cookie)).Status, 200);
        var accepted = new List<string>();
        foreach (var route in routes.Where(route => route is { IsWrite: true, Needs: not null }))
        {
            var answer = await client.SendAsync(route.Method, route.Path, null, cookie);
            accepted.AddRange(answer.Status == 403 ? [] : (string[])[$"{route.Method} {route.Path} {answer.Status}"]);
        }

        trial.Zero("writes of a session without its proof", accepted.Count, string.Join("; ", accepted.Take(3)));
    }

    private static async Task JudgeGuessesAsync(Trial trial, Browser client, string good)
    {
        var guesses = trial.Scale(10_000, 1_000);
        var (tried, refused, times) = (0, 0, new ConcurrentBag<double>());
        var clock = Stopwatch.GetTimestamp();
        using var ended = new CancellationTokenSource();
        var goodClient = Task.Run(async () =>
        {
            while (!ended.IsCancellationRequested)
            {
                var began = Stopwatch.GetTimestamp();
                refused += (await client.SendAsync("GET", "/api/v1/repositories", good, from: "203.0.113.7")).Status == 200 ? 0 : 1;
                times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }
        });
        await Parallel.ForAsync(0, guesses, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (_, _) =>
        {
            if ((await client.SendAsync("GET", "/api/v1/repositories", TokenSecret.Create(), from: "203.0.113.7")).Status == 401)
            {
                Interlocked.Increment(ref tried);
            }
        });
        await ended.CancelAsync();
        await goodClient;
        var minutes = (int)Math.Ceiling(Stopwatch.GetElapsedTime(clock).TotalMinutes);

        trial.Tell("bad tokens that were tried", $"{tried} of {guesses}");
        trial.Reaches("bad tokens that were tried at all", tried, 1);
        trial.Zero("bad tokens past the limiter beyond 10 a minute", Math.Max(0, tried - (10 * minutes)));
        trial.Reaches("requests of a good client at the same address", times.Count, 20);
        trial.Zero("requests of the good client refused", refused);
        trial.Within("the good client's p99", Statistics.Quantile(times, 0.99), 50, "ms");
    }

    private static async Task JudgeLimitAsync(Trial trial)
    {
        await using var service = new ServiceRun("repositories: []\n", api: $", auth: token, bootstrap_token: \"{Bootstrap}\", rate_limit: 20/h");
        await service.Start().ReadyAsync();
        using var client = new Browser(service.Port);
        var (answered, told) = (0, 0);
        for (var request = 0; request < 60; request++)
        {
            var answer = await client.SendAsync("GET", "/api/v1/status", Bootstrap);
            answered += answer.Status == 200 ? 1 : 0;
            told += answer.HasLimit ? 1 : 0;
        }

        trial.Equal("requests answered within a limit of 20", answered, 20);
        trial.Equal("answers that tell the limit", told, 60);
    }

    private static async Task JudgeOpenServiceAsync(Trial trial)
    {
        await using var service = new ServiceRun("repositories: []\n");
        await service.Start().ReadyAsync();
        using var client = new Browser(service.Port);
        var accepted = 0;
        foreach (var header in OtherSites)
        {
            accepted += (await client.SendAsync("POST", "/api/v1/tokens", null, header)).Status == 403 ? 0 : 1;
        }

        foreach (var host in (string[])["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "169.254.169.254", "[::2]"])
        {
            accepted += (await client.SendAsync("GET", "/api/v1/status", null, ("Host", host))).Status == 421 ? 0 : 1;
        }

        trial.Zero("without tokens: cross-site writes and foreign names accepted", accepted);
    }

    private static async Task<List<Caller>> CallersAsync(ServiceRun service)
    {
        await using var database = SqliteDatabase.Open(service.DatabasePath);
        SqlTime.Register();
        var store = new TokenStore(database, TimeProvider.System);
        async Task<Caller> MakeAsync(string name, Role role, Role? counts, DateTimeOffset? end = null)
        {
            var secret = TokenSecret.Create();
            _ = await store.CreateAsync(name, secret, role, end, "exam", CancellationToken.None);
            return new Caller(name, secret, counts);
        }

        List<Caller> callers =
        [
            new("none", null, null),
            await MakeAsync("viewer", Role.Viewer, Role.Viewer),
            await MakeAsync("operator", Role.Operator, Role.Operator),
            await MakeAsync("admin", Role.Admin, Role.Admin),
            await MakeAsync("expired", Role.Admin, null, TimeProvider.System.GetUtcNow().AddSeconds(-1)),
            await MakeAsync("revoked", Role.Admin, null),
        ];
        _ = await store.RevokeAsync("revoked", CancellationToken.None);
        return callers;
    }

    private static async Task<List<Route>> RoutesAsync(Browser client)
    {
        var described = JsonDocument.Parse((await client.SendAsync("GET", "/openapi/v1.json", Bootstrap)).Text).RootElement.GetProperty("paths");
        var routes = from path in described.EnumerateObject()
                     from operation in path.Value.EnumerateObject()
                     where operation.Name is "get" or "post" or "put" or "patch" or "delete"
                     let method = operation.Name.ToUpperInvariant()
                     select new Route(method, Variable.Replace(path.Name, match => match.Value.Contains("name", StringComparison.Ordinal) ? "nobody" : "999999"), Needed(method, path.Name));
        return [.. routes, .. Outside.Select(path => new Route("GET", path, Role.Viewer)), .. Probes.Select(path => new Route("GET", path, null))];
    }

    private static Role? Needed(string method, string path) =>
        path == SessionPath ? method == "POST" ? null : Role.Viewer
        : method == "GET" ? path.StartsWith("/api/v1/tokens", StringComparison.Ordinal) || path.StartsWith("/api/v1/audit", StringComparison.Ordinal) ? Role.Admin : Role.Viewer
        : ForOperators.IsMatch(path) || path == TektonPath ? Role.Operator : Role.Admin;

    private static async Task<HashSet<string>> AuditedAsync(Browser client)
    {
        var (ids, cursor) = (new HashSet<string>(StringComparer.Ordinal), "");
        while (true)
        {
            var page = JsonDocument.Parse((await client.SendAsync("GET", "/api/v1/audit?limit=100" + cursor, Bootstrap)).Text).RootElement;
            ids.UnionWith(page.GetProperty("items").EnumerateArray().Where(row => row.GetProperty("outcome").GetString() is "done" or "failed").Select(row => row.GetProperty("request_id").GetString() ?? ""));
            if (page.GetProperty("next_cursor").GetString() is not { } next)
            {
                return ids;
            }

            cursor = "&cursor=" + next;
        }
    }

    [GeneratedRegex(@"\{[^}]+\}", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Variable { get; }

    [GeneratedRegex("/(poll|pause|resume|release|retry|replay|test)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ForOperators { get; }

    private sealed record Route(string Method, string Path, Role? Needs)
    {
        public bool IsWrite => Method != "GET";
    }

    private sealed record Caller(string Name, string? Token, Role? Role);

    private sealed record Answer(int Status, string Text, string RequestId, bool HasLimit);

    /// <summary>Asks, each time from another address unless one is named, and looks at the headers of every answer.</summary>
    private sealed class Browser(int port) : IDisposable
    {
        private static readonly string[] Always = ["X-Content-Type-Options", "X-Frame-Options", "Content-Security-Policy", "Referrer-Policy", "X-Request-Id"];

        private readonly HttpClient http = new() { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromMinutes(2) };
        private int answers;
        private int bare;

        public Uri Server => http.BaseAddress!;

        public int Answers => answers;

        public int Bare => bare;

        public string? BareExample { get; private set; }

        public async Task<Answer> SendAsync(string method, string path, string? token, (string Name, string Value) header = default, string? from = null)
        {
            var number = Interlocked.Increment(ref answers);
            using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));
            request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
            request.Headers.TryAddWithoutValidation("X-Forwarded-For", from ?? $"10.{(number >> 16) & 255}.{(number >> 8) & 255}.{number & 255}");
            if (header.Name is not null)
            {
                request.Headers.TryAddWithoutValidation(header.Name, header.Value);
            }

            // A stream of events never ends: the headers are enough of it.
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            var text = answer.Content.Headers.ContentType?.MediaType == "text/event-stream" ? "" : await answer.Content.ReadAsStringAsync();
            if (Always.Any(name => !answer.Headers.Contains(name)) || (path.StartsWith("/api/", StringComparison.Ordinal) && answer.Headers.CacheControl?.NoStore != true))
            {
                Interlocked.Increment(ref bare);
                BareExample = $"{method} {path} {(int)answer.StatusCode}";
            }

            return new Answer((int)answer.StatusCode, text, answer.Headers.TryGetValues("X-Request-Id", out var ids) ? ids.Single() : "", answer.Headers.Contains("RateLimit-Limit") && answer.Headers.Contains("RateLimit-Remaining"));
        }

        public void Dispose() => http.Dispose();
    }
}
