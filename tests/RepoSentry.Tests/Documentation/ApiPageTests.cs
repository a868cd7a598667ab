using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Documentation;

/// <summary>The page about the API names what docs/openapi.json and the source have, and nothing else.</summary>
public sealed partial class ApiPageTests
{
    private static readonly string[] OfEveryList = ["limit", "cursor"];

    public static TheoryData<string> Pages => ["docs/en/api.md", "docs/zh/api.md"];

    [Theory]
    [MemberData(nameof(Pages))]
    public void The_table_of_routes_is_that_of_the_api(string page)
    {
        var told = Row.Matches(Document.At(page).Text).Select(row => $"{row.Groups["method"].Value} /api/v1{row.Groups["path"].Value} {Names(row.Groups["parameters"].Value)}").Order(StringComparer.Ordinal);
        var real = OpenApi.Read().Operations.Select(operation => $"{operation.Method} {operation.Path} {Queries(operation)}").Order(StringComparer.Ordinal).ToList();

        real.Count.ShouldBeGreaterThan(30);
        told.ToList().ShouldBe(real);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void The_table_of_errors_is_that_of_the_source(string page)
    {
        var source = Directory.EnumerateFiles(Path.Combine(Document.Root, "src/RepoSentry"), "*.cs", SearchOption.AllDirectories).SelectMany(file => Problem.Matches(File.ReadAllText(file)))
            .Select(made => $"{made.Groups["status"].Value} {made.Groups["type"].Value}").Append("422 invalid").Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();

        source.Count.ShouldBeGreaterThan(15);
        ErrorRow.Matches(Document.At(page).Text).Select(row => $"{row.Groups["status"].Value} {row.Groups["type"].Value}").Order(StringComparer.Ordinal).ToList().ShouldBe(source);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_json_example_has_the_fields_of_an_answer(string page)
    {
        var schemas = JsonNode.Parse(File.ReadAllText(Path.Combine(Document.Root, "docs/openapi.json")))!["components"]!["schemas"]!.AsObject()
            .Select(schema => schema.Value!["properties"]?.AsObject().Select(property => property.Key).ToHashSet(StringComparer.Ordinal) ?? []).ToList();
        var blocks = Document.At(page).Blocks.Where(block => block.Language == "json").Select(block => JsonNode.Parse(string.Join('\n', block.Lines))!.AsObject()).ToList();

        blocks.Count.ShouldBeGreaterThan(1);
        blocks.ShouldAllBe(block => schemas.Exists(schema => block.All(property => schema.Contains(property.Key))));
    }

    private static string Queries(OpenApi.Operation operation) =>
        string.Join(',', operation.Parameters.Where(parameter => parameter.In == "query" && !OfEveryList.Contains(parameter.Name, StringComparer.Ordinal)).Select(parameter => parameter.Name));

    private static string Names(string cell) => string.Join(',', cell.Split('`').Where((_, at) => at % 2 == 1));

    [GeneratedRegex(@"^\| `(?<method>GET|POST|PUT|DELETE) (?<path>/[^`]*)` \| (viewer|operator|admin|none) \| (?<parameters>[^|]*)\|", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Row { get; }

    [GeneratedRegex(@"^\| `(?<type>[a-z-]+)` \| (?<status>[0-9]{3}) \|", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 5000)]
    private static partial Regex ErrorRow { get; }

    [GeneratedRegex("\\bOf\\(\\s*StatusCodes\\.Status(?<status>[0-9]{3})[A-Za-z]+,\\s*\"(?<type>[a-z-]+)\"", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Problem { get; }
}
