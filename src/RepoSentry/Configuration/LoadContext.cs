using RepoSentry.Configuration.Secrets;

namespace RepoSentry.Configuration;

/// <summary>What all sections of one load share.</summary>
internal sealed class LoadContext(string file, LoadOptions options, IReadOnlyList<string> allowedVariables)
{
    private readonly Dictionary<string, SettingOrigin> origins = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> written = new(StringComparer.Ordinal);
    private readonly List<string> files = [file];
    private readonly string folder = Path.GetDirectoryName(Path.GetFullPath(file, Environment.CurrentDirectory)) ?? "/";

    public string File => file;

    /// <summary>Reads a reference of a store; null where its form alone is checked.</summary>
    public Func<string, (string? Value, string? Problem)>? Stores => options.Stores;

    public TimeProvider Time => options.Time;

    /// <summary>Whether the operator's file is read, not what came through the API.</summary>
    public bool IsOperators { get; init; } = true;

    public Problems Problems { get; init; } = new();

    public Variables Variables { get; } = new(options.Environment, allowedVariables);

    public SecretReader Secrets => field ??= new SecretReader(this);

    /// <summary>Dotted path of each key that was read, and where its value comes from.</summary>
    public IReadOnlyDictionary<string, SettingOrigin> Origins => origins;

    /// <summary>All files that were read: what a reload watches, secrets apart.</summary>
    public IReadOnlyList<string> Files => files;

    /// <summary>Files named in the configuration stand relative to it.</summary>
    public string Beside(string path) => path.Contains('\0', StringComparison.Ordinal) ? path : Path.GetFullPath(path, folder);

    /// <summary>In quotes as it stands in the file: what variables put into a value is never shown, for it may be a secret.</summary>
    public string Quote(string value) => Wording.Quote(written.GetValueOrDefault(value, value));

    public void CameFrom(string value, string text) => written[value] = text;

    /// <summary>Whether variables went into a value that was read.</summary>
    public bool IsFromVariable(string value) => written.ContainsKey(value);

    public void AlsoRead(string path) => files.Add(path);

    public void Remember(string path, Place? place, string value, string expected)
    {
        var kind = place switch
        {
            null => OriginKind.Default,
            { IsInFile: true } => OriginKind.File,
            { Source: var source } when source.StartsWith(Overrides.VariablePrefix, StringComparison.OrdinalIgnoreCase) => OriginKind.Environment,
            _ => OriginKind.Flag,
        };
        origins[path] = new SettingOrigin(kind, place, value) { Expected = expected };
    }

    /// <summary>Takes back what nobody can set.</summary>
    public void Forget(string path) => origins.Remove(path);
}
