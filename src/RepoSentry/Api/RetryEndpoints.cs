using System.Text.Json;
using System.Text.Json.Serialization;
using RepoSentry.Abstractions;
using RepoSentry.Api.Access;
using RepoSentry.Configuration;
using RepoSentry.Events;
using RepoSentry.Storage;

namespace RepoSentry.Api;

/// <summary>What operators ask for: dead letters tried again, events sent once more; one, or all that match a filter, with a dry run.</summary>
internal static class RetryEndpoints
{
    private static readonly string[] RetryStatuses = [DeliveryStatus.Dead, DeliveryStatus.Superseded];

    public static void MapRetries(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/deliveries/{id:long}/retry", RetryOneAsync).Writes(Role.Operator, "delivery.retry").WithTags("deliveries").WithName("retryDelivery")
            .WithSummary("Try a dead letter again: the same delivery, at once").Produces<RetryResult>(202).ProducesProblem(404).ProducesProblem(409);
        routes.MapPost("/deliveries/retry", RetryManyAsync).Writes(Role.Operator, "deliveries.retry").WithTags("deliveries").WithName("retryDeliveries")
            .WithSummary("Try every dead letter again that matches").Accepts<BulkRequest>("application/json").Produces<RetryResult>(202).ProducesProblem(400);
        routes.MapPost("/events/{id}/replay", ReplayOneAsync).Writes(Role.Operator, "event.replay").WithTags("events").WithName("replayEvent")
            .WithSummary("Send an event once more: a new delivery with the same id; only trigger and dry_run of the body count").Accepts<BulkRequest>(isOptional: true, "application/json").Produces<ReplayResult>(202).ProducesProblem(404).ProducesProblem(409);
        routes.MapPost("/events/replay", ReplayManyAsync).Writes(Role.Operator, "events.replay").WithTags("events").WithName("replayEvents")
            .WithSummary("Send every event once more that matches").Accepts<BulkRequest>("application/json").Produces<ReplayResult>(202).ProducesProblem(400);
    }

    internal static async Task<IResult> RetryOneAsync(long id, RetryStore store, EventLog log, SentryConfig config, CancellationToken cancellationToken)
    {
        if (await log.FindDeliveryAsync(id, null, 1, newestFirst: false, cancellationToken) is not { } found)
        {
            return Problems.NotFound($"There is no delivery {id}.");
        }

        var status = found.Delivery.Status;
        if (!RetryStatuses.Contains(status, StringComparer.Ordinal))
        {
            return Problems.Conflict(status == DeliveryStatus.Delivered
                ? $"Delivery {id} was delivered: to send its event once more, replay it."
                : $"Delivery {id} is {status}: it is tried again by itself.");
        }

        var result = await store.RetryAsync(new RetryFilter { Id = id, Status = status }, Names(config), dryRun: false, cancellationToken);
        return result.Retried == 1 ? Accepted(result) : Problems.Conflict($"Trigger {found.Delivery.Trigger} is not in the configuration: nothing could send it.");
    }

    private static async Task<IResult> RetryManyAsync(HttpRequest request, RetryStore store, SentryConfig config, CancellationToken cancellationToken)
    {
        var (asked, refusal) = await BulkRequest.ReadAsync(request, cancellationToken);
        return asked is null ? refusal! : await RetryAsync(asked, request.HttpContext, store, config, cancellationToken);
    }

    internal static async Task<IResult> RetryAsync(BulkRequest asked, HttpContext context, RetryStore store, SentryConfig config, CancellationToken cancellationToken)
    {
        if (!asked.TryTimes(out var since, out var until))
        {
            return BulkRequest.BadTimes;
        }

        context.Concerns(asked.Words);
        if (!asked.Restricts)
        {
            return BulkRequest.NoFilter;
        }

        if (asked.Status is not null && !RetryStatuses.Contains(asked.Status, StringComparer.Ordinal))
        {
            return Problems.BadRequest("status is dead or superseded");
        }

        var filter = new RetryFilter
        {
            Status = asked.Status ?? DeliveryStatus.Dead,
            Trigger = asked.Trigger,
            Repository = asked.Repository,
            Event = asked.Event,
            Since = since,
            Until = until,
        };
        return Unknown(asked.Trigger, config) ?? Accepted(await store.RetryAsync(filter, Names(config), asked.DryRun, cancellationToken));
    }

    private static async Task<IResult> ReplayOneAsync(string id, HttpRequest request, RetryStore store, EventLog log, SentryConfig config, CancellationToken cancellationToken)
    {
        var (asked, refusal) = await BulkRequest.ReadAsync(request, cancellationToken);
        return asked is null ? refusal! : await ReplayAsync(id, asked, store, log, config, cancellationToken);
    }

    internal static async Task<IResult> ReplayAsync(string id, BulkRequest asked, RetryStore store, EventLog log, SentryConfig config, CancellationToken cancellationToken)
    {
        if (Unknown(asked.Trigger, config) is { } refusal)
        {
            return refusal;
        }

        if (await log.FindEventAsync(id, cancellationToken) is not { } found)
        {
            return Problems.NotFound($"There is no event {id}.");
        }

        var result = await store.ReplayAsync(new ReplayFilter { Id = id, Trigger = asked.Trigger, OwedTo = OwedTo(config) }, Names(config), asked.DryRun, cancellationToken);
        return result.Replayed > 0 ? Accepted(result) : Problems.Conflict(found.Deliveries.Count == 0
            ? $"Event {id} was owed to no trigger: name one."
            : $"Every delivery of event {id} still waits, or its trigger is not in the configuration.");
    }

    private static async Task<IResult> ReplayManyAsync(HttpRequest request, RetryStore store, SentryConfig config, CancellationToken cancellationToken)
    {
        var (asked, refusal) = await BulkRequest.ReadAsync(request, cancellationToken);
        if (asked is null || !asked.TryTimes(out var since, out var until))
        {
            return refusal ?? BulkRequest.BadTimes;
        }

        request.HttpContext.Concerns(asked.Words);
        if (!asked.Restricts)
        {
            return BulkRequest.NoFilter;
        }

        if (asked.Status is not null && !EventEndpoints.Statuses.Contains(asked.Status, StringComparer.Ordinal))
        {
            return Problems.BadRequest($"status is one of {string.Join(", ", EventEndpoints.Statuses)}");
        }

        if (asked.Type is not null && !EventTypes.TryParse(asked.Type, out _))
        {
            return Problems.BadRequest($"type is one of {string.Join(", ", EventTypes.All)}");
        }

        var number = EventEndpoints.PullRequestOf(asked.Ref);
        var filter = new ReplayFilter
        {
            Id = asked.Event,
            Repository = asked.Repository,
            Ref = number is null ? asked.Ref : null,
            PullRequest = number,
            Type = asked.Type,
            Status = asked.Status,
            Trigger = asked.Trigger,
            Since = since,
            Until = until,
            OwedTo = OwedTo(config),
        };
        return Unknown(asked.Trigger, config) ?? Accepted(await store.ReplayAsync(filter, Names(config), asked.DryRun, cancellationToken));
    }

    private static Func<string, string, IReadOnlyList<string>> OwedTo(SentryConfig config) => (repository, type) =>
        config.Repositories.FirstOrDefault(one => one.Name == repository) is { } found && EventTypes.TryParse(type, out var known) ? EventRouter.Route(found, known, config.Triggers) : [];

    private static List<string> Names(SentryConfig config) => [.. config.Triggers.Select(trigger => trigger.Name)];

    private static IResult? Unknown(string? trigger, SentryConfig config) =>
        trigger is null || Names(config).Contains(trigger, StringComparer.Ordinal) ? null : Problems.NotFound($"There is no trigger {trigger}.");

    private static IResult Accepted(RetryResult result) => Results.Json(result, ApiJson.Default.RetryResult, statusCode: result.DryRun ? StatusCodes.Status200OK : StatusCodes.Status202Accepted);

    private static IResult Accepted(ReplayResult result) => Results.Json(result, ApiJson.Default.ReplayResult, statusCode: result.DryRun ? StatusCodes.Status200OK : StatusCodes.Status202Accepted);
}

/// <summary>A filter as a JSON body; an empty body restricts nothing.</summary>
internal sealed record BulkRequest
{
    private const int MaxBytes = 64 * 1024;
    private const string Fields = "trigger, repository, event, ref, type, status, since, until, dry_run";

    public string? Trigger { get; init; }
    public string? Repository { get; init; }
    public string? Event { get; init; }
    public string? Ref { get; init; }
    public string? Type { get; init; }
    public string? Status { get; init; }

    /// <summary>RFC 3339.</summary>
    public string? Since { get; init; }
    public string? Until { get; init; }
    public bool DryRun { get; init; }

    /// <summary>Whether it says which ones: nothing is too easily everything.</summary>
    [JsonIgnore]
    public bool Restricts => (Trigger ?? Repository ?? Event ?? Ref ?? Type ?? Status ?? Since ?? Until) is not null;

    /// <summary>As the audit log shows it.</summary>
    [JsonIgnore]
    public string Words => JsonSerializer.Serialize(this, BulkJson.Default.BulkRequest);

    public static IResult NoFilter => Problems.BadRequest("Say which: at least one of trigger, repository, event, ref, type, status, since, until, as JSON or in the query. {\"since\":\"2000-01-01T00:00:00Z\"} is all of them.");

    public static IResult BadTimes => Problems.BadRequest("since and until are times like 2026-11-24T12:00:00Z");

    public static async Task<(BulkRequest? Request, IResult? Refusal)> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var bytes = new byte[MaxBytes + 1];
        var length = await request.Body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        if (length > MaxBytes)
        {
            return (null, Problems.Of(StatusCodes.Status413PayloadTooLarge, "too-large", "Too large", "A filter is smaller than 64 KiB."));
        }

        try
        {
            var body = length == 0 ? null : JsonSerializer.Deserialize(bytes.AsSpan(0, length), BulkJson.Default.BulkRequest);
            return WithQuery(body ?? new BulkRequest(), request.Query);
        }
        catch (JsonException e)
        {
            // Its own text may quote what was sent: only the place is told.
            return (null, Problems.BadRequest($"The body is no filter: {e.Path ?? "$"}, line {(e.LineNumber ?? 0) + 1}. Fields are {Fields}."));
        }
    }

    // What stands in the query is meant too; what is not known there is not passed over, or everything would be chosen.
    private static (BulkRequest? Request, IResult? Refusal) WithQuery(BulkRequest body, IQueryCollection query)
    {
        foreach (var (name, values) in query)
        {
            var value = values.ToString();
            BulkRequest? changed = name switch
            {
                "trigger" => body with { Trigger = value },
                "repository" => body with { Repository = value },
                "event" => body with { Event = value },
                "ref" => body with { Ref = value },
                "type" => body with { Type = value },
                "status" => body with { Status = value },
                "since" => body with { Since = value },
                "until" => body with { Until = value },
                "dry_run" when bool.TryParse(value, out var dry) => body with { DryRun = dry },
                _ => null,
            };
            if (changed is null)
            {
                return (null, Problems.BadRequest($"{name} is not known here, or its value is not. Fields are {Fields}."));
            }

            body = changed;
        }

        return (body, null);
    }

    public bool TryTimes(out DateTimeOffset? since, out DateTimeOffset? until)
    {
        until = null;
        return Times.TryRead(Since, out since) && Times.TryRead(Until, out until);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(BulkRequest))]
internal sealed partial class BulkJson : JsonSerializerContext;
