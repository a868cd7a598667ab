using RepoSentry.Configuration;
using Shouldly;

namespace RepoSentry.Tests.Configuration;

/// <summary>Loads text as <c>config.yaml</c>, with an environment of its own.</summary>
internal static class ConfigOf
{
    public static LoadedConfig Load(string text, params (string Name, string Value)[] environment) => ConfigLoader.LoadText(text, "config.yaml", Environment(environment));

    public static SentryConfig Good(string text, params (string Name, string Value)[] environment)
    {
        var loaded = Load(text, environment);
        loaded.Errors.Select(error => error.ToString()).ShouldBeEmpty();
        return loaded.Config.ShouldNotBeNull();
    }

    public static IReadOnlyList<string> Errors(string text, params (string Name, string Value)[] environment)
    {
        var loaded = Load(text, environment);
        loaded.Config.ShouldBeNull();
        return [.. loaded.Errors.Select(error => error.ToString())];
    }

    /// <summary>Without the warning that stands on most files, for adaptive polling is the default.</summary>
    public static IReadOnlyList<string> Warnings(string text, params (string Name, string Value)[] environment) =>
        [.. Load(text, environment).Warnings.Select(warning => warning.ToString()).Where(warning => !warning.Contains("adaptive", StringComparison.Ordinal))];

    public static LoadOptions Environment(params (string Name, string Value)[] environment) => new() { Environment = environment.ToDictionary(pair => pair.Name, pair => pair.Value) };
}
