namespace RepoSentry.Providers;

/// <summary>Names a credential as its user knows it: a provider that nobody wrote down has a name with a colon, which says nothing to anybody.</summary>
internal static class CredentialWords
{
    public static string Missing(string provider) => provider.Contains(':', StringComparison.Ordinal)
        ? "it asks for a credential: give this repository a token of its own, or configure a provider for its host"
        : $"it asks for a credential: give provider \"{provider}\" a token";

    public static string Of(string provider) => provider.Contains(':', StringComparison.Ordinal) ? "of this repository" : $"of provider \"{provider}\"";
}
