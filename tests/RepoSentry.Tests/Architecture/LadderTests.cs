using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Architecture;

/// <summary>A module may use lower rungs, never its own rung, never a higher one.</summary>
public sealed class LadderTests
{
    private static readonly string[][] Rungs =
    [
        ["Configuration", "Telemetry", "Network"],
        ["Storage"],
        ["Providers", "Events"],
        ["Polling", "Delivery", "Notifications"],
        ["Api"],
        ["Dashboard"],
        ["Hosting"],
        ["Cli"],
    ];

    private static readonly ArchUnitNET.Domain.Architecture Product =
        new ArchLoader().LoadAssemblies(typeof(RepoSentry.Configuration.SentryConfig).Assembly).Build();

    [Fact]
    public void No_module_uses_its_own_rung_or_a_higher_one()
    {
        var offences =
            from type in Product.Types
            let user = Module(type)
            where user is not null
            from used in type.Dependencies.Select(dependency => Module(dependency.Target)).Distinct()
            where used is not null && used != user && Rung(used) >= Rung(user)
            select $"{type.FullName} uses {used}";

        offences.Distinct().ShouldBeEmpty();
    }

    [Fact]
    public void Every_module_stands_on_a_rung() =>
        Product.Types.Select(Module).OfType<string>().Distinct().ShouldBeSubsetOf(Rungs.SelectMany(rung => rung));

    // Components of Razor compile as public whatever one writes.
    internal static bool IsMarkup(System.Type type) => type.Name == "_Imports" || typeof(Microsoft.AspNetCore.Components.IComponent).IsAssignableFrom(type);

    [Fact]
    public void Nothing_in_the_executable_is_public() =>
        typeof(RepoSentry.Configuration.SentryConfig).Assembly.GetExportedTypes()
            .Where(type => type.Namespace?.StartsWith("RepoSentry", StringComparison.Ordinal) == true && !IsMarkup(type))
            .ShouldBeEmpty();

    private static int Rung(string module) => Array.FindIndex(Rungs, rung => rung.Contains(module));

    private static string? Module(IType type)
    {
        var parts = type.Namespace?.FullName?.Split('.') ?? [];
        return parts is ["RepoSentry", var module, ..] && module != "Abstractions" ? module : null;
    }
}
