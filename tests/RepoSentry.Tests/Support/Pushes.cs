using System.Text.Json;
using RepoSentry.Abstractions;
using RepoSentry.Delivery.Payloads;

namespace RepoSentry.Tests.Support;

/// <summary>Changes as the payloads tell of them.</summary>
internal static class Pushes
{
    public static readonly Guid EventId = Guid.Parse("019abf00-0000-7000-8000-000000000001");

    public static ChangeEvent Event(string @ref = "refs/heads/main", char? before = '1', char? after = '2', string url = "https://github.com/acme/web", string provider = "github")
    {
        var kind = @ref.StartsWith(GitRef.TagPrefix, StringComparison.Ordinal) ? RefKind.Tag : RefKind.Branch;
        return new ChangeEvent
        {
            Id = EventId,
            Change = new RefChange(kind, @ref, before is { } b ? Build.Commit(b) : null, after is { } a ? Build.Commit(a) : null),
            Repository = new RepositoryInfo("web", new Uri(url), provider, "main", "186853002", Private: false),
            DetectedAt = Build.Noon,
            DetectionDelay = TimeSpan.FromSeconds(30),
        };
    }

    /// <summary>A pull request that was opened, moved or closed.</summary>
    public static ChangeEvent PullRequest(char? before, char? after, PullRequestInfo told, string url = "https://github.com/acme/web", string provider = "github")
    {
        var change = Event("refs/pull/7/head", before, after, url, provider);
        return change with { Change = change.Change with { Kind = RefKind.PullRequest }, PullRequest = told };
    }

    /// <summary>All that a forge may tell: two commits, their people, times and files.</summary>
    public static ChangeEvent Known(this ChangeEvent change) => change with
    {
        Forced = true,
        Commits = [Commit(new string('a', 40), "First"), Commit(change.Change.After!, "Second\n\nWith a body")],
        CommitCount = 2,
        CompareUrl = "https://github.com/acme/web/compare/111...222",
    };

    public static CommitInfo Commit(string id, string message) => new()
    {
        Id = id,
        Message = message,
        Timestamp = new DateTimeOffset(2026, 11, 24, 11, 58, 0, TimeSpan.FromHours(2)),
        Url = "https://github.com/acme/web/commit/" + id,
        Author = new PersonInfo("Ada", "ada@example.org", "ada"),
        Committer = new PersonInfo("Bob", "bob@example.org"),
        Added = ["new.txt"],
        Modified = ["src/a.cs", "src/b.cs"],
        Removed = ["old.txt"],
    };

    public static JsonElement Body(string format, ChangeEvent change)
    {
        using var json = JsonDocument.Parse(PayloadFormats.Render(format, change).Body);
        return json.RootElement.Clone();
    }

    /// <summary>The element at a path such as <c>commits[0].author.name</c>; throws where it is missing.</summary>
    public static JsonElement At(this JsonElement element, string path)
    {
        foreach (var step in path.Replace("[", ".[").Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            element = step[0] == '[' ? element[int.Parse(step[1..^1])] : element.TryGetProperty(step, out var value) ? value : throw new KeyNotFoundException($"{path}: no {step}");
        }

        return element;
    }

    public static string Text(this JsonElement element, string path) => element.At(path).ToString();
}
