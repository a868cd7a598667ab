namespace RepoSentry.Cli.Init;

/// <summary>What the wizard asks for. Secrets are references: <c>${NAME}</c>, <c>file:PATH</c>; null for none.</summary>
internal sealed record InitAnswers
{
    public static InitAnswers Example { get; } = Of("github");

    public required string Type { get; init; }

    public required string ForgeUrl { get; init; }

    public required string? Token { get; init; }

    public IReadOnlyList<string> Repositories { get; init; } = ["https://github.com/acme/web"];

    public IReadOnlyList<string> Branches { get; init; } = ["**"];

    public string Listener { get; init; } = "http://el-main.ci.svc:8080";

    public string? Secret { get; init; } = "${WEBHOOK_SECRET}";

    public string Interval { get; init; } = "60s";

    public string Listen { get; init; } = "127.0.0.1:8080";

    /// <summary>The variables that the service will want, and what each holds.</summary>
    public IEnumerable<(string Name, string Holds)> Variables =>
        ((string? Reference, string Holds)[])[(Token, $"the token of {ForgeUrl}"), (Secret, "the secret that the EventListener's interceptor checks")] switch
        {
            var all => all.Where(pair => pair.Reference?.StartsWith("${", StringComparison.Ordinal) == true).Select(pair => (pair.Reference![2..^1], pair.Holds)),
        };

    public static InitAnswers Of(string type) => new()
    {
        Type = type,
        ForgeUrl = type switch { "github" => "https://github.com", "gitlab" => "https://gitlab.com", "gitea" => "https://codeberg.org", "bitbucket" => "https://bitbucket.org", "azure" => "https://dev.azure.com", _ => "https://git.example.org" },
        Token = $"${{{type.ToUpperInvariant()}_TOKEN}}",
    };

    /// <summary>A name for each repository: the last part of its URL, and more of it where that is taken.</summary>
    public IEnumerable<(string Name, string Url)> Named()
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var url in Repositories)
        {
            var parts = (url.EndsWith(".git", StringComparison.Ordinal) ? url[..^4] : url.TrimEnd('/')).Split('/', ':');
            var lengths = Enumerable.Range(1, Math.Max(1, parts.Length - 1));
            var name = lengths.Select(length => string.Join('/', parts[^length..].Where(part => part.Length > 0))).FirstOrDefault(candidate => !taken.Contains(candidate)) ?? $"{parts[^1]}-{taken.Count + 1}";
            taken.Add(name);
            yield return (name, url);
        }
    }
}
