using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using RepoSentry.Storage;

namespace RepoSentry.Api.Access;

/// <summary>
/// <c>Idempotency-Key</c> on POST: the request is done once, and who asks again within a day, with the same key and body, gets the answer that was given.
/// </summary>
internal sealed partial class IdempotencyKeys(RequestDelegate next, IdempotencyStore store, OpenedDatabase database, ILogger<IdempotencyKeys> logger)
{
    public const string Header = "Idempotency-Key";
    private const int MaxName = 255;
    private const int MaxBody = 1024 * 1024;
    private const int MaxAnswer = 64 * 1024;

    public async Task InvokeAsync(HttpContext context)
    {
        if (!HttpMethods.IsPost(context.Request.Method) || context.GetEndpoint()?.Metadata.GetMetadata<AuditAction>() is null || !context.Request.Headers.TryGetValue(Header, out var given) || !database.IsOpen)
        {
            await next(context);
            return;
        }

        var name = given.ToString().Trim().Trim('"');
        if (name.Length is 0 or > MaxName || !name.All(c => c is > ' ' and <= '~'))
        {
            await Problems.BadRequest($"{Header} has up to {MaxName} visible ASCII characters, such as a UUID.").ExecuteAsync(context);
            return;
        }

        if (await FingerprintAsync(context.Request) is not { } fingerprint)
        {
            await Problems.Of(StatusCodes.Status413PayloadTooLarge, "too-large", "Too large", "With an Idempotency-Key a body is smaller than 1 MiB.").ExecuteAsync(context);
            return;
        }

        await OnceAsync(context, CallerName(context), name, fingerprint);
    }

    private async Task OnceAsync(HttpContext context, string caller, string name, string fingerprint)
    {
        (KeyVerdict Verdict, StoredAnswer? Answer) known;
        try
        {
            known = await store.BeginAsync(caller, name, fingerprint, context.RequestAborted);
        }
        catch (Exception e) when (e is StorageException or DbException)
        {
            Log.Unkept(logger, e.Message);
            await Problems.Of(StatusCodes.Status503ServiceUnavailable, "not-stored", "Nothing was done", "The key cannot be stored, and nothing is done without it: see /readyz for the storage.").ExecuteAsync(context);
            return;
        }

        if (known.Verdict == KeyVerdict.First)
        {
            await DoAsync(context, caller, name);
        }
        else
        {
            await AnswerAsync(context, known.Verdict, known.Answer);
        }
    }

    private async Task DoAsync(HttpContext context, string caller, string name)
    {
        var body = context.Response.Body;
        using var copy = new MemoryStream();
        context.Response.Body = copy;
        var status = StatusCodes.Status500InternalServerError;
        try
        {
            await next(context);
            status = context.Response.StatusCode;
        }
        finally
        {
            context.Response.Body = body;
            await NoteAsync(context, caller, name, status, copy);
        }

        copy.Position = 0;
        await copy.CopyToAsync(body, context.RequestAborted);
    }

    // What failed by our fault, or came too early, may be asked for again.
    private async Task NoteAsync(HttpContext context, string caller, string name, int status, MemoryStream copy)
    {
        try
        {
            var keeps = copy.Length <= MaxAnswer && context.GetEndpoint()?.Metadata.GetMetadata<SecretAnswer>() is null;
            await (status is >= 500 or StatusCodes.Status429TooManyRequests
                ? store.ReleaseAsync(caller, name, CancellationToken.None)
                : store.FinishAsync(caller, name, new StoredAnswer(status, context.Response.ContentType, context.Response.Headers.Location, keeps || status >= 400 ? copy.ToArray() : null), CancellationToken.None));
        }
        catch (Exception e) when (e is StorageException or DbException)
        {
            Log.Unkept(logger, e.Message);
        }
    }

    private static Task AnswerAsync(HttpContext context, KeyVerdict verdict, StoredAnswer? answer) => verdict switch
    {
        KeyVerdict.Answered when answer!.Body is { } body => RepeatAsync(context, answer, body),
        KeyVerdict.Answered => Problems.Conflict($"It was done ({answer!.Status}), but its answer is not kept: it held a secret, or was very large.").ExecuteAsync(context),
        KeyVerdict.OtherRequest => Problems.Of(StatusCodes.Status422UnprocessableEntity, "idempotency-key-reused", "Another request", $"This {Header} was sent with another request: take a new one.").ExecuteAsync(context),
        KeyVerdict.InProgress => Problems.Of(StatusCodes.Status409Conflict, "idempotency-in-progress", "Under way", $"The request with this {Header} is under way: ask again later.").ExecuteAsync(context),
        KeyVerdict.Interrupted => Problems.Of(StatusCodes.Status409Conflict, "idempotency-interrupted", "Interrupted", "The service ended while this request was under way: look whether it was done, and take a new key if not.").ExecuteAsync(context),
        _ => Problems.Of(StatusCodes.Status429TooManyRequests, "too-many-keys", "Too many keys", $"{IdempotencyStore.MostOfACaller} keys of a caller are kept for 24 hours: send this one without.").ExecuteAsync(context),
    };

    private static async Task RepeatAsync(HttpContext context, StoredAnswer answer, byte[] body)
    {
        context.Response.StatusCode = answer.Status;
        context.Response.ContentType = answer.ContentType;
        context.Response.Headers["Idempotency-Replayed"] = "true";
        if (answer.Location is not null)
        {
            context.Response.Headers.Location = answer.Location;
        }

        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    private static async Task<string?> FingerprintAsync(HttpRequest request)
    {
        request.EnableBuffering(MaxBody, MaxBody);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Path}{request.QueryString}\n"));
        var buffer = new byte[16 * 1024];
        try
        {
            int count;
            while ((count = await request.Body.ReadAsync(buffer, request.HttpContext.RequestAborted)) > 0)
            {
                hash.AppendData(buffer, 0, count);
            }
        }
        catch (IOException)
        {
            return null;
        }

        request.Body.Position = 0;
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string CallerName(HttpContext context) => context.Caller() is { } caller ? $"{caller.TokenId} {caller.Name}" : "";

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "an Idempotency-Key cannot be kept: {Reason}")]
        public static partial void Unkept(ILogger logger, string reason);
    }
}

/// <summary>The answer of a route holds a secret: it is never kept.</summary>
internal sealed class SecretAnswer;
