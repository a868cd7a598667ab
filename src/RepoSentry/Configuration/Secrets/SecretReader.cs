using System.Text.RegularExpressions;
using RepoSentry.Abstractions;

namespace RepoSentry.Configuration.Secrets;

/// <summary>
/// Makes a <see cref="Secret"/> of what stands in the configuration: <c>env:NAME</c>, <c>file:PATH</c>, <c>k8s:NAMESPACE/NAME#KEY</c>, <c>vault:PATH#KEY</c>,
/// text with <c>${VAR}</c>, or a literal.
/// References are told by the text as written: a variable whose value begins with <c>file:</c> reads no file. What came through the API is taken as it stands.
/// </summary>
internal sealed partial class SecretReader(LoadContext load)
{
    /// <param name="manyLines">Whether line breaks may be in it; elsewhere they would break a header.</param>
    /// <param name="lenient">Whether a missing variable or file is a warning only.</param>
    /// <param name="literalIsFine">Whether plain text in the file is no cause for a warning.</param>
    public Secret? Read(ScalarNode scalar, string name, bool manyLines, bool lenient, bool literalIsFine = false)
    {
        var secret = Resolve(scalar, name, lenient, literalIsFine);
        if (secret is null || manyLines || !secret.Reveal().Any(char.IsControl))
        {
            return secret;
        }

        load.Problems.Error(scalar.Place, $"{name}: the secret has control characters or several lines");
        return null;
    }

    /// <summary>The absolute path of a <c>file:</c> reference; null for anything else.</summary>
    public string? FilePath(ScalarNode scalar) => scalar.Text.StartsWith("file:", StringComparison.Ordinal) && Expand(scalar).Text is { } text ? load.Beside(text[5..]) : null;

    /// <summary>Whether only the form of its reference was checked.</summary>
    public bool IsUnread(Secret secret) => load.Stores is null && secret.Origin is { } origin && IsOfStore(origin);

    private static bool IsOfStore(string text) => text.StartsWith("k8s:", StringComparison.Ordinal) || text.StartsWith("vault:", StringComparison.Ordinal);

    private Secret? Resolve(ScalarNode scalar, string name, bool lenient, bool literalIsFine)
    {
        var text = scalar.Text;
        if (text.Length == 0)
        {
            return null;
        }

        return !load.IsOperators ? new Secret(text)
            : IsOfStore(text) ? FromStore(scalar, name, lenient)
            : text.StartsWith("env:", StringComparison.Ordinal) ? FromVariable(scalar, name, lenient)
            : text.StartsWith("file:", StringComparison.Ordinal) ? FromFile(scalar, name, lenient)
            : FromText(scalar, name, lenient, literalIsFine);
    }

    private Secret? FromVariable(ScalarNode scalar, string name, bool lenient)
    {
        var variable = scalar.Text[4..];
        var (value, problem) = load.Variables.Look(variable);
        if (problem is not null)
        {
            SectionReader.Missing(load, scalar.Place, name, problem with { Hint = problem.IsMissing ? "set it where the service starts" : problem.Hint }, lenient);
            return null;
        }

        return new Secret(() => value!, scalar.Text);
    }

    private Secret? FromFile(ScalarNode scalar, string name, bool lenient)
    {
        var (text, _, problem) = Expand(scalar);
        if (problem is not null)
        {
            SectionReader.Missing(load, scalar.Place, name, problem, lenient);
            return null;
        }

        var file = new SecretFile(load.Beside(text![5..]));
        if (file.Load() is { } complaint)
        {
            SectionReader.Missing(load, scalar.Place, name, new Unresolved($"the secret file {Wording.Quote(scalar.Text[5..])} {complaint}", "paths stand relative to the configuration file", IsMissing: true), lenient);
            return null;
        }

        return new Secret(file.Reveal, scalar.Text);
    }

    private Secret? FromStore(ScalarNode scalar, string name, bool lenient)
    {
        var (text, _, problem) = Expand(scalar);
        if (problem is not null)
        {
            SectionReader.Missing(load, scalar.Place, name, problem, lenient);
            return null;
        }

        var form = text!.StartsWith("k8s:", StringComparison.Ordinal) ? "k8s:NAMESPACE/NAME#KEY" : "vault:PATH#KEY";
        if (!(text.StartsWith("k8s:", StringComparison.Ordinal) ? Kubernetes : Vault).IsMatch(text))
        {
            load.Problems.Error(scalar.Place, $"{name}: {Wording.Quote(scalar.Text)} is no reference of the form {form}");
            return null;
        }

        if (load.Stores is not { } fetch)
        {
            return new Secret(() => "not read", scalar.Text); // only the form is checked
        }

        var stored = new StoredSecret(text, fetch, load.Time);
        if (stored.Load() is { } complaint)
        {
            SectionReader.Missing(load, scalar.Place, name, new Unresolved($"{Wording.Quote(scalar.Text)} {complaint}", "see the secret references in the documents", IsMissing: true), lenient);
            return null;
        }

        return new Secret(stored.Reveal, scalar.Text);
    }

    private Secret? FromText(ScalarNode scalar, string name, bool lenient, bool literalIsFine)
    {
        var (text, names, problem) = Expand(scalar);
        if (problem is not null)
        {
            SectionReader.Missing(load, scalar.Place, name, problem, lenient);
            return null;
        }

        if (names.Count == 0 && scalar.Place.IsInFile && !literalIsFine)
        {
            load.Problems.Warn(scalar.Place, $"{name}: a secret stands here in plain text", "use a reference: ${NAME}, env:NAME or file:PATH");
        }

        var origin = names.Count > 0 ? "env:" + string.Join(',', names) : scalar.Place.IsInFile ? null : scalar.Place.Source;
        return text is { Length: > 0 } ? new Secret(() => text, origin) : null;
    }

    [GeneratedRegex(@"\Ak8s:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?/[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?#[A-Za-z0-9._-]{1,253}\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Kubernetes { get; }

    [GeneratedRegex(@"\Avault:[A-Za-z0-9_.-]+(/[A-Za-z0-9_. -]+)*#[^#\s]{1,253}\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Vault { get; }

    private Expansion Expand(ScalarNode scalar) => scalar.Place.IsInFile ? load.Variables.Expand(scalar.Text) : new Expansion(scalar.Text, [], null);
}
