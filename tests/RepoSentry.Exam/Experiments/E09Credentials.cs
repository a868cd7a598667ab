using System.Collections.Concurrent;
using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using RepoSentry.Exam.Support;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.Exam.Experiments;

/// <summary>
/// E9: every credential is a canary of its own. Servers redirect elsewhere, refuse in circles, and echo what they were sent in every part of an answer, at the
/// most talkative log level. No canary may show up at another server, in logs, metrics, the API, the support dump, the database, or arguments of processes.
/// </summary>
internal static class E09Credentials
{
    private const string ApiCanary = "canary-api-5b1e0d";

    // What a server does with the request whose head it gets; {0} is the head's secrets, {1} another server.
    private static readonly (string Name, string Answer)[] Tricks =
    [
        ("moved", "HTTP/1.1 301 Moved\r\nLocation: {1}acme/web/info/refs?service=git-upload-pack\r\nContent-Length: 0\r\n\r\n"),
        ("found", "HTTP/1.1 302 Found\r\nLocation: {1}x?echo={0}\r\nContent-Length: 0\r\n\r\n"),
        ("temporary", "HTTP/1.1 307 Temporary\r\nLocation: {1}acme/web\r\nContent-Length: 0\r\n\r\n"),
        ("permanent", "HTTP/1.1 308 Permanent\r\nLocation: //{0}@localhost/x\r\nContent-Length: 0\r\n\r\n"),
        ("challenge", "HTTP/1.1 401 {0}\r\nWWW-Authenticate: Basic realm=\"{0}\"\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n{0}"),
        ("forbidden", "HTTP/1.1 403 {0}\r\nX-GitHub-SSO: required; url={0}\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{\"message\":\"{0}\"}"),
        ("failing", "HTTP/1.1 500 {0}\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<h1>{0}</h1>"),
        ("type", "HTTP/1.1 200 OK\r\nContent-Type: text/{0}\r\nConnection: close\r\n\r\n{0}"),
        ("error", "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\nConnection: close\r\n\r\n{ERR}"),
        ("json", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{\"message\":\"{0}\",\"id\":\"{0}\"}"),
        ("header", "HTTP/1.1 200 {0}\r\n{0}: {0}\r\nContent-Encoding: {0}\r\nConnection: close\r\n\r\n{0}"),
        ("next", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLink: <{1}next?page=2>; rel=\"next\"\r\nConnection: close\r\n\r\n{\"id\":1,\"default_branch\":\"{ref}\"}"),
        ("garbage", "{0}\r\n\r\n"),
    ];

    private static readonly string[] Kinds = ["github", "gitlab", "basic", "bearer"];

    public static async Task RunAsync(Trial trial)
    {
        using var folder = new TemporaryFolder();
        await using var foreign = RawServer.Text("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
        await using var git = await MemoryGit.StartAsync();
        var local = TestRepository.Create(Path.Combine(folder.Path, "local.git"));
        local.Push("main", "First");
        var actors = Kinds.SelectMany(kind => Tricks.Select(trick => new Actor(kind, trick.Name, trick.Answer, foreign.Root)))
            .Concat(Tricks.Select(trick => new Actor("trigger", trick.Name, trick.Answer, foreign.Root))).ToList();
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "known_hosts"), "");
        await using var service = new ServiceRun(Yaml(actors, git, local, folder.Path), logLevel: "trace", api: $", auth: token, bootstrap_token: \"{ApiCanary}\"") { Token = ApiCanary };
        foreach (var actor in actors.Where(actor => actor.ByReference))
        {
            service.Environment[actor.Variable] = actor.Canary;
        }

        var arguments = new ConcurrentDictionary<string, byte>(StringComparer.Ordinal);
        await service.Start().ReadyAsync();
        List<Actor> Used() => [.. actors.Where(actor => actor.Server.Requests.Any(head => actor.Forms.Any(form => head.Contains(form, StringComparison.Ordinal))))];
        var clock = Stopwatch.GetTimestamp();
        for (var round = 0; Stopwatch.GetElapsedTime(clock) is var passed && (passed < TimeSpan.FromSeconds(trial.Scale(40, 12)) || (passed < TimeSpan.FromMinutes(2) && (Used().Count < actors.Count * 0.9 || arguments.Count < 2))); round++)
        {
            git["acme/ok"].Set("refs/heads/main", FakeRepository.Sha(round + 2));
            for (var wait = 0; wait < 40; wait++)
            {
                foreach (var pid in Children.Tree(service.Pid))
                {
                    arguments.TryAdd(Children.Read($"/proc/{pid}/cmdline"), 0);
                }

                await Task.Delay(25);
            }
        }

        string[] canaries = [ApiCanary, "canary-key-77aa", .. actors.SelectMany(actor => actor.Forms)];
        var answers = await ApiAsync(service);
        var dump = await DumpAsync(service);
        await service.StopAsync(TimeSpan.FromMinutes(1));

        trial.Reaches("credentials", canaries.Length, 60);
        trial.Reaches("servers that got their own credential", Used().Count, actors.Count * 0.9);
        trial.Reaches("processes seen", arguments.Count, 2);
        trial.Reaches("answers of the API read", answers.Count, 80);
        Judge(trial, "canaries at another server", canaries, [.. foreign.Requests.Select(head => ("foreign", head)), .. actors.SelectMany(actor => actor.Server.Requests.Select(head => (actor.Name, Others(actor, head))))]);
        Judge(trial, "canaries in logs", canaries, [("standard output", service.Log), .. Directory.GetFiles(service.Folder, "*.log").Select(file => (file, File.ReadAllText(file)))]);
        Judge(trial, "canaries in the API and metrics", canaries, answers);
        trial.Reaches("files of the support dump", dump.Count, 12);
        Judge(trial, "canaries in the support dump", canaries, dump);
        Judge(trial, "canaries in the database", canaries, [.. Directory.GetFiles(service.Data).Select(file => (Path.GetFileName(file), Encoding.Latin1.GetString(File.ReadAllBytes(file))))]);
        Judge(trial, "canaries in arguments of processes", canaries, [.. arguments.Keys.Select(line => ("arguments", line))]);
        Judge(trial, "keys left in temporary folders", ["canary-key-77aa"], [.. Directory.GetDirectories(Path.GetTempPath(), "reposentry-git-*").SelectMany(Directory.GetFiles).Select(file => (file, File.ReadAllText(file)))]);
        actors.ForEach(actor => actor.Dispose());
    }

    private static void Judge(Trial trial, string name, string[] canaries, IReadOnlyCollection<(string Where, string Text)> places)
    {
        var found = places.SelectMany(place => canaries.Where(canary => place.Text.Contains(canary, StringComparison.Ordinal)).Select(canary => $"{canary} in {place.Where}")).Distinct(StringComparer.Ordinal).ToList();
        trial.Zero(name, found.Count, string.Join(", ", found.Take(3)));
    }

    // A request's own credential is where it belongs.
    private static string Others(Actor actor, string head) => actor.Forms.Aggregate(head, (rest, form) => rest.Replace(form, "", StringComparison.Ordinal));

    private static string Yaml(List<Actor> actors, MemoryGit git, TestRepository local, string folder)
    {
        var (sources, triggers) = (actors.Where(actor => actor.Kind != "trigger").ToList(), actors.Where(actor => actor.Kind == "trigger").ToList());
        return $$"""
            polling: { strategy: fixed, interval: 1s, min_interval: 1s, max_interval: 2s, timeout: 3s, retry_attempts: 1, enrich_timeout: 2s }
            security: { require_https: false }
            providers:
              - { name: ok, type: git, url: "{{git.Root}}" }
              - { name: shell, type: git, url: "ssh://git@127.0.0.1:1", ssh: { key: "canary-key-77aa", known_hosts: "{{folder}}/known_hosts" } }
            {{string.Concat(sources.Select(actor => actor.Provider))}}
            triggers:
            {{string.Concat(triggers.Select(actor => actor.Trigger))}}
            repositories:
              - { name: ok, url: "{{git.Root}}acme/ok", provider: ok }
              - { name: local, url: "{{local.Url}}" }
              - { name: shell, url: "ssh://git@127.0.0.1:1/acme/web", provider: shell }
            {{string.Concat(sources.Select(actor => actor.Repository))}}
            """;
    }

    private static async Task<List<(string Where, string Text)>> ApiAsync(ServiceRun service)
    {
        var answers = new List<(string, string)>();
        List<string> paths = ["/metrics", "/healthz?verbose", "/readyz", "/openapi/v1.json", "/api/v1/status", "/api/v1/metrics.json", "/api/v1/triggers", "/api/v1/repositories?limit=100", "/api/v1/events?limit=100", "/api/v1/deliveries?limit=100"];
        foreach (var (list, key, tails) in (ReadOnlySpan<(string, string, string[])>)[("/api/v1/repositories", "name", ["", "/polls", "/refs", "/explain"]), ("/api/v1/deliveries", "id", [""]), ("/api/v1/events", "id", [""])])
        {
            var items = service.AskAsync(list + "?limit=100").GetAwaiter().GetResult().Json?.GetProperty("items").EnumerateArray().Select(item => item.GetProperty(key).ToString()) ?? [];
            paths.AddRange(items.SelectMany(item => tails.Select(tail => $"{list}/{item}{tail}")));
        }

        foreach (var path in paths)
        {
            answers.Add((path, (await service.AskAsync(path)).Text));
        }

        return answers;
    }

    private static async Task<List<(string Where, string Text)>> DumpAsync(ServiceRun service)
    {
        var file = Path.Combine(service.Folder, "dump.tar.gz");
        var start = new ProcessStartInfo(ServiceRun.Executable, ["support", "dump", "-o", file, "-c", service.ConfigPath, "--server", $"http://127.0.0.1:{service.Port}"]) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["REPOSENTRY_TOKEN"] = ApiCanary;
        foreach (var (name, value) in service.Environment)
        {
            start.Environment[name] = value;
        }

        using var dump = Process.Start(start)!;
        await Task.WhenAll(dump.StandardError.ReadToEndAsync(), dump.StandardOutput.ReadToEndAsync(), dump.WaitForExitAsync());
        var parts = new List<(string, string)>();
        await using var archive = new TarReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
        while (await archive.GetNextEntryAsync(copyData: true) is { } entry)
        {
            using var text = new StreamReader(entry.DataStream ?? Stream.Null);
            parts.Add((entry.Name, await text.ReadToEndAsync()));
        }

        return parts;
    }

    /// <summary>A server with a trick, and the credential that belongs to it.</summary>
    private sealed class Actor : IDisposable
    {
        private static readonly string[] SecretHeaders = ["Authorization", "PRIVATE-TOKEN", "X-Gitlab-Token", "X-Canary", "X-Hub-Signature-256"];

        public Actor(string kind, string trick, string answer, Uri foreign)
        {
            (Kind, Name) = (kind, $"{kind}-{trick}");
            Canary = $"canary-{Name}-{Guid.NewGuid().ToString("N")[..8]}";
            ByReference = trick.Length % 2 == 0;
            Server = new RawServer((head, connection, token) => connection.WriteAsync(Encoding.Latin1.GetBytes(Answer(answer, head, foreign)), token).AsTask());
        }

        public string Kind { get; }
        public string Name { get; }
        public string Canary { get; }
        public bool ByReference { get; }
        public RawServer Server { get; }
        public string Variable => "EXAM_" + Name.Replace('-', '_').ToUpperInvariant() + "_TOKEN";

        public string[] Forms => Kind == "basic" ? [Canary, Convert.ToBase64String(Encoding.UTF8.GetBytes("robot:" + Canary))] : [Canary];

        public string Provider => $"  - {{ name: {Name}, type: {(Kind is "github" or "gitlab" ? $"{Kind}, api_base_url: \"{Server.Root}\", requests_per_minute: 100000" : "git")}, url: \"{Server.Root}\", token: \"{Reference}\"{(Kind == "basic" ? ", username: robot" : "")} }}\n";

        public string Repository => $"  - {{ name: {Name}, url: \"{Server.Root}acme/web\", provider: {Name} }}\n";

        public string Trigger => $"  - {{ name: {Name}, url: \"{Server.Root}\", secret: \"{Reference}\", format: gitlab, headers: {{ X-Canary: \"{Canary}\" }}, timeout: 2s, retry: {{ initial: 200ms, max: 1s }} }}\n";

        private string Reference => ByReference ? "env:" + Variable : Canary;

        public void Dispose() => Server.DisposeAsync().AsTask().GetAwaiter().GetResult();

        private static string Answer(string answer, string head, Uri foreign)
        {
            var echo = string.Join(' ', head.Split("\r\n").Where(line => SecretHeaders.Any(name => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))).Select(line => line[(line.IndexOf(':') + 1)..].Trim()));
            echo = echo.Length == 0 ? "nothing" : echo;
            return answer.Replace("{0}", echo, StringComparison.Ordinal).Replace("{1}", foreign.AbsoluteUri, StringComparison.Ordinal).Replace("{ref}", "main", StringComparison.Ordinal)
                .Replace("{ERR}", MemoryGit.Packet("# service=git-upload-pack\n") + "0000" + MemoryGit.Packet("ERR " + echo), StringComparison.Ordinal);
        }
    }
}
