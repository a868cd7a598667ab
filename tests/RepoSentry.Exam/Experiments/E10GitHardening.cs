using System.Diagnostics;
using System.Text.Json;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Network;
using RepoSentry.Providers.PlainGit;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.Exam.Experiments;

/// <summary>
/// E10: texts that git or ssh would take for options, commands or other transports are refused by name, and neither a hostile environment, home, working folder
/// nor the repository's own configuration can make a look run anything. Whatever runs leaves a canary file.
/// </summary>
internal static class E10GitHardening
{
    public static async Task RunAsync(Trial trial)
    {
        using var folder = new TemporaryFolder();
        var trap = new Trap(folder.Path);
        using var http = OutboundHttp.CreateClient(new OutboundOptions());
        var options = new PlainGitOptions { Provider = "git", AllowFile = true, Ssh = new SshConfig(null, null, Path.Combine(folder.Path, "known_hosts")) };
        var source = new PlainGitRefSource(options, http, TimeProvider.System);
        await RefuseAsync(source, "https://host/warm.git?x"); // what is compiled first is slow once
        var (accepted, unnamed, slowest) = (new List<string>(), new List<string>(), 0.0);
        var vectors = Texts(trap.Script).Concat(trap.Uris).ToList();
        foreach (var vector in vectors)
        {
            var clock = Stopwatch.GetTimestamp();
            var reason = await RefuseAsync(source, vector);
            slowest = Math.Max(slowest, Stopwatch.GetElapsedTime(clock).TotalMilliseconds);
            if (reason is null)
            {
                accepted.Add(vector);
            }
            else if (reason.Length < 10 || reason.Contains("unexpected", StringComparison.Ordinal))
            {
                unnamed.Add($"{vector}: {reason}");
            }
        }

        var hostile = await trap.LookAsync(source);
        trial.Reaches("vectors", vectors.Count + hostile.Count, 40);
        trial.Zero("canary files", trap.Canaries.Length, string.Join(", ", trap.Canaries));
        trial.Zero("vectors that were not refused", accepted.Count, string.Join(", ", accepted));
        trial.Zero("refusals without a reason", unnamed.Count, unnamed.FirstOrDefault());
        trial.Zero("looks in hostile surroundings that failed or saw something else", hostile.Count(look => look.Failure is not null), hostile.Find(look => look.Failure is not null).ToString());
        trial.Within("slowest refusal", slowest, 100, "ms");
    }

    /// <summary>As the operator writes it, then as a URL that reached the source some other way.</summary>
    /// <returns>Null if a look was begun and ended well or by the network.</returns>
    private static async Task<string?> RefuseAsync(PlainGitRefSource source, string text)
    {
        var loaded = ConfigLoader.LoadText($"repositories: [{{ name: r, url: {JsonSerializer.Serialize(text)}, provider: git }}]\nproviders: [{{ name: git, type: git }}]\n", "exam.yaml");
        var refusal = loaded.Config is null ? string.Join("; ", loaded.Errors) : null;
        if ((loaded.Config?.Repositories[0].Url ?? (Uri.TryCreate(text, UriKind.RelativeOrAbsolute, out var parsed) ? parsed : null)) is not { } url)
        {
            return refusal;
        }

        // What the configuration refuses must be refused below as well, unless it is a web address, which no child of git ever sees.
        if (refusal is not null && url is { IsAbsoluteUri: true, Scheme: "http" or "https" })
        {
            return refusal;
        }

        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            await source.LookAsync(new RefLookRequest(url, [new KindRequest(RefKind.Branch, [], null)]), limit.Token);
            return null;
        }
        catch (RefSourceException refused)
        {
            return refused.Message.Contains("is refused", StringComparison.Ordinal) ? refused.Message : refusal;
        }
        catch (Exception other)
        {
            return "unexpected: " + other.GetType().Name;
        }
    }

    private static IEnumerable<string> Texts(string script) =>
    [
        $"--upload-pack={script}", $"-u{script}", $"--upload-pack={script} /tmp", "--help", "-c", $"-oProxyCommand={script}", $"ext::{script}", $"ext::sh -c {script}", $"EXT::{script}",
        "fd::17/foo", "file::/etc/passwd", "http::https://host/x", "transport::x", "hg::https://host/x", "persistent-https://host/x", "git://host/x", "ftp://host/x", "ftps://host/x",
        "rsync://host/x", "svn+ssh://host/x", "git+ssh://host/x", "ssh+git://host/x", "unix:///run/x.sock", "data:text/plain,x", "javascript:alert(1)", "gopher://host/x",
        $"ssh://-oProxyCommand={script}/x", $"ssh://-oProxyCommand={script}@host/x", $"ssh://git@-oProxyCommand={script}/x", $"ssh://%2doProxyCommand={script}/x", "ssh://git:password@host/x",
        "ssh://git@host/-x", "ssh://git@host/%2dx", "ssh://gi%74;touch@host/x", "ssh://`id`@host/x", "ssh://git@ho st/x", "git@-oProxyCommand=x:y", "-git@host:x", "git@host:-x",
        "git@host:/../x\n--upload-pack=x", "https://host/x\n", "https://host/x\r\nX: y", "https://host/\0x", "https://host/x\t", "https://host/\u202Ex", "https://host\\@evil/x", "https://user:pw@host/x",
        "https://-host/x", "https:///x", "https://", "//host/x", "../up", "~/x", "x", "$(touch x)", "`touch x`", "file://host/etc/passwd", "file:relative", "https://host/x#--upload-pack", "https://host/" + new string('x', 9000) + "?",
    ];

    /// <summary>A script that leaves a canary, and everything that could make git run it.</summary>
    private sealed class Trap
    {
        private readonly string canaries;
        private readonly string home;
        private readonly TestRepository repository;

        public Trap(string folder)
        {
            canaries = Directory.CreateDirectory(Path.Combine(folder, "canaries")).FullName;
            home = Directory.CreateDirectory(Path.Combine(folder, "home")).FullName;
            Script = Write(Path.Combine(folder, "evil"), "script");
            repository = TestRepository.Create(Path.Combine(folder, "repository.git"));
            repository.Push("main", "First");
            foreach (var name in (string[])["git", "ssh", "git-upload-pack", "git-ls-remote", "git-remote-file"])
            {
                Write(Path.Combine(home, name), name);
            }

            File.WriteAllText(Path.Combine(home, ".gitconfig"), $"[core]\n\tsshCommand = {Script}\n\tpager = {Script}\n\tfsmonitor = {Script}\n[credential]\n\thelper = !{Script}\n[alias]\n\tls-remote = !{Script}\n[protocol \"ext\"]\n\tallow = always\n[url \"ext::{Script}\"]\n\tinsteadOf = file://\n[uploadpack]\n\tpackObjectsHook = {Script}\n");
            foreach (var (key, value) in ((string, string)[])[("core.fsmonitor", Script), ("core.sshCommand", Script), ("core.hooksPath", home), ("core.pager", Script), ("uploadpack.packObjectsHook", Script), ("core.alternateRefsCommand", Script), ("alias.ls-remote", "!" + Script)])
            {
                TestGit.Run(repository.Folder, "config", key, value);
            }
        }

        public string Script { get; }

        public string[] Canaries => [.. Directory.GetFiles(canaries).Select(Path.GetFileName).Order()!];

        /// <summary>URLs that only a way around the configuration could bring.</summary>
        public IEnumerable<string> Uris => [$"ext::{Script}%20x", $"ssh://host:22/x?--upload-pack={Script}%0a", "file://localhost.evil/x", "file:///tmp/x%00y", "ssh://git@host/%0ax"];

        /// <summary>Looks at a well-meant URL while one thing after the other around it is hostile.</summary>
        public async Task<List<(string What, string? Failure)>> LookAsync(PlainGitRefSource source)
        {
            (string Name, string Value)[] variables =
            [
                ("GIT_SSH_COMMAND", Script), ("GIT_SSH", Script), ("GIT_PROXY_COMMAND", Script), ("GIT_ASKPASS", Script), ("SSH_ASKPASS", Script), ("GIT_EXEC_PATH", home), ("GIT_PAGER", Script),
                ("GIT_TRACE", Path.Combine(canaries, "GIT_TRACE")), ("GIT_TRACE2_EVENT", Path.Combine(canaries, "GIT_TRACE2_EVENT")), ("GIT_CONFIG_GLOBAL", Path.Combine(home, ".gitconfig")),
                ("GIT_CONFIG_SYSTEM", Path.Combine(home, ".gitconfig")), ("HOME", home), ("XDG_CONFIG_HOME", home), ("GIT_CONFIG_PARAMETERS", $"'alias.ls-remote=!{Script}'"), ("GIT_ALLOW_PROTOCOL", "ext:file"),
                ("GIT_DIR", "/nowhere"), ("GIT_TEMPLATE_DIR", home), ("GIT_EDITOR", Script), ("ENV", Script), ("BASH_ENV", Script), ("PATH", ".::" + Environment.GetEnvironmentVariable("PATH")),
            ];
            var looks = new List<(string, string?)>();
            foreach (var (name, value) in variables)
            {
                var before = Environment.GetEnvironmentVariable(name);
                Environment.SetEnvironmentVariable(name, value);
                looks.Add((name, await SeeAsync(source)));
                Environment.SetEnvironmentVariable(name, before);
            }

            var here = Environment.CurrentDirectory;
            Environment.CurrentDirectory = home;
            looks.Add(("a program named git in the working folder", await SeeAsync(source)));
            Environment.CurrentDirectory = here;
            return looks;
        }

        private async Task<string?> SeeAsync(PlainGitRefSource source)
        {
            try
            {
                using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
                var look = await source.LookAsync(new RefLookRequest(repository.Url, [new KindRequest(RefKind.Branch, [], null)]), limit.Token);
                return look.Kinds[0].Snapshot?.Refs is [{ Name: "refs/heads/main" }] ? null : "other refs";
            }
            catch (RefSourceException failed)
            {
                return failed.Message;
            }
        }

        private string Write(string path, string canary)
        {
            File.WriteAllText(path, $"#!/bin/sh\ntouch {canaries}/{canary}\nexit 1\n");
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            return path;
        }
    }
}
