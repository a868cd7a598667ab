using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Exam.Support;
using RepoSentry.Network;
using RepoSentry.Polling;
using RepoSentry.Providers.GitHub;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.Exam.Experiments;

/// <summary>E13: small inputs that make careless programs run for ever or eat all memory: expressions, globs, YAML, JSON of forges, callers and receivers.</summary>
internal static class E13Bombs
{
    /// <summary>The first so many patterns take exponential time where they are tried one way after the other.</summary>
    private const int Exponential = 12;
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(1);

    public static async Task RunAsync(Trial trial)
    {
        var meter = new Meter();
        _ = (Match("^warm$"), MatchGlobs(), Load("a: 1\n", "")); // what is compiled first is slow once
        foreach (var (pattern, at) in Patterns().Select((pattern, at) => (pattern, at)))
        {
            await meter.RunAsync($"expression {at}: {Short(pattern)}", () => Task.FromResult(Match(pattern)));
        }

        await meter.RunAsync("globs", () => Task.FromResult(MatchGlobs()));
        var expressions = meter.Take();
        foreach (var (name, yaml, reason) in Yaml())
        {
            await meter.RunAsync($"YAML {name}", () => Task.FromResult(Load(yaml(), reason)));
        }

        await meter.RunAsync("YAML of 50 MB", () => Task.FromResult(LoadLarge()));
        var yamlBombs = meter.Take();
        await ForgeAsync(meter);
        await CallersAsync(meter);
        var json = meter.Take();

        trial.Equal("expressions and globs", expressions.Count, 27);
        trial.Equal("YAML bombs", yamlBombs.Count, 12);
        trial.Equal("JSON bombs", json.Count, 9);
        trial.Zero("exceptions", meter.Exceptions.Count, string.Join("; ", meter.Exceptions));
        var exponential = meter.Slow.Where(name => Patterns().Take(Exponential).Any(pattern => name.Contains(": " + Short(pattern), StringComparison.Ordinal))).ToList();
        trial.Zero("expressions of classic bombs that were not matched in time", exponential.Count, exponential.FirstOrDefault());
        trial.Tell("expressions refused at a look for their time", meter.Slow.Count.ToString(CultureInfo.InvariantCulture));
        trial.Zero($"hung longer than {Hang.TotalSeconds:0} s", meter.Hung.Count, meter.Hung.FirstOrDefault());
        trial.Zero("not refused", meter.Accepted.Count, meter.Accepted.FirstOrDefault());
        trial.Zero("refused for another reason", meter.OtherReason.Count, meter.OtherReason.FirstOrDefault());
        trial.Within($"slowest expression ({expressions.MaxBy(one => one.Time).Name})", expressions.Max(one => one.Time), 200, "ms");
        trial.Within($"slowest refusal of YAML ({yamlBombs.MaxBy(one => one.Time).Name})", yamlBombs.Max(one => one.Time), 3000, "ms");
        trial.Tell($"slowest JSON ({json.MaxBy(one => one.Time).Name}), its transfer included", string.Create(CultureInfo.InvariantCulture, $"{json.Max(one => one.Time):0} ms"));
        trial.Within($"memory above the beginning, at most ({meter.Largest})", meter.Megabytes, 50, "MB");
    }

    private static string? Match(string pattern)
    {
        if (BranchRegex.TryCompile(pattern, out var problem) is null)
        {
            return problem.Length > 10 ? null : "other reason: " + problem;
        }

        var filter = RefFilter.Parse("regex:" + pattern);
        var said = "slow";
        for (var turn = 0; turn < 5 && said == "slow"; turn++) // what takes exponential time is slow each time, and anything is once on a machine with other work
        {
            said = Match(filter, new string('a', 4000) + "!", string.Concat(Enumerable.Repeat("ab/", 1300)) + "\u0001", new string('x', 4000));
        }

        return said;
    }

    private static string? Match(RefFilter filter, params string[] names)
    {
        foreach (var name in names)
        {
            try
            {
                _ = filter.Matches("refs/heads/" + name);
            }
            catch (RefSourceException slow)
            {
                return slow.Message.Contains("simplify", StringComparison.Ordinal) ? "slow" : "other reason: " + slow.Message;
            }
        }

        return null;
    }

    private static string? MatchGlobs() => Match(
        RefFilter.Parse(JsonSerializer.Serialize(Enumerable.Range(0, 200).Select(number => $"**a**b**c**{number}**").Append(string.Concat(Enumerable.Repeat("*a", 120))))),
        new string('a', 4000),
        "b");

    private static string[] Patterns() =>
    [
        "^(a+)+$", "^(a*)*$", "^(a|a)*$", "^(a|aa)+$", "^([a-zA-Z]+)*$", "(.*a){25}", "^(([a-z])+.)+[A-Z]([a-z])+$", "^(.*)*x$", "(x+x+)+y", "^(a?){50}a{50}$", "((((((a*)*)*)*)*)*)*b",
        "^(?:a|b|ab)*c$", "(a{1,100}){1,100}", "a{1000}", "(a{1000}){1000}", "((a{100}){100}){100}", "[\\x{0}-\\x{ffff}]{500}", "(\\w+\\s?)+$", "^\\d*(\\d*)*x", "(?i)(a|A)+$", "\\pL{1000}",
        string.Join('|', Enumerable.Range(0, 5000).Select(number => $"a{number}")), new string('(', 1000) + "a" + new string(')', 1000), string.Concat(Enumerable.Repeat("a?", 500)) + new string('a', 500),
        new string('(', 20_000), string.Concat(Enumerable.Repeat("(a|b)*", 300)),
    ];

    private static (string Name, Func<string> Text, string Reason)[] Yaml() =>
    [
        ("billion laughs", () => Laughs(10, 9), "aliases"),
        ("quadratic aliases", () => $"a: &a [{string.Join(',', Enumerable.Repeat("x", 9000))}]\nb: [{string.Join(',', Enumerable.Repeat("*a", 90))}]\n", "aliases"),
        ("merge keys", () => "a: &a { x: 1 }\n" + string.Concat(Enumerable.Range(0, 200).Select(number => $"b{number}: {{ <<: *a }}\n")), "aliases"),
        ("flow depth 1e5", () => "a: " + new string('[', 100_000), "nested deeper"),
        ("map depth 1e5", () => "a: " + string.Concat(Enumerable.Repeat("{a: ", 100_000)), "nested deeper"),
        ("block depth", () => string.Concat(Enumerable.Range(0, 1200).Select(depth => new string(' ', depth) + "a:\n")), "nested deeper"),
        ("sequence depth", () => "a: " + string.Concat(Enumerable.Repeat("- ", 50_000)) + "x", ""),
        ("1 MB of one word", () => "a: " + new string('x', 1_000_000), ""),
        ("duplicate keys", () => string.Concat(Enumerable.Repeat("a: 1\n", 100_000)), "twice"),
        ("100,000 keys", () => string.Concat(Enumerable.Range(0, 80_000).Select(number => $"k{number}: 1\n")), ""),
        ("alias of itself", () => "a: &a [*a, *a]\n", "no anchor"),
    ];

    private static string Laughs(int width, int levels)
    {
        var text = new StringBuilder("a0: &a0 [" + string.Join(',', Enumerable.Repeat("lol", width)) + "]\n");
        for (var level = 1; level <= levels; level++)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"a{level}: &a{level} [{string.Join(',', Enumerable.Repeat($"*a{level - 1}", width))}]");
        }

        return text.ToString();
    }

    private static string? Load(string yaml, string reason)
    {
        var loaded = ConfigLoader.LoadBytes(Encoding.UTF8.GetBytes(yaml), "exam.yaml");
        return loaded.Config is not null ? "accepted"
            : reason.Length > 0 && !loaded.Errors.Any(error => error.ToString().Contains(reason, StringComparison.Ordinal)) ? "other reason: " + loaded.Errors[0]
            : null;
    }

    private static string? LoadLarge()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "large.yaml");
        using (var file = File.Create(path))
        {
            file.Write("a: "u8);
            file.SetLength(50_000_000);
        }

        var loaded = ConfigLoader.Load(path);
        return loaded.Config is not null ? "accepted" : loaded.Errors[0].Message.Contains("larger than", StringComparison.Ordinal) ? null : "other reason: " + loaded.Errors[0];
    }

    // What a forge may send in the place of its list of branches.
    private static async Task ForgeAsync(Meter meter)
    {
        (string Name, Func<Stream, CancellationToken, Task> Write)[] bodies =
        [
            ("50 MB of JSON", (to, token) => RepeatAsync(to, "[", "{\"name\":\"x\",\"commit\":{\"sha\":\"" + new string('1', 40) + "\"}},", 500_000, token)),
            ("depth 1e5", (to, token) => RepeatAsync(to, "", "[", 100_000, token)),
            ("a name of 10 MB", (to, token) => RepeatAsync(to, "[{\"name\":\"", new string('x', 10_000), 1000, token)),
            ("100,000 equal keys", (to, token) => RepeatAsync(to, "[{", "\"name\":\"x\",", 100_000, token)),
            ("a number of 1 MB", (to, token) => RepeatAsync(to, "[", "1234567890", 100_000, token)),
        ];
        using var http = OutboundHttp.CreateClient(new OutboundOptions());
        foreach (var (name, write) in bodies)
        {
            await using var server = new RawServer(async (head, connection, token) =>
            {
                var list = head.Contains("/branches", StringComparison.Ordinal);
                await connection.WriteAsync(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + (list ? "" : "{\"id\":1,\"default_branch\":\"main\"}")), token);
                if (list)
                {
                    await write(connection, token);
                }
            });
            var source = GitHubRefSource.For(new ProviderConfig { Name = "forge", Type = "github", Url = server.Root, ApiBaseUrl = server.Root }, http, TimeProvider.System);
            await meter.RunAsync($"forge: {name}", async () =>
            {
                try
                {
                    using var limit = new CancellationTokenSource(Hang);
                    await source.LookAsync(new RefLookRequest(new Uri(server.Root, "acme/web"), [new KindRequest(RefKind.Branch, [], null)]), limit.Token);
                    return "accepted";
                }
                catch (RefSourceException refused)
                {
                    return refused.Error == RefSourceError.Malformed && (!name.StartsWith("50 MB", StringComparison.Ordinal) || refused.Message.Contains("more than a look", StringComparison.Ordinal)) ? null : "other reason: " + refused.Message;
                }
            });
        }
    }

    // What a caller of the API may send.
    private static async Task CallersAsync(Meter meter)
    {
        await using var product = await Product.StartAsync("tekton: { event_listener_url: \"http://127.0.0.1:1/\" }");
        using var client = new HttpClient { BaseAddress = product.Url, Timeout = Hang };
        (string Name, string Path, string Begin, string Piece, int Times)[] calls =
        [
            ("50 MB", "/api/v1/deliveries/retry", "{\"trigger\":\"", new string('x', 10_000), 5000),
            ("depth 1e5", "/api/v1/deliveries/retry", "", "[", 100_000),
            ("depth 1e5 in a key", "/api/v1/events/replay", "{\"filter\":", "{\"a\":", 100_000),
            ("a query of 1 MB", "/api/v1/events/replay?repository=" + new string('x', 1_000_000), "{", " ", 1),
        ];
        foreach (var (name, path, begin, piece, times) in calls)
        {
            await meter.RunAsync($"API: {name}", async () =>
            {
                try
                {
                    using var content = new RepeatedContent(to => RepeatAsync(to, begin, piece, times, CancellationToken.None));
                    using var answer = await client.PostAsync(new Uri(path, UriKind.Relative), content);
                    return (int)answer.StatusCode is >= 400 and < 500 ? null : $"other reason: {(int)answer.StatusCode}";
                }
                catch (HttpRequestException)
                {
                    return null; // the connection was cut in the middle of the body
                }
            });
        }
    }

    private static async Task RepeatAsync(Stream to, string begin, string piece, int times, CancellationToken cancellationToken)
    {
        await to.WriteAsync(Encoding.ASCII.GetBytes(begin), cancellationToken);
        var block = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(piece, Math.Max(1, Math.Min(times, 65536 / piece.Length)))));
        for (var sent = 0; sent < times; sent += Math.Max(1, block.Length / piece.Length))
        {
            await to.WriteAsync(block, cancellationToken);
        }
    }

    /// <summary>A body that is never whole in this process's memory, since that is measured.</summary>
    private sealed class RepeatedContent : HttpContent
    {
        private readonly Func<Stream, Task> write;

        public RepeatedContent(Func<Stream, Task> write)
        {
            this.write = write;
            Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => write(stream);

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    private static string Short(string text) => text.Length > 40 ? text[..40] + "…" : text;

    /// <summary>Time, peak memory and outcome of each bomb.</summary>
    private sealed class Meter
    {
        private List<(string Name, double Time)> times = [];

        public List<string> Exceptions { get; } = [];
        public List<string> Hung { get; } = [];
        public List<string> Accepted { get; } = [];
        public List<string> OtherReason { get; } = [];
        public List<string> Slow { get; } = [];
        public double Megabytes { get; private set; }
        public string Largest { get; private set; } = "";

        public List<(string Name, double Time)> Take()
        {
            (var taken, times) = (times, []);
            return taken;
        }

        /// <param name="bomb">Null if it was refused or harmless, "accepted", "slow", or another reason.</param>
        public async Task RunAsync(string name, Func<Task<string?>> bomb)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
            File.WriteAllText("/proc/self/clear_refs", "5"); // the peak is counted from here
            var before = Resident("VmRSS:");
            var clock = Stopwatch.GetTimestamp();
            try
            {
                var said = await Task.Run(bomb).WaitAsync(Hang);
                (said switch { "accepted" => Accepted, "slow" => Slow, null => [], _ => OtherReason }).Add($"{name}: {said}");
            }
            catch (Exception thrown)
            {
                (thrown is TimeoutException and not RegexMatchTimeoutException ? Hung : Exceptions).Add($"{name}: {thrown.GetType().Name}");
            }

            times.Add((name, Stopwatch.GetElapsedTime(clock).TotalMilliseconds));
            var grown = Resident("VmHWM:") - before;
            (Megabytes, Largest) = grown > Megabytes ? (grown, name) : (Megabytes, Largest);
        }

        private static double Resident(string name)
        {
            var line = Array.Find(Children.Read("/proc/self/status").Split('\n'), line => line.StartsWith(name, StringComparison.Ordinal))!;
            return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) * 1024 / 1e6;
        }
    }
}
