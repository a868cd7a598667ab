using System.Text;

namespace RepoSentry.SystemTests.Support;

/// <summary>A bare repository that tests change directly, without a work tree.</summary>
internal sealed class TestRepository
{
    private TestRepository(string path, Uri url)
    {
        Folder = path;
        Url = url;
    }

    public string Folder { get; }

    /// <summary>Where a client reads it.</summary>
    public Uri Url { get; }

    /// <param name="path">Folder to make.</param>
    /// <param name="url">Where it is served; null for its file URL.</param>
    public static TestRepository Create(string path, Uri? url = null, string objectFormat = "sha1")
    {
        Directory.CreateDirectory(path);
        TestGit.Run(path, "init", "--quiet", "--bare", "--initial-branch=main", $"--object-format={objectFormat}", ".");
        TestGit.Run(path, "config", "http.receivepack", "true");
        TestGit.Run(path, "config", "http.uploadpack", "true");
        return new TestRepository(path, url ?? new Uri("file://" + path));
    }

    /// <summary>Adds a commit to a branch, made from nothing if it is new.</summary>
    /// <returns>Id of the commit.</returns>
    public string Push(string branch, string message, params (string Path, string Content)[] files)
    {
        var name = branch.StartsWith("refs/", StringComparison.Ordinal) ? branch : "refs/heads/" + branch;
        var stream = new StringBuilder($"commit {name}\ncommitter Ada <ada@example.org> now\n").Append(Data(message));
        if (Resolve(name) is { } parent)
        {
            stream.Append($"from {parent}\n");
        }

        foreach (var (path, content) in files)
        {
            stream.Append($"M 100644 inline {path}\n").Append(Data(content));
        }

        TestGit.Run("git", Folder, ["fast-import", "--quiet", "--force", "--date-format=now"], stream.Append('\n').ToString());
        return Resolve(name)!;
    }

    /// <returns>Id of the tag object, or of the commit for a lightweight tag.</returns>
    public string Tag(string name, string target = "main", bool annotated = true)
    {
        TestGit.Run(Folder, annotated ? ["tag", "--force", "--annotate", "--message", name, name, target] : ["tag", "--force", name, target]);
        return TestGit.Run(Folder, "rev-parse", "refs/tags/" + name);
    }

    /// <summary>Moves or makes a ref, whatever it was.</summary>
    public void Set(string fullName, string target) => TestGit.Run(Folder, "update-ref", fullName, target);

    public void Delete(string fullName) => TestGit.Run(Folder, "update-ref", "-d", fullName);

    /// <summary>Makes many refs at once, all at one commit.</summary>
    public void SetMany(IEnumerable<string> fullNames, string target)
    {
        TestGit.Run("git", Folder, ["update-ref", "--stdin"], string.Concat(fullNames.Select(name => $"create {name} {target}\n")));
        TestGit.Run(Folder, "pack-refs", "--all");
    }

    /// <summary>Deletes packed refs at once: no look sees some of them only.</summary>
    public void DeleteMany(IEnumerable<string> fullNames) =>
        TestGit.Run("git", Folder, ["update-ref", "--stdin"], string.Concat(fullNames.Select(name => $"delete {name}\n")));

    public void SetDefaultBranch(string branch) => TestGit.Run(Folder, "symbolic-ref", "HEAD", "refs/heads/" + branch);

    public string? Resolve(string name) =>
        TestGit.Run(Folder, "for-each-ref", "--format=%(objectname)", name) is { Length: > 0 } id ? id : null;

    private static string Data(string text) => $"data {Encoding.UTF8.GetByteCount(text)}\n{text}\n";
}
