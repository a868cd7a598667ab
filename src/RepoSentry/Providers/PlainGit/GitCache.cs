using System.Security.Cryptography;
using System.Text;
using RepoSentry.Abstractions;

namespace RepoSentry.Providers.PlainGit;

/// <summary>
/// Where commits that were fetched stand: one bare repository for each remote, below the data folder. What is there can be fetched again, so whatever is too large,
/// broken or unused for long is deleted.
/// </summary>
/// <param name="folder">Made when it is first needed.</param>
internal sealed class GitCache(string folder, TimeProvider time)
{
    /// <summary>Of one remote.</summary>
    public const long MaxBytes = 512L * 1024 * 1024;

    /// <summary>Of all.</summary>
    public const long MaxTotalBytes = 4L * 1024 * 1024 * 1024;

    public static readonly TimeSpan KeptUnused = TimeSpan.FromDays(7);

    private static readonly TimeSpan SweepEvery = TimeSpan.FromHours(1);

    // One question at a time for each remote, and four in all: a fetch costs memory.
    private readonly SemaphoreSlim[] slots = [.. Enumerable.Range(0, 4).Select(_ => new SemaphoreSlim(1))];
    private DateTimeOffset sweptAt = DateTimeOffset.MinValue;

    /// <summary>Runs with the folder of a remote, which nobody else uses meanwhile. It may not be there yet.</summary>
    /// <param name="idLength">Hex digits of an id: repositories of both object formats have folders of their own.</param>
    public async Task<T> UseAsync<T>(string provider, Uri url, int idLength, Func<string, Task<T>> use, CancellationToken cancellationToken)
    {
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{provider}\n{url.AbsoluteUri}\n{idLength}")))[..32];
        var slot = slots[Convert.ToInt32(name[..2], 16) % slots.Length];
        await slot.WaitAsync(cancellationToken);
        try
        {
            var path = Path.Combine(folder, name + ".git");
            Prepare(path);
            var answer = await use(path);
            Judge(path);
            return answer;
        }
        finally
        {
            slot.Release();
        }
    }

    /// <summary>A child that died, or was killed, half-way leaves its locks behind, and no later one gets past them.</summary>
    public static void DeleteIfBroken(string path)
    {
        if (Directory.Exists(path) && (!File.Exists(Path.Combine(path, "HEAD")) || Directory.EnumerateFiles(path, "*.lock", SearchOption.AllDirectories).Any()))
        {
            Delete(path);
        }
    }

    private static void Delete(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // It is tried again at the next sweep.
        }
    }

    private static long SizeOf(string path) => Directory.Exists(path) ? new DirectoryInfo(path).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length) : 0;

    private void Prepare(string path)
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(folder);
            }
            else
            {
                Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            Touch(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new RefSourceException(RefSourceError.Unavailable, "the folder for fetched commits cannot be made below app.data_dir (is it full or read-only?)", innerException: failure);
        }
    }

    private void Touch(string path)
    {
        if (Directory.Exists(path))
        {
            Directory.SetLastWriteTimeUtc(path, time.GetUtcNow().UtcDateTime);
        }
    }

    private void Judge(string path)
    {
        if (!Directory.Exists(path))
        {
            return;
        }

        var now = time.GetUtcNow();
        try
        {
            Touch(path);
            if (SizeOf(path) > MaxBytes)
            {
                Delete(path);
            }

            if (now - sweptAt >= SweepEvery)
            {
                sweptAt = now;
                Sweep(path, now);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Git may be at work in another one: the next time will do.
        }
    }

    // What is in use meanwhile was used just now, so it is never the oldest, nor unused.
    private void Sweep(string used, DateTimeOffset now)
    {
        var total = 0L;
        foreach (var one in new DirectoryInfo(folder).EnumerateDirectories("*.git").OrderByDescending(one => one.LastWriteTimeUtc).ToList())
        {
            total += SizeOf(one.FullName);
            if (one.FullName != Path.GetFullPath(used) && (now.UtcDateTime - one.LastWriteTimeUtc > KeptUnused || total > MaxTotalBytes))
            {
                Delete(one.FullName);
            }
        }
    }
}
