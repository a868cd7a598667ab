namespace RepoSentry.Providers.PlainGit;

/// <summary>The git executable, taken from the absolute entries of PATH alone: by its bare name, .NET would take one that lies in the working folder.</summary>
internal static class GitProgram
{
    private const string Usual = "/usr/local/bin:/usr/bin:/bin";

    /// <summary>PATH for a child: relative entries would be looked up in the child's own folder.</summary>
    public static string SearchPath => string.Join(':', Entries());

    /// <summary>Where it is; where it should be if it is nowhere.</summary>
    public static string Location => Entries().Select(entry => Path.Combine(entry, "git")).FirstOrDefault(File.Exists) ?? "/usr/bin/git";

    private static string[] Entries()
    {
        var entries = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Where(entry => entry.StartsWith('/')).ToArray();
        return entries.Length > 0 ? entries : Usual.Split(':');
    }
}
