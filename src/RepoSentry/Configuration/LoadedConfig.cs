using System.Collections;
using System.Text.RegularExpressions;

namespace RepoSentry.Configuration;

/// <summary>The result of a load.</summary>
/// <param name="Config">Null where there is any error.</param>
internal sealed record LoadedConfig(SentryConfig? Config, IReadOnlyList<ConfigProblem> Errors, IReadOnlyList<ConfigProblem> Warnings)
{
    /// <summary>Dotted path (<c>polling.interval</c>, <c>repositories[0].url</c>) of each known key, and where its value comes from.</summary>
    public IReadOnlyDictionary<string, SettingOrigin> Origins { get; init; } = new Dictionary<string, SettingOrigin>();

    /// <summary>Reads further repositories as if they stood in the file; null where there is no configuration.</summary>
    public RepositoryEntries? Entries { get; init; }

    /// <summary>The files that were read: what a reload watches. Secret files watch themselves.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];
}

internal enum OriginKind
{
    Default,
    File,
    Environment,
    Flag,
}

/// <param name="Place">Null for a default.</param>
/// <param name="Value">As written, with variables unexpanded; <c>***</c> for a secret. Safe to show.</param>
internal sealed partial record SettingOrigin(OriginKind Kind, Place? Place, string Value)
{
    /// <summary>The value as it may be shown: what a URL has as user or query may be a secret.</summary>
    public string Shown => Credential.Replace(Value, match => match.Value.StartsWith('?') ? "?***" : "://***@");

    /// <summary>What the key may hold, as the errors call it.</summary>
    public string Expected { get; init; } = "";

    public override string ToString() => Kind switch
    {
        OriginKind.Default => "default",
        OriginKind.File => $"file {Place}",
        OriginKind.Environment => $"variable {Place}",
        _ => $"flag {Place}",
    };

    [GeneratedRegex(@"://[^/\s?#@]+@|(?<=://\S*)\?\S+", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Credential { get; }
}

internal sealed record LoadOptions
{
    /// <summary>Looked up by <c>${VAR}</c> and <c>env:</c>, and searched for <c>REPOSENTRY__SECTION__KEY</c>.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = OfTheProcess();

    /// <summary>Settings given on the command line, by dotted path (<c>api.listen</c>): they win over everything.</summary>
    public IReadOnlyDictionary<string, string> Flags { get; init; } = new Dictionary<string, string>();

    /// <summary>Reads <c>k8s:</c> and <c>vault:</c> references; null checks their form alone.</summary>
    public Func<string, (string? Value, string? Problem)>? Stores { get; init; }

    /// <summary>What secrets of stores grow old by.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    private static Dictionary<string, string> OfTheProcess() =>
        System.Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? "", StringComparer.Ordinal);
}
