using System.Data.Common;
using RepoSentry.Storage;

namespace RepoSentry.Api.Access;

/// <summary>Writes down what callers do. An action of which no row can be written is not begun.</summary>
internal sealed partial class AuditTrail(AuditLog log, OpenedDatabase database, FailureLimiter failures, ILogger<AuditTrail> logger)
{
    private const string AboutKey = "reposentry.audit.about";

    public ValueTask<object?> AroundAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next, string action) =>
        AroundAsync(invocation.HttpContext, () => next(invocation), action);

    public async ValueTask<object?> AroundAsync(HttpContext context, Func<ValueTask<object?>> act, string action)
    {
        long row;
        try
        {
            row = await log.BeginAsync(Entry(context, context.Caller()?.Name ?? "unknown", action), context.RequestAborted);
        }
        catch (Exception e) when (e is StorageException or DbException)
        {
            Log.Unwritten(logger, action, e.Message);
            return Problems.Of(StatusCodes.Status503ServiceUnavailable, "audit-unavailable", "Nothing was done", "The audit log cannot be written, and nothing is done without it: see /readyz for the storage.");
        }

        var status = StatusCodes.Status500InternalServerError;
        try
        {
            var result = await act();
            status = StatusOf(result, context);
            return result;
        }
        finally
        {
            await FinishAsync(row, action, status, context);
        }
    }

    /// <summary>A write that is refused to a caller who is known; few of each caller, so that they do not flood the log.</summary>
    public async Task RefusedAsync(HttpContext context, string actor, string detail)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<AuditAction>() is { } action && failures.Record($"refused {actor} {context.Address()}") is null)
        {
            await NoteAsync(Entry(context, actor, action.Name) with { Outcome = AuditOutcome.Refused, Status = StatusCodes.Status403Forbidden, Detail = detail });
        }
    }

    public Task SignInFailedAsync(HttpContext context, string detail) =>
        NoteAsync(Entry(context, "unknown", "sign_in") with { Object = $"{context.Request.Method} {context.Request.Path}", Outcome = AuditOutcome.Refused, Status = StatusCodes.Status401Unauthorized, Detail = detail });

    internal static void SetAbout(HttpContext context, string about) => context.Items[AboutKey] = about;

    private async Task FinishAsync(long row, string action, int status, HttpContext context)
    {
        var outcome = status < 400 ? AuditOutcome.Done : status is StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden ? AuditOutcome.Refused : AuditOutcome.Failed;
        try
        {
            await log.FinishAsync(row, outcome, status, context.Items[AboutKey] as string, CancellationToken.None);
        }
        catch (Exception e) when (e is StorageException or DbException)
        {
            Log.Unfinished(logger, action, outcome, e.Message);
        }
    }

    private async Task NoteAsync(AuditEntry entry)
    {
        if (!database.IsOpen)
        {
            return;
        }

        try
        {
            await log.BeginAsync(entry, CancellationToken.None);
        }
        catch (Exception e) when (e is StorageException or DbException)
        {
            Log.Unwritten(logger, entry.Action, e.Message);
        }
    }

    private static AuditEntry Entry(HttpContext context, string actor, string action)
    {
        var route = context.Request.RouteValues;
        return new AuditEntry(actor, action)
        {
            Role = context.Caller()?.Role.Name(),
            Address = context.Address()?.ToString(),
            Object = (route.GetValueOrDefault("name") ?? route.GetValueOrDefault("id"))?.ToString()?.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase),
            RequestId = context.TraceIdentifier,
        };
    }

    private static int StatusOf(object? result, HttpContext context) => result switch
    {
        INestedHttpResult nested => StatusOf(nested.Result, context),
        IStatusCodeHttpResult { StatusCode: { } status } => status,
        _ => context.Response.StatusCode,
    };

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "{Action} is not in the audit log: {Reason}")]
        public static partial void Unwritten(ILogger logger, string action, string reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "{Action} is {Outcome}, but stands as started in the audit log: {Reason}")]
        public static partial void Unfinished(ILogger logger, string action, string outcome, string reason);
    }
}

internal static class Audited
{
    /// <summary>Says what an action is about where its route does not.</summary>
    public static void Concerns(this HttpContext context, string about) => AuditTrail.SetAbout(context, about);
}
