namespace RepoSentry.Configuration;

/// <summary>Where the configuration of a running service comes from, so that it can be read again.</summary>
/// <param name="Path">The file.</param>
/// <param name="Flags">What the command line said, by dotted path.</param>
/// <param name="Stores">Reads references of stores.</param>
internal sealed record ConfigSource(string Path, IReadOnlyDictionary<string, string> Flags, Func<string, (string? Value, string? Problem)>? Stores = null)
{
    public LoadedConfig Load() => ConfigLoader.Load(Path, new LoadOptions { Flags = Flags, Stores = Stores });

    /// <summary>Changes with the file, most of the time; costs next to nothing to ask for.</summary>
    public (DateTime Written, long Length, string? Target) Stamp()
    {
        try
        {
            var file = new FileInfo(Path);
            var real = file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo;
            return ((real ?? file).LastWriteTimeUtc, (real ?? file).Length, real?.FullName);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return default;
        }
    }

    /// <summary>A mark of the file's content; null while it cannot be read.</summary>
    public string? Mark()
    {
        try
        {
            return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(Path)));
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
