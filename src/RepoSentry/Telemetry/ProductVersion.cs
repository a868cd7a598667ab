using System.Reflection;

namespace RepoSentry.Telemetry;

/// <summary>Which build this is.</summary>
internal static class ProductVersion
{
    /// <summary>Semantic version with the commit: <c>1.2.0+abc1234</c>.</summary>
    public static string Text { get; } =
        typeof(ProductVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";
}
