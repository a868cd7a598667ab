using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Mvc;
using RepoSentry.Api.Access;
using RepoSentry.Storage;

namespace RepoSentry.Api;

/// <summary>
/// Receives the CloudEvents of an EventListener (<c>spec.cloudEventURI</c>) and of Tekton's events controller (ConfigMap <c>config-events</c>, key
/// <c>sink</c>). They come unsigned, in no order, and again after a restart there; the sender gives up on anything but 404, 413, 425, 429, 502, 503 and
/// 504, so what cannot be stored is answered with 503.
/// </summary>
internal static partial class TektonEndpoints
{
    private const int MaxBytes = 1024 * 1024;
    private const string EventIdLabel = "triggers.tekton.dev/triggers-eventid";
    private const int MaxText = 1000;

    public static void MapTekton(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/tekton/events", ReceiveAsync).RequireRole(Role.Operator).WithMetadata(new AuditAction("tekton.event"), new RequestSizeLimitAttribute(MaxBytes))
            .WithName("receiveTektonEvent").WithTags("tekton").WithSummary("What Tekton did with what it accepted")
            .WithDescription("A CloudEvent in binary mode. Where tokens are needed, Tekton sends one as the password of the address: http://tekton:TOKEN@reposentry:8080/api/v1/tekton/events. It does not stand in the audit log, for it changes nothing that an operator decides.")
            .Produces(202).ProducesProblem(400).ProducesProblem(413).ProducesProblem(503);

    private static async Task<IResult> ReceiveAsync(HttpContext context, OutcomeStore store, CancellationToken cancellationToken)
    {
        var type = context.Request.Headers["ce-type"].ToString();
        if (type.Length == 0)
        {
            return Problems.BadRequest("This is no CloudEvent in binary mode: the header ce-type is missing.");
        }

        JsonElement data;
        try
        {
            using var document = await JsonDocument.ParseAsync(context.Request.Body, new JsonDocumentOptions { MaxDepth = 64 }, cancellationToken);
            data = document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return Problems.BadRequest("The data of the CloudEvent is no JSON.");
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return Problems.Of(StatusCodes.Status413PayloadTooLarge, "too-large", "Too large", $"At most {MaxBytes} bytes are taken.");
        }

        if (Read(type, context.Request.Headers["ce-id"].ToString(), data) is not { } statement)
        {
            return TypedResults.Accepted((string?)null); // nothing of ours: a run that no event started, or a type that says nothing new
        }

        try
        {
            await store.RecordAsync(statement, cancellationToken);
            return TypedResults.Accepted((string?)null);
        }
        catch (StorageException)
        {
            return Problems.Of(StatusCodes.Status503ServiceUnavailable, "not-stored", "Not stored", "It could not be stored: send it again.");
        }
    }

    private static TektonStatement? Read(string type, string id, JsonElement data)
    {
        if (Listener.Match(type) is { Success: true } told)
        {
            var state = told.Groups["state"].Value switch { "successful" => "created", "failed" => "failed", _ => null };
            return state is null || !IsId(id) ? null : new TektonStatement { ReceiptId = id, Kind = "EventListener", State = state, Message = Cut(Text(data, "error") ?? Text(data, "message")) };
        }

        if (Run.Match(type) is not { Success: true } match || !data.TryGet(match.Groups["kind"].Value == "pipelinerun" ? "pipelineRun" : "taskRun", out var run) || !run.TryGet("metadata", out var metadata))
        {
            return null;
        }

        var labels = metadata.TryGet("labels", out var found) ? found : default;
        var isPart = match.Groups["kind"].Value == "taskrun" && Text(labels, "tekton.dev/pipelineRun") is not null;
        return isPart || Text(labels, EventIdLabel) is not { } receipt || !IsId(receipt) || Text(metadata, "uid") is not { Length: > 0 and <= 100 } uid ? null : new TektonStatement
        {
            ReceiptId = receipt,
            Object = uid,
            Kind = match.Groups["kind"].Value == "pipelinerun" ? "PipelineRun" : "TaskRun",
            Namespace = Cut(Text(metadata, "namespace")) ?? "",
            Name = Cut(Text(metadata, "name")) ?? "",
            State = match.Groups["state"].Value switch { "successful" => "succeeded", "failed" => "failed", "queued" => "queued", _ => "running" },
            Reason = Cut(Condition(run, "reason")),
            Message = Cut(Condition(run, "message")),
        };
    }

    private static string? Condition(JsonElement run, string name) =>
        run.TryGet("status", out var status) && status.TryGet("conditions", out var conditions) && conditions.ValueKind == JsonValueKind.Array
            ? conditions.EnumerateArray().Where(condition => Text(condition, "type") == "Succeeded").Select(condition => Text(condition, name)).FirstOrDefault()
            : null;

    private static string? Text(JsonElement element, string name) => element.TryGet(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static bool TryGet(this JsonElement element, string name, out JsonElement value)
    {
        value = default;
        return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out value);
    }

    private static bool IsId(string text) => text.Length is > 0 and <= 100 && !text.Any(char.IsControl);

    private static string? Cut(string? text) => text is { Length: > MaxText } ? text[..MaxText] : text;

    [GeneratedRegex(@"\Adev\.tekton\.event\.triggers\.(?<state>started|successful|failed|done)\.v1\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Listener { get; }

    [GeneratedRegex(@"\Adev\.tekton\.event\.(?<kind>pipelinerun|taskrun)\.(?<state>queued|started|running|unknown|successful|failed)\.v1\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Run { get; }
}
