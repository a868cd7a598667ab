using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using RepoSentry.Configuration;
using RepoSentry.Configuration.Secrets;
using RepoSentry.Storage;

namespace RepoSentry.Api.Access;

/// <summary>
/// The key ring of browser sessions in the database: every process on it reads the same, and each key is sealed whole by the master key. One that no line of
/// it opens is left out: what it protects is a sign-in.
/// </summary>
internal sealed partial class KeyRing(SealedStore store, SealsInUse seals, CurrentConfig config, ILogger<KeyRing> logger) : IXmlRepository
{
    private int read;

    /// <summary>Null: nothing is kept, so nobody can be signed in.</summary>
    public MasterKey? Sealing => config.Value.Security.MasterKey is { } lines ? new MasterKey(lines) : null;

    /// <summary>Why the last read or write failed; null if it did not.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Whether another process has added a key since the last read.</summary>
    public async Task<bool> HasGrownAsync(CancellationToken cancellationToken) => await store.CountKeysAsync(cancellationToken) > Volatile.Read(ref read);

    public IReadOnlyCollection<XElement> GetAllElements() => Try(() =>
    {
        var keys = Wait(store.LoadKeysAsync(CancellationToken.None));
        Volatile.Write(ref read, keys.Count);
        seals.Sessions(keys.Select(key => key.Sealed));
        return Opened(keys);
    });

    public void StoreElement(XElement element, string friendlyName) => Try(() =>
    {
        var key = SealedKey.Of(friendlyName, element.ToString(SaveOptions.DisableFormatting), Needed());
        Wait(store.AddKeyAsync(key, CancellationToken.None));
        Log.Made(logger, friendlyName);
        return true;
    });

    private List<XElement> Opened(IEnumerable<SealedKey> keys)
    {
        var (master, opened) = (Needed(), new List<XElement>());
        foreach (var key in keys)
        {
            var (plain, problem) = key.Open(master);
            if (plain is null)
            {
                Log.Unopened(logger, key.Name, problem!);
                continue;
            }

            opened.Add(XElement.Parse(plain));
        }

        return opened;
    }

    private MasterKey Needed() => Sealing ?? throw new InvalidOperationException("security.master_key is not set");

    // Data Protection asks without waiting, and hides what went wrong in an exception of its own.
    private T Try<T>(Func<T> act)
    {
        try
        {
            var result = act();
            Failure = null;
            return result;
        }
        catch (Exception failure)
        {
            Failure = failure;
            throw;
        }
    }

    private static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();

    private static void Wait(Task task) => task.GetAwaiter().GetResult();

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "browser sessions have a new key: {Name}")]
        public static partial void Made(ILogger logger, string name);

        [LoggerMessage(Level = LogLevel.Warning, Message = "{Name} of browser sessions {Problem}: those who are signed in by it have to sign in again")]
        public static partial void Unopened(ILogger logger, string name, string problem);
    }
}
