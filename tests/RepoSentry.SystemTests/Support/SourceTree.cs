namespace RepoSentry.SystemTests.Support;

/// <summary>The repository that the tests were built from.</summary>
internal static class SourceTree
{
    public static string Root { get; } = Find(new DirectoryInfo(AppContext.BaseDirectory));

    public static string At(string path) => Path.Combine(Root, path);

    private static string Find(DirectoryInfo? folder)
    {
        for (; folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "RepoSentry.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"no RepoSentry.slnx above {AppContext.BaseDirectory}");
    }
}
