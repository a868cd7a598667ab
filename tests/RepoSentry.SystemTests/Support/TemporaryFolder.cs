namespace RepoSentry.SystemTests.Support;

/// <summary>Gone with everything in it when the test ends.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("test-");

    public string Path => folder.FullName;

    public void Dispose() => folder.Delete(recursive: true);
}
