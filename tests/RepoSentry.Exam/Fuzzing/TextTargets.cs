using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using RepoSentry.Abstractions;
using RepoSentry.Api;
using RepoSentry.Cli.Receiver;
using RepoSentry.Configuration;
using RepoSentry.Polling;

namespace RepoSentry.Exam.Fuzzing;

/// <summary>What operators and callers write: configurations, patterns, cursors, signatures.</summary>
internal static class TextTargets
{
    /// <summary>What the configuration takes.</summary>
    private const int LongestGlob = 250;
    private const string Key = "a secret of the exam";
    private static readonly StillTime Time = new();
    private static readonly LoadOptions Options = new() { Environment = new Dictionary<string, string> { ["DEV_TOKEN"] = "value" } };

    public static IEnumerable<FuzzTarget> All =>
    [
        new(
            "YAML configuration",
            [new("file", [.. Yaml.Select(Encoding.UTF8.GetBytes)], Load)],
            "\n", "\n  ", "\n- ", ": ", "- ", "[", "]", "{", "}", "&a ", "*a", "!!int ", "!!binary ", "<<: ", "|\n", ">\n", "\"", "'", "#", "---\n", "...\n", "%YAML 1.2\n", "\t", "\0", "~", "null", "${DEV_TOKEN}", "${DEV_TOKEN:-", "env:DEV_TOKEN", "10s", "-1h",
            "99999999999h", "providers", "repositories", "triggers", "polling", "security", "discovery", "storage", "api", "interval", "url", "name", "token", "branches", "tags", "branch_regex", "\npolling: { interval: 10s }\n", "\napi: { listen: \"127.0.0.1:0\" }\n", "\napp: { log_level: debug }\n", "https://", "git@host:a/b", "file:///", "[::1]", "http://[", "github", "\u00ff", "\u00ef\u00bb\u00bf"),
        new("globs", [new("patterns and a name", [.. Globs.Select(Encoding.UTF8.GetBytes)], MatchGlobs)], "*", "**", "**/", "?", "!", "/", "\n", "\0", "[", "]", "\\", "(", "|", "$", ".", "%2A", "feature/"),
        new(
            "branch_regex",
            [new("expression and a name", [.. Expressions.Select(Encoding.UTF8.GetBytes)], MatchExpression)],
            "(", ")", "[", "]", "{2,5}", "{1000}", "*", "+", "?", "|", "^", "$", "\\", "\\d", "\\Q", "\\E", "\\pL", "\\p{Greek}", "\\x{41}", "[[:alpha:]]", "(?i)", "(?P<n>", "(?:", "(?=", "(?<", "\\b", "\\1", ".", "-", "a", "\0"),
        new("API cursors", [new("cursor", [.. Cursors.Select(Encoding.UTF8.GetBytes)], ReadCursor)], "=", "-", "_", "+", "/", "%", "%00", "&limit=", "&cursor=", "MTIz", "\u00ff", "0", "99999999999999999999"),
        new(
            "webhook signatures",
            [new("headers and body", Signatures, Judge)],
            "sha256=", "sha1=", "X-Hub-Signature-256: ", "X-Hub-Signature: ", "X-GitHub-Event: ", "X-Gitlab-Token: ", "X-Event-Key: ", "webhook-id: ", "webhook-signature: ", "webhook-timestamp: ", "v1,", "v1a,", "whsec_", "\n", "\n\n", " ", "=", Key, "\0", "\u00ff"),
    ];

    private static string[] Yaml =>
    [
        """
        tekton: { event_listener_url: "http://el.ci.svc:8080", secret: "env:DEV_TOKEN", format: github }
        security: { allowed_env_vars: [DEV_TOKEN] }
        repositories:
          - { name: web, url: "https://github.com/acme/web", branches: ["main", "!wip/**"], tags: ["v*"] }
        """,
        """
        polling:
          interval: 30s
          max_interval: 5m
        providers:
          - name: lab
            type: gitlab
            url: https://gitlab.corp
        triggers:
          - name: ci
            type: tekton
            url: http://el.ci.svc:8080
        repositories:
          - name: api
            url: https://gitlab.corp/platform/api
            provider: lab
            branch_regex: ^(main|feature/.*)$
            triggers: [ci]
        """,
        """
        tekton: { event_listener_url: "http://el-main.ci.svc:8080" }
        api: { port: 9090 }
        repositories:
          - { name: one, url: "https://github.com/owner/one", provider: github, branch_regex: "^main$" }
        """,
    ];

    private static string[] Globs => ["main\nrelease/**\n!release/old*\0release/1.0", "**\0a", "feature/?*/x\0feature/ab/x", "*a*b*c*\0aXbXc", "!wip/**\0wip/a", "v[0-9].*\0v1.0"];

    private static string[] Expressions => ["^(main|feature/.*)$\0feature/a", @"^v\d+\.\d+$" + "\0v1.2", "(?i)^RELEASE-[[:digit:]]+\0release-1", @"\Qa.b\E|\x{41}\pL" + "\0a.b", "^(a+)+$\0aaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "[^]a-z\\]]{2,10}\0ABC"];

    private static string[] Cursors => ["MTIz", "MA", "OTIyMzM3MjAzNjg1NDc3NTgwNw", "", "MTIz&limit=7"];

    private static IReadOnlyList<byte[]> Signatures
    {
        get
        {
            var body = "{\"ref\":\"refs/heads/main\"}"u8.ToArray();
            var hex = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Key), body));
            var now = Time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
            string[] heads =
            [
                $"X-GitHub-Event: push\nX-Hub-Signature-256: sha256={hex}", $"X-Event-Key: repo:refs_changed\nX-Hub-Signature: sha256={hex}", $"X-Gitlab-Event: Push Hook\nX-Gitlab-Token: {Key}",
                $"webhook-id: 1\nwebhook-timestamp: {now}\nwebhook-signature: v1,AAAA {WebhookSecret.Sign(Encoding.UTF8.GetBytes(Key), "1", now, body)}",
            ];
            return [.. heads.Select(head => (byte[])[.. Encoding.UTF8.GetBytes(head), .. "\n\n"u8, .. body])];
        }
    }

    private static string Load(byte[] bytes)
    {
        var loaded = ConfigLoader.LoadBytes(bytes, "fuzz.yaml", Options);
        if (loaded.Config is null == (loaded.Errors.Count == 0))
        {
            throw new BrokenLawException("neither a configuration nor an error, or both");
        }

        return loaded.Config is { } config
            ? $"read {Math.Min(config.Repositories.Count, 3)} {Math.Min(config.Triggers.Count, 3)} {Math.Min(loaded.Warnings.Count, 3)}"
            : $"{FuzzCase.Refused}{loaded.Errors.Count} {string.Join('|', loaded.Errors.Take(2).Select(error => error.ToString().Length > 0 ? error.Message : throw new BrokenLawException("an error without words")))}";
    }

    private static string MatchGlobs(byte[] bytes)
    {
        var (patterns, name) = Halves(bytes);
        var list = patterns.Split('\n').Take(20).Select(pattern => pattern[..Math.Min(pattern.Length, LongestGlob)]).ToList();
        var text = JsonSerializer.Serialize(list);
        list = JsonSerializer.Deserialize<List<string>>(text)!; // half of a surrogate pair, where a pattern was cut, does not stay one
        var filter = RefFilter.Parse(text);
        var matches = filter.Matches("refs/heads/" + name);
        var wanted = GlobOracle.Matches(list, RefName.ToText(name));
        return matches == wanted ? $"{matches}, {Math.Min(list.Count, 4)} patterns, {filter.Prefixes(RefKind.Branch).Count} prefixes" : throw new BrokenLawException($"the globs match otherwise than by their definition: {matches}");
    }

    private static string MatchExpression(byte[] bytes)
    {
        var (pattern, name) = Halves(bytes);
        if (BranchRegex.TryCompile(pattern, out var problem) is not { } regex)
        {
            return FuzzCase.Refused + (problem.Length > 0 ? problem : throw new BrokenLawException("an expression is refused without words"));
        }

        try
        {
            return $"{regex.IsMatch(name)}, {regex.GetGroupNumbers().Length} groups";
        }
        catch (RegexMatchTimeoutException)
        {
            return FuzzCase.Refused + "takes too long"; // the filter says so of the look: E13 shows it
        }
    }

    private static string ReadCursor(byte[] bytes)
    {
        var context = new DefaultHttpContext { Request = { QueryString = new QueryString("?cursor=" + Encoding.Latin1.GetString(bytes)) } };
        if (!Paging.TryReadKey(context.Request, out var limit, out var key, out var refusal))
        {
            return FuzzCase.Refused + (refusal is null ? throw new BrokenLawException("refused without an answer") : limit is < 1 or > Paging.MaxLimit ? "limit" : "cursor");
        }

        if (limit is < 1 or > Paging.MaxLimit || key < 0)
        {
            throw new BrokenLawException("a limit or a key that cannot be is taken");
        }

        var next = Paging.Answer<string>(context, [], Paging.Key(key)).NextCursor;
        var again = new DefaultHttpContext { Request = { QueryString = new QueryString("?cursor=" + next) } };
        return Paging.TryReadKey(again.Request, out _, out var back, out _) && back == key
            ? $"read {(key is null ? "none" : "a key")}, limit {(limit == Paging.DefaultLimit ? "as usual" : "asked for")}"
            : throw new BrokenLawException("a cursor that was given is read otherwise");
    }

    // What passes must carry what only the owner of the secret can have written.
    private static string Judge(byte[] bytes)
    {
        var split = bytes.AsSpan().IndexOf("\n\n"u8);
        var head = Encoding.Latin1.GetString(split < 0 ? bytes : bytes.AsSpan(0, split));
        var body = split < 0 ? [] : bytes[(split + 2)..];
        var headers = new HeaderDictionary();
        foreach (var line in head.Split('\n'))
        {
            var colon = line.IndexOf(": ", StringComparison.Ordinal);
            if (colon > 0)
            {
                headers.Append(line[..colon], line[(colon + 2)..]);
            }
        }

        var verdict = Interceptor.Judge(headers, body, new Secret(Key), Time);
        return !verdict.Passes ? $"{FuzzCase.Refused}{verdict.Interceptor}: {verdict.Reason}"
            : IsSigned(head, headers, body) ? $"{verdict.Interceptor}: {verdict.Reason}"
            : throw new BrokenLawException($"passes as {verdict.Interceptor} without a signature of its body");
    }

    private static bool IsSigned(string head, HeaderDictionary headers, byte[] body)
    {
        var key = Encoding.UTF8.GetBytes(Key);
        var signed = Encoding.UTF8.GetBytes($"{headers["webhook-id"]}.{headers["webhook-timestamp"]}.");
#pragma warning disable CA5350 // the interceptors take it
        string[] proofs = [Convert.ToHexStringLower(HMACSHA256.HashData(key, body)), Convert.ToHexStringLower(HMACSHA1.HashData(key, body)), Convert.ToBase64String(HMACSHA256.HashData(key, (byte[])[.. signed, .. body])), Key];
#pragma warning restore CA5350
        return Array.Exists(proofs, proof => head.Contains(proof, StringComparison.Ordinal));
    }

    private static (string Pattern, string Name) Halves(byte[] bytes)
    {
        var split = Array.LastIndexOf(bytes, (byte)0);
        return (Encoding.UTF8.GetString(bytes.AsSpan(0, Math.Max(split, 0))), Encoding.UTF8.GetString(bytes.AsSpan(split + 1)));
    }
}
