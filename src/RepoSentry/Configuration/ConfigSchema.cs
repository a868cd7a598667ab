using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace RepoSentry.Configuration;

/// <summary>
/// The JSON Schema of the configuration, for editors. It is made of what the sections ask for when a file is read: each key with what it may hold and its
/// default. It is no stricter than they are; what belongs together (a trigger's keys to its type) is judged by <c>validate</c> alone.
/// </summary>
internal static partial class ConfigSchema
{
    // A file that makes every section be read, with an entry of each kind.
    private const string EveryKind = """
        tekton: { timeout: 35s }
        triggers: [{ name: a, type: tekton }, { name: b, type: webhook }, { name: c, type: cloudevents }, { name: d, type: exec }]
        providers: [{ name: github, type: github }, { name: inner, type: git }]
        repositories: [{ name: a, url: "https://github.com/a/a", polling_interval: 30s }]
        discovery: [{ provider: github, organization: a, defaults: { polling_interval: 30s } }]
        """;

    private const string Variable = @"\$\{";
    private static readonly string[] Maps = ["repositories[].labels", "discovery[].defaults.labels", "tekton.headers", "triggers[].headers", "triggers[].env"];
    private static readonly string[] Required = ["repositories[].name", "repositories[].url", "providers[].name", "triggers[].name", "discovery[].provider", "discovery[].organization"];
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Text { get; } = Build().ToJsonString(Readable).ReplaceLineEndings("\n") + "\n";

    private static JsonObject Build()
    {
        var root = Mapping();
        foreach (var (path, origin) in ConfigLoader.LoadText(EveryKind, "schema.yaml").Origins.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            var at = Index.Replace(path, "[]");
            Put(root, at, Value(origin, hasDefault: origin.Kind == OriginKind.Default && !at.Contains("[]", StringComparison.Ordinal)));
        }

        foreach (var path in Maps)
        {
            Put(root, path, new JsonObject { ["type"] = Types("object", "null"), ["additionalProperties"] = new JsonObject { ["type"] = Types("string", "number", "boolean", "null") } });
        }

        foreach (var (path, replacement) in GoOriginal.Keys)
        {
            Put(root, path, new JsonObject { ["description"] = $"A key of the Go original: {replacement}", ["deprecated"] = true });
        }

        return Headed(root);
    }

    private static JsonObject Headed(JsonObject root)
    {
        var headed = new JsonObject { ["$schema"] = "http://json-schema.org/draft-07/schema#", ["title"] = "RepoSentry configuration" };
        foreach (var (key, value) in root)
        {
            headed[key] = value?.DeepClone();
        }

        return headed;
    }

    private static void Put(JsonObject schema, string path, JsonObject value)
    {
        var names = path.Split('.');
        foreach (var name in names[..^1])
        {
            schema = Child(schema, name);
        }

        var properties = (JsonObject)schema["properties"]!;
        if (properties.TryAdd(names[^1], value) && Required.Contains(path, StringComparer.Ordinal))
        {
            schema["required"] ??= new JsonArray();
            ((JsonArray)schema["required"]!).Add(names[^1]);
        }
    }

    private static JsonObject Child(JsonObject schema, string name)
    {
        var properties = (JsonObject)schema["properties"]!;
        var isList = name.EndsWith("[]", StringComparison.Ordinal);
        var key = isList ? name[..^2] : name;
        if (properties[key] is not JsonObject child)
        {
            properties[key] = child = isList ? new JsonObject { ["type"] = Types("array", "null"), ["items"] = Mapping() } : Mapping();
        }

        return isList ? (JsonObject)child["items"]! : child;
    }

    private static JsonObject Value(SettingOrigin origin, bool hasDefault)
    {
        var schema = origin.Expected switch
        {
            "true or false" => Pattern("^([Tt]rue|TRUE|[Ff]alse|FALSE|[Yy]es|[Nn]o|[Oo]n|[Oo]ff)$", "boolean", "string", "null"),
            PullRequestScopes.Expected => Pattern("^([Tt]rue|TRUE|[Ff]alse|FALSE|[Yy]es|[Nn]o|[Oo]n|[Oo]ff|forks)$", "boolean", "string", "null"),
            "a whole number" => Pattern("^[0-9]+$", "integer", "string", "null"),
            "a number" => Pattern(@"^[0-9.]+$", "number", "string", "null"),
            "a duration" => Pattern(@"^([0-9.]+(ns|us|ms|s|m|h|d|w))+$|^0$", "string", "integer", "null"),
            "texts" => new JsonObject { ["type"] = Types("array", "string", "number", "null"), ["items"] = new JsonObject { ["type"] = Types("string", "number", "boolean") } },
            "secret" => new JsonObject { ["type"] = Types("string", "number", "null"), ["description"] = "A reference: ${VARIABLE}, env:NAME or file:PATH" },
            { } choice when choice.StartsWith("one of ", StringComparison.Ordinal) => Choice(choice["one of ".Length..].Split(", ")),
            _ => new JsonObject { ["type"] = Types("string", "number", "boolean", "null") },
        };
        if (hasDefault && origin.Value.Length > 0 && origin.Expected is not ("texts" or "secret"))
        {
            schema["default"] = origin.Expected switch
            {
                "true or false" => origin.Value == "true",
                "a whole number" or "a number" => JsonNode.Parse(double.Parse(origin.Value, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture)),
                _ => origin.Value,
            };
        }

        return schema;
    }

    private static JsonObject Choice(string[] values) => new()
    {
        ["anyOf"] = new JsonArray(
            new JsonObject { ["enum"] = new JsonArray([.. values.Select(value => (JsonNode?)value), null]) },
            new JsonObject { ["type"] = "string", ["pattern"] = Variable }),
    };

    private static JsonObject Pattern(string pattern, params string[] types) => new() { ["type"] = Types(types), ["pattern"] = $"{pattern}|{Variable}" };

    private static JsonObject Mapping() => new() { ["type"] = Types("object", "null"), ["additionalProperties"] = false, ["properties"] = new JsonObject() };

    private static JsonArray Types(params string[] types) => new([.. types.Select(type => (JsonNode?)type)]);

    [GeneratedRegex(@"\[\d+\]", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Index { get; }
}
