using System.Text.Json.Nodes;

namespace RepoSentry.Tests.Documentation;

/// <summary>docs/openapi.json, which another test compares with what is served.</summary>
internal sealed class OpenApi
{
    // Outside /api/v1: probes, metrics, descriptions.
    private static readonly string[] Others = ["/livez", "/readyz", "/healthz", "/metrics", "/version", "/swagger", "/openapi/v1.json", "/schema/config.json"];

    private OpenApi(JsonNode document) => Operations =
    [
        .. from path in document["paths"]!.AsObject()
           from operation in path.Value!.AsObject()
           select new Operation(
               operation.Key.ToUpperInvariant(),
               path.Key,
               [.. from parameter in operation.Value!["parameters"]?.AsArray() ?? [] select new Parameter((string)parameter!["name"]!, (string)parameter["in"]!)],
               [.. from answer in operation.Value!["responses"]!.AsObject() select answer.Key]),
    ];

    public IReadOnlyList<Operation> Operations { get; }

    public static OpenApi Read() => new(JsonNode.Parse(File.ReadAllText(Path.Combine(Document.Root, "docs/openapi.json")))!);

    /// <returns>What is wrong with a request; null if the API has it.</returns>
    /// <param name="address">Path and query.</param>
    public string? Problem(string method, string address)
    {
        var (path, query) = (address.Split('?')[0], address.Split('?') is [_, var asked] ? asked.Split('&').Select(pair => pair.Split('=')[0]).ToList() : []);
        if (Others.Contains(path, StringComparer.Ordinal))
        {
            return method == "GET" ? null : $"{path} is only read";
        }

        var operation = Operations.FirstOrDefault(known => known.Method == method && Matches(known.Path, path));
        return operation is null ? $"{method} {path} is no route of docs/openapi.json"
            : query.Find(name => !operation.Parameters.Contains(new Parameter(name, "query"))) is { } unknown ? $"{operation.Method} {operation.Path} has no parameter {unknown}"
            : null;
    }

    private static bool Matches(string template, string path)
    {
        var (parts, given) = (template.Split('/'), path.Split('/'));
        return parts.Length == given.Length && parts.Zip(given).All(pair => pair.First == pair.Second || (pair.First.StartsWith('{') && pair.Second.Length > 0 && pair.Second is not ("retry" or "replay" or "stream")));
    }

    internal sealed record Operation(string Method, string Path, IReadOnlyList<Parameter> Parameters, IReadOnlyList<string> Answers);

    internal sealed record Parameter(string Name, string In);
}
