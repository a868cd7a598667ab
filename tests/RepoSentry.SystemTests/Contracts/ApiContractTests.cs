using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Contracts;

/// <summary>What others read of the product is judged by tools that others use.</summary>
public sealed class ApiContractTests
{
    private const string Folder = "tests/contracts/openapi";

    [Fact]
    public void The_linter_finds_no_error_in_the_openapi_document()
    {
        Need();
        TestGit.Run("node", SourceTree.At(Folder), ["node_modules/.bin/redocly", "lint", SourceTree.At("docs/openapi.json"), "--extends", "recommended", "--format", "json"]).ShouldContain("\"errors\": 0");
    }

    [Fact]
    public void Every_configuration_in_the_documents_is_valid_against_the_schema()
    {
        Need();
        var lines = TestGit.Run("node", SourceTree.At(Folder), ["validate-config.mjs", SourceTree.At("docs/config.schema.json"), SourceTree.At(".")]).Trim().Split('\n');
        lines.Length.ShouldBe(1, string.Join('\n', lines));
        int.Parse(lines[0].Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture).ShouldBeGreaterThan(6);
    }

    private static void Need()
    {
        Assert.SkipUnless(Directory.Exists(Path.Combine(SourceTree.At(Folder), "node_modules")), $"run npm ci in {Folder} first (./test does)");
        Assert.SkipWhen(TestGit.Find("node") is null, "node is not installed");
    }
}
