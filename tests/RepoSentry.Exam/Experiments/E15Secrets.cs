using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using RepoSentry.Abstractions;
using RepoSentry.Configuration.Secrets;
using RepoSentry.Exam.Checking;
using RepoSentry.Exam.Support;
using RepoSentry.Storage;
using RepoSentry.Storage.Sqlite;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.Exam.Experiments;

/// <summary>
/// E15: repositories bring tokens of their own through the API, and a browser is signed in. The master key is changed again and again while they move, with
/// kills in the middle; no look may lose its token, no delivery may fail, the session may not end, no file may have a token or a key of sessions in plain, and
/// with another key the service must not start.
/// </summary>
internal static class E15Secrets
{
    private const string Bootstrap = "exam-bootstrap-token-with-some-length";
    private static readonly TimeSpan Refusal = TimeSpan.FromSeconds(2);

    public static async Task RunAsync(Trial trial)
    {
        var (count, rotations) = (trial.Scale(40, 12), trial.Scale(40, 10));
        using var folder = new TemporaryFolder();
        await using var git = await MemoryGit.StartAsync();
        await using var receiver = await new LoggedReceiver(folder.Path).StartAsync();
        var fleet = new Fleet(git, count);
        receiver.Received = (_, body, _) => fleet.Arrived(body);
        await using var service = new ServiceRun($$"""
            polling: { strategy: fixed, interval: 1s, min_interval: 1s }
            security: { master_key: "file:master", allowed_networks: ["127.0.0.0/8"] }
            tekton: { event_listener_url: "{{receiver.Url}}/main", secret: "{{Evidence.Secret}}", requests_per_second: 0 }
            """, api: $", auth: token, bootstrap_token: {Bootstrap}") { Token = Bootstrap };
        var keys = new Keys(service);
        keys.Set(keys.Next());
        await service.Start().ReadyAsync();
        var refused = new List<string>();
        foreach (var name in fleet.Names)
        {
            using var entry = JsonContent.Create(new { name, url = git.Root + "acme/" + name, token = Fleet.TokenOf(name) });
            var (status, text, _) = await service.AskAsync("/api/v1/repositories", HttpMethod.Post, entry);
            if (status != 201)
            {
                refused.Add(text);
            }
        }

        trial.Zero("repositories with a token that were refused", refused.Count, refused.FirstOrDefault());

        await service.WatchingAsync(count);
        using var session = await Session.BeginAsync(service);
        using var ending = new CancellationTokenSource();
        var pushing = fleet.PushAsync(ending.Token);
        var backup = Path.Combine(folder.Path, "backup.db");
        var (answered, killed, failedStarts) = await RotateAsync(trial, service, keys, session, rotations, backup);
        await ending.CancelAsync();
        await pushing;
        await service.UntilAsync(() => Task.FromResult(fleet.Missing == 0), "done with what was pushed", TimeSpan.FromMinutes(2)).ContinueWith(_ => { }, TaskScheduler.Default);

        trial.Equal("rotations that were answered", answered, rotations);
        trial.Reaches("kills in the middle of one", killed, rotations / 6);
        trial.Zero("rotations and starts after them that failed", failedStarts.Count, failedStarts.FirstOrDefault());
        trial.Equal("uses of the session that were answered", session.Answered, rotations);
        trial.Reaches("looks with the right token", fleet.Right, count);
        trial.Zero("looks with a wrong token or none", fleet.Wrong);
        trial.Reaches("pushes", fleet.Pushes, rotations);
        trial.Zero("heads that never arrived", fleet.Missing);
        trial.Zero("deliveries that failed", await FailedAsync(service));
        await SearchAsync(trial, service, fleet, keys, backup);
        await RefuseAsync(trial, service, keys);
    }

    private static async Task<(int Answered, int Killed, List<string> FailedStarts)> RotateAsync(Trial trial, ServiceRun service, Keys keys, Session session, int rotations, string backup)
    {
        var (answered, killed, failed) = (0, 0, new List<string>());
        for (var number = 0; number < rotations; number++)
        {
            var (old, next) = (keys.Current, keys.Next());
            keys.Set(next, old);
            var asking = service.AskAsync("/api/v1/secrets/rotate", HttpMethod.Post);
            if (number % 3 == 2)
            {
                await Task.Delay(trial.Random.Next(4));
                await service.KillAsync();
                killed++;
                await asking;
                await StartAsync(service, failed);
                asking = service.AskAsync("/api/v1/secrets/rotate", HttpMethod.Post);
            }

            var (status, text, _) = await asking;
            answered += status == 200 ? 1 : 0;
            if (status != 200)
            {
                failed.Add($"rotation {number}: {status} {text}");
                break;
            }

            keys.Set(next);
            await session.UseAsync();
            if (number == rotations / 2)
            {
                using var taken = Process.Start(ServiceRun.Executable, ["db", "backup", backup, "--database", service.DatabasePath]);
                await taken.WaitForExitAsync();
                await service.StopAsync(TimeSpan.FromMinutes(1));
                await StartAsync(service, failed); // the new key alone
            }

            await Task.Delay(100);
        }

        return (answered, killed, failed);
    }

    private static async Task StartAsync(ServiceRun service, List<string> failed)
    {
        try
        {
            await service.Start().ReadyAsync();
        }
        catch (TimeoutException e)
        {
            failed.Add(e.Message);
        }
    }

    private static async Task<long> FailedAsync(ServiceRun service)
    {
        var failed = 0L;
        foreach (var status in (string[])["dead", "cancelled"])
        {
            failed += (await service.AskAsync($"/api/v1/deliveries?status={status}&limit=100")).Json?.GetProperty("items").GetArrayLength() ?? 1;
        }

        return failed;
    }

    private static async Task SearchAsync(Trial trial, ServiceRun service, Fleet fleet, Keys keys, string backup)
    {
        var places = new List<(string Where, string Text)> { ("log", service.Log), ("backup", File.Exists(backup) ? Encoding.Latin1.GetString(await File.ReadAllBytesAsync(backup)) : "") };
        foreach (var path in (string[])["/api/v1/repositories?limit=100", "/api/v1/status", "/metrics", "/api/v1/audit?limit=100", "/api/v1/events?limit=100", $"/api/v1/repositories/{fleet.Names[0]}", $"/api/v1/repositories/{fleet.Names[0]}/explain"])
        {
            places.Add((path, (await service.AskAsync(path)).Text));
        }

        await service.KillAsync(); // its log beside the database stays as it is
        places.AddRange(Directory.GetFiles(service.Data).Select(file => (Path.GetFileName(file), Encoding.Latin1.GetString(File.ReadAllBytes(file)))));
        string[] ring = [.. SqliteMaintenance.SessionKeys(service.DatabasePath).SelectMany(key => keys.SecretsOf(key))];
        trial.Reaches("keys of sessions", ring.Length, 1);
        string[] canaries = [.. fleet.Names.Select(Fleet.TokenOf), .. keys.All, .. ring];
        var found = places.SelectMany(place => canaries.Where(canary => place.Text.Contains(canary, StringComparison.Ordinal)).Select(canary => $"{canary} in {place.Where}")).ToList();
        trial.Reaches("files and answers searched", places.Count, 10);
        trial.Reaches("of them with sealed tokens", places.Count(place => place.Text.Contains("sealed:1:", StringComparison.Ordinal)), 2);
        trial.Zero("tokens and keys in plain", found.Count, string.Join(", ", found.Take(3)));
    }

    private static async Task RefuseAsync(Trial trial, ServiceRun service, Keys keys)
    {
        var right = keys.Current;
        keys.Set(keys.Next());
        var clock = Stopwatch.GetTimestamp();
        var ended = await service.Start().EndsAsync(TimeSpan.FromMinutes(1));
        var took = Stopwatch.GetElapsedTime(clock);
        trial.Zero("starts with a wrong key", ended && service.ExitCode == 1 && service.Log.Contains("no line of security.master_key", StringComparison.Ordinal) ? 0 : 1, service.Log[Math.Max(0, service.Log.Length - 500)..]);
        trial.Within("until it refuses", took.TotalSeconds, Refusal.TotalSeconds, "s");
        keys.Set(right);
        var failed = new List<string>();
        await StartAsync(service, failed);
        trial.Zero("starts with the right key afterwards that failed", failed.Count, failed.FirstOrDefault());
    }

    /// <summary>The lines of the master key, as an operator changes them.</summary>
    private sealed class Keys(ServiceRun service)
    {
        public List<string> All { get; } = [];

        public string Current { get; private set; } = "";

        public string Next()
        {
            All.Add(Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
            return All[^1];
        }

        /// <summary>What a key of sessions hides.</summary>
        public IEnumerable<string> SecretsOf(SealedKey key) =>
            XElement.Parse(MasterKey.IsSealed(key.Sealed) ? key.Open(new MasterKey(new Secret(Current))).Plain ?? "<unopened/>" : key.Sealed).Descendants("value").Select(value => value.Value);

        public void Set(params string[] lines)
        {
            Current = lines[0];
            var file = Path.Combine(service.Folder, "master");
            File.WriteAllLines(file + ".new", lines);
            File.Move(file + ".new", file, overwrite: true);
        }
    }

    /// <summary>A browser that stays signed in.</summary>
    private sealed class Session(HttpClient http, string cookie) : IDisposable
    {
        public int Answered { get; private set; }

        public static async Task<Session> BeginAsync(ServiceRun service)
        {
            var http = new HttpClient(new HttpClientHandler { UseCookies = false }) { BaseAddress = new Uri($"http://127.0.0.1:{service.Port}") };
            using var answer = await http.PostAsync(new Uri("/api/v1/session", UriKind.Relative), JsonContent.Create(new { token = Bootstrap }));
            return new Session(http, answer.Headers.TryGetValues("Set-Cookie", out var set) ? set.Single().Split(';')[0] : "");
        }

        public async Task UseAsync()
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/api/v1/tokens", UriKind.Relative));
            request.Headers.TryAddWithoutValidation("Cookie", cookie);
            using var answer = await http.SendAsync(request);
            Answered += answer.IsSuccessStatusCode ? 1 : 0;
        }

        public void Dispose() => http.Dispose();
    }

    /// <summary>Repositories each of which answers its own token only, and who pushes to them.</summary>
    private sealed class Fleet
    {
        private readonly MemoryGit git;
        private readonly ConcurrentDictionary<string, string> heads = new(StringComparer.Ordinal);
        private readonly ConcurrentDictionary<string, string> arrived = new(StringComparer.Ordinal);
        private int right;
        private int wrong;

        public Fleet(MemoryGit git, int count)
        {
            this.git = git;
            Names = [.. Enumerable.Range(0, count).Select(number => string.Create(CultureInfo.InvariantCulture, $"sealed{number}"))];
            git.Trouble = async (name, _, context) =>
            {
                var good = context.Request.Headers.Authorization.ToString() == "Bearer " + TokenOf(name.Split('/')[^1]);
                Interlocked.Increment(ref good ? ref right : ref wrong);
                if (!good)
                {
                    context.Response.StatusCode = 401;
                    await context.Response.CompleteAsync();
                }

                return !good;
            };
        }

        public IReadOnlyList<string> Names { get; }

        public int Right => Volatile.Read(ref right);

        public int Wrong => Volatile.Read(ref wrong);

        public int Pushes { get; private set; }

        public int Missing => heads.Count(head => arrived.GetValueOrDefault(head.Key) != head.Value);

        public static string TokenOf(string name) => $"canary-token-{name}-5e1fd0";

        public void Arrived(byte[] body)
        {
            using var json = JsonDocument.Parse(body);
            arrived[json.RootElement.GetProperty("repository").GetProperty("name").GetString()!] = json.RootElement.GetProperty("after").GetString()!;
        }

        public async Task PushAsync(CancellationToken cancellationToken)
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                var name = Names[Pushes % Names.Count];
                var commit = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes($"{name} {Pushes}")))[..40];
                git["acme/" + name].Set("refs/heads/main", commit);
                heads[name] = commit;
                Pushes++;
                await Task.Delay(20, CancellationToken.None);
            }
        }
    }
}
