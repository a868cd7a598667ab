using System.Text.Json;
using System.Text.Json.Nodes;
using RepoSentry.Cli.Client;

namespace RepoSentry.Cli.Support;

/// <summary>What the running service answers.</summary>
internal sealed class ServiceParts(ApiClient client, SupportDump dump)
{
    // Each of them is one more request; who has more failures than this has them for one reason.
    private const int MostDetails = 50;
    private const int MostRepositories = 2000;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    private static readonly (string Path, string File, string Says)[] Plain =
    [
        ("/version", "version.json", "version of the service"),
        ("/healthz?verbose", "health.json", "its components, each with its health"),
        ("/api/v1/status", "status.json", "state, triggers, budgets, backlog"),
        ("/api/v1/metrics.json", "numbers.json", "its main numbers"),
        ("/metrics", "metrics.txt", "all of its metrics"),
    ];

    private static readonly string[] Headers = ["content-type", "user-agent", "x-github-event", "x-github-delivery", "x-gitlab-event", "x-gitlab-event-uuid", "x-gitea-event", "x-gitea-delivery", "x-event-key", "x-request-uuid", "x-request-id", "webhook-id", "webhook-timestamp", "ce-id", "ce-type", "ce-source", "ce-specversion", "x-reposentry-replay", "x-reposentry-test"];
    private static readonly string[] Attempt = ["number", "started_at", "duration_ms", "outcome", "http_status", "error", "ambiguous", "phases"];

    public async Task AddAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var (path, file, says) in Plain)
            {
                var (status, text) = await client.AnswerAsync(path, Limit, cancellationToken);
                Take(file, says, status is 200 or 503, text, $"{path} was answered {status}");
            }
        }
        catch (ClientException e)
        {
            dump.Lacks($"everything of the running service: {e.Message}");
            return;
        }

        await TryAsync("repositories", () => RepositoriesAsync(cancellationToken));
        await TryAsync("deliveries", () => DeliveriesAsync(cancellationToken));
    }

    private async Task RepositoriesAsync(CancellationToken cancellationToken)
    {
        var repositories = await client.ListAsync("/api/v1/repositories", [], MostRepositories, cancellationToken);
        dump.Add("repositories.json", "repositories, each as it stands", JsonSerializer.Serialize(repositories, Json));
        var failing = repositories.Where(item => item.Text("error").Length > 0).Take(MostDetails).ToList();
        var polls = new Dictionary<string, IEnumerable<JsonElement>>(StringComparer.Ordinal);
        foreach (var name in failing.Select(item => item.Text("name")))
        {
            polls[name] = (await client.ListAsync(RepoCommand.Path(name) + "/polls", [], 20, cancellationToken)).Where(poll => poll.Text("error").Length > 0);
        }

        dump.Add("failed-polls.json", "the last failed looks at repositories that fail now", JsonSerializer.Serialize(polls, Json));
    }

    private async Task DeliveriesAsync(CancellationToken cancellationToken)
    {
        var failed = new JsonArray();
        foreach (var status in (string[])["dead", "waiting"])
        {
            foreach (var item in (await client.ListAsync("/api/v1/deliveries", [("status", status)], MostDetails, cancellationToken)).Where(item => item.Text("last_error").Length > 0))
            {
                failed.Add(Shown(await client.GetAsync($"/api/v1/deliveries/{item.Text("id")}?limit=20", cancellationToken)));
            }
        }

        dump.Add("failed-deliveries.json", "deliveries that are dead or fail now, with their attempts; no bodies, and of the headers the harmless ones", failed.ToJsonString(Json));
    }

    private static JsonObject Shown(JsonElement answer)
    {
        var headers = answer.GetProperty("request").TryGetProperty("headers", out var sent) && sent.ValueKind == JsonValueKind.Object ? sent.EnumerateObject() : default;
        return new JsonObject
        {
            ["delivery"] = JsonNode.Parse(answer.GetProperty("delivery").GetRawText()),
            ["headers"] = Only(headers, name => Headers.Contains(name, StringComparer.OrdinalIgnoreCase)),
            ["attempts"] = new JsonArray([.. answer.GetProperty("attempts").GetProperty("items").EnumerateArray().Select(attempt => Only(attempt.EnumerateObject(), name => Attempt.Contains(name, StringComparer.Ordinal)))]),
        };
    }

    private static JsonObject Only(JsonElement.ObjectEnumerator properties, Func<string, bool> wanted) =>
        new(properties.Where(property => wanted(property.Name)).Select(property => KeyValuePair.Create(property.Name, JsonNode.Parse(property.Value.GetRawText()))));

    private async Task TryAsync(string what, Func<Task> add)
    {
        try
        {
            await add();
        }
        catch (ClientException e)
        {
            dump.Lacks($"{what}: {e.Message}");
        }
    }

    private void Take(string file, string says, bool isGood, string text, string otherwise)
    {
        if (isGood)
        {
            dump.Add(file, says, text);
        }
        else
        {
            dump.Lacks($"{file}: {otherwise} (REPOSENTRY_TOKEN)");
        }
    }
}
