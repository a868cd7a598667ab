using System.Collections.Concurrent;

namespace RepoSentry.SystemTests.Support;

/// <summary>A ref as a forge lists it.</summary>
internal sealed record FakeRef(string Name, string Commit, string? TagObject = null);

/// <summary>A commit of a forge, made of its parents and what it did to files.</summary>
internal sealed record FakeCommit(string Id, string[] Parents, string Message, string[] Added, string[] Modified, string[] Removed);

/// <summary>A pull request of a forge.</summary>
/// <param name="State">open, closed or merged.</param>
internal sealed record FakePullRequest(int Number, string Commit, string Branch, string Into, bool IsFork, string State = "open")
{
    public const string Created = "2026-11-20T08:00:00Z";
    public const string Closed = "2026-11-24T09:00:00Z";

    public string Title => $"Pull {Number}";

    public bool IsOpen => State == "open";
}

/// <summary>A repository of a forge in memory, or one whose refs are those of a Git repository. It may change while it is looked at.</summary>
internal sealed class FakeRepository(string name, int id)
{
    private readonly ConcurrentDictionary<string, FakeRef> branches = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, FakeRef> tags = new(StringComparer.Ordinal);

    public string Name { get; } = name;
    public int Id { get; } = id;
    public string DefaultBranch { get; set; } = "main";
    public bool IsPrivate { get; set; }
    public bool IsArchived { get; set; }
    public bool IsFork { get; set; }
    public string[] Topics { get; set; } = [];
    public TestRepository? Git { get; set; }
    public Dictionary<string, FakeCommit> Commits { get; } = new(StringComparer.Ordinal);

    public ConcurrentDictionary<int, FakePullRequest> PullRequests { get; } = [];

    public IEnumerable<FakePullRequest> OpenPullRequests => PullRequests.Values.Where(one => one.IsOpen).OrderBy(one => one.Number);

    public FakeRepository Open(int number, int commit, string branch = "topic", string into = "main", bool isFork = false)
    {
        PullRequests[number] = new FakePullRequest(number, Sha(commit), branch, into, isFork);
        return this;
    }

    public FakeRepository Close(int number, string state = "closed")
    {
        PullRequests[number] = PullRequests[number] with { State = state };
        return this;
    }

    /// <summary>Told apart by the beginning, as by the end.</summary>
    public static string Sha(int number) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{number:x12}{0:x16}{number:x12}");

    public FakeRepository Push(string branch, int commit)
    {
        branches[branch] = new FakeRef(branch, Sha(commit));
        return this;
    }

    public FakeRepository Tag(string tag, int commit, int? tagObject = null)
    {
        tags[tag] = new FakeRef(tag, Sha(commit), tagObject is { } number ? Sha(number) : null);
        return this;
    }

    public FakeRepository Untag(string tag)
    {
        tags.TryRemove(tag, out _);
        return this;
    }

    public FakeRepository Delete(string branch)
    {
        branches.TryRemove(branch, out _);
        return this;
    }

    public FakeRepository Commit(int number, int? parent, string message, string[]? added = null, string[]? modified = null, string[]? removed = null)
    {
        Commits[Sha(number)] = new FakeCommit(Sha(number), parent is { } id ? [Sha(id)] : [], message, added ?? [], modified ?? [], removed ?? []);
        return this;
    }

    public IReadOnlyList<FakeRef> Branches() => Git is null ? Sorted(branches) : GitRefs("refs/heads");

    public IReadOnlyList<FakeRef> Tags() => Git is null ? Sorted(tags) : GitRefs("refs/tags");

    public string HeadBranch() => Git is null ? DefaultBranch : TestGit.Run(Git.Folder, "symbolic-ref", "--short", "HEAD");

    /// <summary>The commit and all before it, newest first.</summary>
    public IReadOnlyList<string> History(string commit)
    {
        var found = new List<string>();
        var waiting = new Queue<string>([commit]);
        while (waiting.TryDequeue(out var next))
        {
            if (Commits.TryGetValue(next, out var known) && !found.Contains(next, StringComparer.Ordinal))
            {
                found.Add(next);
                Array.ForEach(known.Parents, waiting.Enqueue);
            }
        }

        return found;
    }

    /// <summary>What differs between two commits as a whole, in the form of one that did it at once.</summary>
    public FakeCommit Difference(string before, string after)
    {
        var (old, current) = (Tree(before), Tree(after));
        var changed = current.Where(pair => old.GetValueOrDefault(pair.Key) != pair.Value).ToLookup(pair => pair.Value.IsNew && !old.ContainsKey(pair.Key), pair => pair.Key);
        return new FakeCommit(after, [before], "", [.. changed[true]], [.. changed[false]], [.. old.Keys.Except(current.Keys)]);
    }

    /// <summary>The same since both parted.</summary>
    public FakeCommit DifferenceSinceFork(string before, string after) => Difference(History(before).FirstOrDefault(History(after).Contains) ?? "", after);

    // Along first parents: what a merge brought is what it did itself.
    private Dictionary<string, (string Version, bool IsNew)> Tree(string commit)
    {
        if (!Commits.TryGetValue(commit, out var known))
        {
            return [];
        }

        var tree = Tree(known.Parents.FirstOrDefault() ?? "");
        foreach (var (path, isNew) in known.Added.Select(path => (path, true)).Concat(known.Modified.Select(path => (path, false))))
        {
            tree[path] = (commit, isNew);
        }

        Array.ForEach(known.Removed, path => tree.Remove(path));
        return tree;
    }

    private static FakeRef[] Sorted(ConcurrentDictionary<string, FakeRef> refs) => [.. refs.Values.OrderBy(item => item.Name, StringComparer.Ordinal)];

    private FakeRef[] GitRefs(string below) =>
    [
        .. TestGit.Run(Git!.Folder, "for-each-ref", "--format=%(refname:lstrip=2) %(objectname) %(*objectname)", below)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' '))
            .Select(part => part[2].Length > 0 ? new FakeRef(part[0], part[2], part[1]) : new FakeRef(part[0], part[1])),
    ];
}
