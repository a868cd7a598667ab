using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Storage;

namespace RepoSentry.Tests.Support;

/// <summary>Things with defaults: a test names only what it is about.</summary>
internal static class Build
{
    public static readonly DateTimeOffset Noon = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    /// <summary>A commit id made of one digit.</summary>
    public static string Commit(char digit) => new(digit, 40);

    public static RefSnapshot Branches(params (string Name, char Commit)[] branches) => new(
        RefKind.Branch,
        [.. branches.Select(branch => new GitRef("refs/heads/" + branch.Name, Commit(branch.Commit))).OrderBy(item => item.Name, StringComparer.Ordinal)],
        Validator: null);

    public static RepositoryConfig Repository(string name = "web") => new()
    {
        Name = name,
        Url = new Uri($"https://git.example/acme/{name}.git"),
        Provider = "git",
        ProviderType = "git",
    };

    public static TriggerConfig Trigger(string name = "tekton") => new() { Name = name, Url = new Uri("http://127.0.0.1:1/"), RequestsPerSecond = 0, MaxInFlight = 0 };

    public static OwedDelivery Owed(long id, string repository = "web", string branch = "main") =>
        new() { Id = id, Repository = repository, Ref = "refs/heads/" + branch, CreatedAt = Noon };

    public static ChangeEvent Event(string branch = "main", char? before = '1', char? after = '2', string repository = "web") => new()
    {
        Id = Guid.CreateVersion7(Noon),
        Change = new RefChange(RefKind.Branch, "refs/heads/" + branch, before is { } b ? Commit(b) : null, after is { } a ? Commit(a) : null),
        Repository = new RepositoryInfo(repository, new Uri($"https://git.example/acme/{repository}.git"), "git", "main"),
        DetectedAt = Noon,
        DetectionDelay = TimeSpan.FromSeconds(30),
    };
}
