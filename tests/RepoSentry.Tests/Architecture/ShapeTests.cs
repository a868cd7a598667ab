using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Architecture;

/// <summary>The shape of the tree: sizes that ask for a second look, words that say nothing.</summary>
public sealed class ShapeTests
{
    private static readonly string[] EmptySuffixes = ["Manager", "Helper", "Impl", "Utils", "Base", "Dto"];

    [Fact]
    public void No_source_file_is_longer_than_400_lines_and_no_test_file_than_600()
    {
        var root = Root();
        var long_files =
            from folder in new[] { (Path: "src", Limit: 400), (Path: "tests", Limit: 600), (Path: "benchmarks", Limit: 400) }
            let path = Path.Combine(root, folder.Path)
            where Directory.Exists(path)
            from file in Directory.EnumerateFiles(path, "*.cs", SearchOption.AllDirectories).Concat(Directory.EnumerateFiles(path, "*.razor", SearchOption.AllDirectories))
            where !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal)
            let lines = File.ReadLines(file).Count()
            where lines > folder.Limit
            select $"{Path.GetRelativePath(root, file)}: {lines} lines";

        long_files.ShouldBeEmpty();
    }

    [Fact]
    public void No_type_is_named_by_a_word_that_says_nothing() =>
        typeof(RepoSentry.Configuration.SentryConfig).Assembly.GetTypes()
            .Where(type => type.Namespace?.StartsWith("RepoSentry", StringComparison.Ordinal) == true)
            .Where(type => EmptySuffixes.Any(suffix => type.Name.EndsWith(suffix, StringComparison.Ordinal)))
            .Select(type => type.FullName)
            .ShouldBeEmpty();

    [Fact]
    public void Everything_that_can_be_is_sealed() =>
        typeof(RepoSentry.Configuration.SentryConfig).Assembly.GetTypes()
            .Where(type => type is { IsClass: true, IsAbstract: false, IsSealed: false } && type.Namespace?.StartsWith("RepoSentry", StringComparison.Ordinal) == true && !LadderTests.IsMarkup(type))
            .Select(type => type.FullName)
            .ShouldBeEmpty();

    internal static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "RepoSentry.slnx")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The tests run inside the repository: RepoSentry.slnx was not found above " + AppContext.BaseDirectory);
    }
}
