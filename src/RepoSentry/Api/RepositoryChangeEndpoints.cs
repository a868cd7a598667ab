using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using RepoSentry.Api.Access;
using RepoSentry.Configuration;
using RepoSentry.Polling;
using RepoSentry.Storage;

namespace RepoSentry.Api;

/// <summary>Repositories that come and go at run time. Those of the file are changed there.</summary>
internal static class RepositoryChangeEndpoints
{
    private const int MaxDepth = 16;
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = MaxDepth };

    public static void MapRepositoryChanges(this RouteGroupBuilder group)
    {
        group.MapPost("", CreateAsync).Writes(Role.Admin, "repository.create").WithName("createRepository").WithSummary("Watch another repository")
            .WithDescription("The body is an entry as in the configuration file, without api_base_url. Without a token of its own, the credential is that of the provider it names or whose host its URL has; without such a provider only public addresses are reached. A token is taken literally and kept sealed, which needs security.master_key.")
            .Accepts<RepositoryEntry>("application/json").Produces<RepositoryView>(201).ProducesProblem(400).ProducesProblem(409).ProducesProblem(422);
        group.MapPut("/{name}", ReplaceAsync).Writes(Role.Admin, "repository.change").WithName("replaceRepository").WithSummary("Change one that came through the API: the entry whole")
            .WithDescription("A token *** keeps the one that is stored. With If-Match only if the first part of the ETag is still the same: what a look changes does not count.")
            .Accepts<RepositoryEntry>("application/json").Produces<RepositoryView>().ProducesProblem(404).ProducesProblem(409).ProducesProblem(412).ProducesProblem(422);
        group.MapDelete("/{name}", RemoveAsync).Writes(Role.Admin, "repository.remove").WithName("removeRepository").WithSummary("Watch it no more; its history stays until retention").Produces(204).ProducesProblem(404).ProducesProblem(409).ProducesProblem(412);
        group.MapPost("/{name}/pause", (string name, PollWorker polling, RepositoryStore store, CancellationToken token) => PauseAsync(name, true, polling, store, token))
            .Writes(Role.Operator, "repository.pause").WithName("pauseRepository").WithSummary("Look no more until it is resumed").Produces(202).ProducesProblem(404);
        group.MapPost("/{name}/resume", (string name, PollWorker polling, RepositoryStore store, CancellationToken token) => PauseAsync(name, false, polling, store, token))
            .Writes(Role.Operator, "repository.resume").WithName("resumeRepository").WithSummary("Look again, at once").Produces(202).ProducesProblem(404).ProducesProblem(409);
    }

    private static async Task<IResult> CreateAsync(HttpContext context, ConfigRequests requests, RepositoryLog log, PollWorker polling, CancellationToken cancellationToken)
    {
        var (entry, refusal) = await ReadAsync(context.Request, null, cancellationToken);
        if (entry is null)
        {
            return refusal!;
        }

        var name = (string)entry["name"]!;
        var result = await requests.PutAsync(name, entry.ToJsonString(Plain), replace: false, cancellationToken);
        return result.Outcome == EntryOutcome.Done && await log.FindAsync(name, cancellationToken) is { } row
            ? TypedResults.Created($"/api/v1/repositories/{Uri.EscapeDataString(name)}", RepositoryView.Of(row, polling))
            : Refusal(name, result);
    }

    private static async Task<IResult> ReplaceAsync(string name, HttpContext context, ConfigRequests requests, RepositoryLog log, PollWorker polling, CancellationToken cancellationToken)
    {
        name = RepositoryEndpoints.Decode(name);
        var (entry, refusal) = await ReadAsync(context.Request, name, cancellationToken);
        if (entry is null)
        {
            return refusal!;
        }

        var result = await requests.PutAsync(name, entry.ToJsonString(Plain), replace: true, cancellationToken, EntityTags.Expected(context.Request));
        return result.Outcome == EntryOutcome.Done && await log.FindAsync(name, cancellationToken) is { } row ? TypedResults.Ok(RepositoryView.Of(row, polling)) : Refusal(name, result);
    }

    private static async Task<IResult> RemoveAsync(string name, HttpRequest request, ConfigRequests requests, CancellationToken cancellationToken)
    {
        name = RepositoryEndpoints.Decode(name);
        var result = await requests.RemoveAsync(name, cancellationToken, EntityTags.Expected(request));
        return result.Outcome == EntryOutcome.Done ? TypedResults.NoContent() : Refusal(name, result);
    }

    internal static async Task<IResult> PauseAsync(string name, bool paused, PollWorker polling, RepositoryStore store, CancellationToken cancellationToken)
    {
        name = RepositoryEndpoints.Decode(name);
        if (!polling.Repositories.TryGetValue(name, out var repository))
        {
            return RepositoryEndpoints.Missing(name);
        }

        if (!paused && !repository.Config.Enabled)
        {
            return Problems.Conflict($"{name} stays paused: {Disabled(repository.Config)}.");
        }

        await store.PauseAsync(repository.Id, paused, cancellationToken);
        polling.Pause(name, paused);
        return TypedResults.Accepted((string?)null);
    }

    // No operator's order outweighs what is written.
    private static string Disabled(RepositoryConfig config) => config.Source == RepositoryConfig.FromApi
        ? $"enabled is false in the entry that came through the API: send it again with enabled: true (PUT /api/v1/repositories/{Uri.EscapeDataString(config.Name)})"
        : "enabled is false in the configuration: set it to true there, which holds from the next reload on";

    /// <param name="name">The name that the path says; null where the body must.</param>
    private static async Task<(JsonObject? Entry, IResult? Refusal)> ReadAsync(HttpRequest request, string? name, CancellationToken cancellationToken)
    {
        if (!request.HasJsonContentType())
        {
            return (null, Problems.Of(StatusCodes.Status415UnsupportedMediaType, "unsupported-media-type", "Unsupported media type", "Send the entry as application/json."));
        }

        try
        {
            var parsed = await JsonNode.ParseAsync(request.Body, null, new JsonDocumentOptions { MaxDepth = MaxDepth, AllowDuplicateProperties = false }, cancellationToken);
            if (parsed is not JsonObject entry)
            {
                return (null, Problems.BadRequest("The body must be a JSON object: an entry as under repositories in the configuration file."));
            }

            var says = entry["name"] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
            if (name is null ? says is not { Length: > 0 } : entry.ContainsKey("name") && says != name)
            {
                return (null, Problems.BadRequest(name is null ? "name must be given, as text." : $"name must be {name}, as the path says, or be left out."));
            }

            entry["name"] = name ?? says;
            return (entry, null);
        }
        catch (JsonException malformed)
        {
            return (null, Problems.BadRequest($"The body is no JSON that is taken here: line {malformed.LineNumber + 1}, byte {malformed.BytePositionInLine + 1} (at most {MaxDepth} levels, no key twice)."));
        }
    }

    private static IResult Refusal(string name, EntryResult result) => result.Outcome switch
    {
        EntryOutcome.Invalid => Problems.Invalid("The entry cannot be used", result.Errors),
        EntryOutcome.Exists => Problems.Conflict($"There is a repository {name} already: PUT /repositories/{name} changes it."),
        EntryOutcome.Changed => Problems.Of(StatusCodes.Status412PreconditionFailed, "precondition-failed", "Changed meanwhile", $"Repository {name} is not as If-Match says: read it again, and send the change with its ETag."),
        EntryOutcome.InFile => Problems.Conflict($"Repository {name} stands in the configuration file: change it there, it is read again at once."),
        EntryOutcome.Discovered => Problems.Conflict($"Repository {name} was discovered: exclude it in the configuration file, give it an entry of its own there, or pause it."),
        EntryOutcome.Failed => Problems.Of(StatusCodes.Status503ServiceUnavailable, "not-stored", "Not stored", "The change could not be stored, nothing was changed: see /readyz."),
        _ => RepositoryEndpoints.Missing(name),
    };
}

/// <summary>A repository as it is sent: the keys of an entry under <c>repositories</c> in the configuration file.</summary>
internal sealed record RepositoryEntry(
    string Name,
    string Url,
    string? Provider = null,
    string? Token = null,
    bool Enabled = true,
    IReadOnlyList<string>? Branches = null,
    string? BranchRegex = null,
    IReadOnlyList<string>? Tags = null,
    IReadOnlyList<string>? Triggers = null,
    string? PollingInterval = null,
    int Priority = 1,
    IReadOnlyDictionary<string, string>? Labels = null,
    string OnFirstPoll = "baseline");
