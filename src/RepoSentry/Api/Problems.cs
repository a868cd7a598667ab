using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using RepoSentry.Api.Access;
using RepoSentry.Configuration;
using RepoSentry.Storage;

namespace RepoSentry.Api;

/// <summary>Errors by RFC 9457, each with a stable type. Never the text of an exception.</summary>
internal static class Problems
{
    private const string NoProofType = "https://reposentry.dev/problems/anti-forgery";

    public static IResult NotFound(string what) => Of(StatusCodes.Status404NotFound, "not-found", "Not found", what);

    public static IResult BadRequest(string why) => Of(StatusCodes.Status400BadRequest, "bad-request", "Bad request", why);

    public static IResult Conflict(string why) => Of(StatusCodes.Status409Conflict, "conflict", "Conflict", why);

    /// <param name="because">Why the token that was sent is no longer one; null where it never was.</param>
    public static IResult Unauthorized(string? because) => Of(
        StatusCodes.Status401Unauthorized,
        "unauthorized",
        "Authentication needed",
        because is null
            ? "Send a token: Authorization: Bearer <token>. The first one is api.bootstrap_token of the configuration, or made by `reposentry token create` beside the database."
            : $"The {because}: ask an admin for another.");

    /// <param name="why">A sentence without its end.</param>
    public static IResult SignInAgain(string why) => Of(
        StatusCodes.Status401Unauthorized, "unauthorized", "Authentication needed", $"{why}: sign in again with POST /api/v1/session.");

    public static IResult UnreadableForm(HttpRequest request) =>
        request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize is { } most && request.ContentLength > most
            ? Of(StatusCodes.Status413PayloadTooLarge, "too-large", "Too large", $"A form here is no larger than {most / 1024} KiB.")
            : BadRequest("The form cannot be read: a field holds a character that no text has, or there are too many.");

    public static bool IsNoProof(IResult refusal) => refusal is IValueHttpResult { Value: ProblemDetails { Type: NoProofType } };

    public static IResult NoProof() => Of(
        StatusCodes.Status403Forbidden, "anti-forgery", "Anti-forgery token needed", "With a session cookie a write needs X-CSRF-Token, the csrf_token of GET /api/v1/session, and Sec-Fetch-Site or Origin, which browsers send by themselves.");

    public static IResult NoSessions() => Of(
        StatusCodes.Status409Conflict, "sessions-unavailable", "No sessions", "Browser sessions need security.master_key, which seals their keys in the database: set it (openssl rand -base64 32 makes one), or send the token with each request.");

    public static IResult NoSessionKeys() => Of(
        StatusCodes.Status503ServiceUnavailable, "not-stored", "Nothing was done", "The keys of the sessions cannot be read or stored: see /readyz for the storage.");

    public static IResult Forbidden(CallerIdentity? caller, Role? needed) => Of(
        StatusCodes.Status403Forbidden, "forbidden", "Not permitted", $"{caller?.Name ?? "The caller"} is {caller?.Role.Name() ?? "nobody"}, and this needs {needed?.Name() ?? "a role that nobody has"}.");

    public static IResult TooManyFailures(HttpContext context, TimeSpan wait)
    {
        var seconds = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        context.Response.Headers.RetryAfter = seconds;
        return Of(StatusCodes.Status429TooManyRequests, "too-many-failures", "Too many failed sign-ins", $"Too many tokens from this address were wrong: nothing is tried for {seconds} seconds.");
    }

    public static IResult TooManyRequests(RequestRate rate) => Of(
        StatusCodes.Status429TooManyRequests, "rate-limited", "Too many requests", $"At most {rate.Requests.ToString(CultureInfo.InvariantCulture)} requests in {Durations.Format(rate.Per)} are answered (api.rate_limit): see Retry-After.");

    public static IResult Misdirected(string host) => Of(
        StatusCodes.Status421MisdirectedRequest, "misdirected", "Not this host", $"Without authentication only loopback names are answered, not {host}; set api.public_url, or api.auth: token.");

    public static IResult Starting(string? reason) => Of(StatusCodes.Status503ServiceUnavailable, "not-running", "Not running", reason ?? "The service is starting or stopping.");

    /// <summary>What was sent is well formed but cannot be used: each error with what to do.</summary>
    public static IResult Invalid(string title, IReadOnlyList<ConfigProblem> errors) => Results.Problem(new ProblemDetails
    {
        Type = "https://reposentry.dev/problems/invalid",
        Title = title,
        Status = StatusCodes.Status422UnprocessableEntity,
        Detail = $"{InvalidPart.Of(errors[0]).Sentence}{(errors.Count == 1 ? "" : $" (and {errors.Count - 1} more)")}",
        Extensions = { ["errors"] = errors.Select(InvalidPart.Of).ToList() },
    });

    /// <summary>Where nothing else has answered.</summary>
    public static IResult OfStatus(int status) => status switch
    {
        StatusCodes.Status404NotFound => NotFound("Nothing answers at this path: /openapi/v1.json lists what does."),
        StatusCodes.Status405MethodNotAllowed => Of(StatusCodes.Status405MethodNotAllowed, "method-not-allowed", "Method not allowed", "This path takes other methods: the header Allow names them."),
        StatusCodes.Status415UnsupportedMediaType => Of(StatusCodes.Status415UnsupportedMediaType, "unsupported-media-type", "Unsupported media type", "Send the body as application/json."),
        < 500 => BadRequest("The request is not one that is taken here."),
        _ => Of(StatusCodes.Status500InternalServerError, "internal", "Internal error", "The log of the service tells more."),
    };

    public static IResult Of(int status, string type, string title, string detail) => Results.Problem(new ProblemDetails
    {
        Type = "https://reposentry.dev/problems/" + type,
        Title = title,
        Status = status,
        Detail = detail,
    });
}

/// <param name="Place">Where it stands: file, line and column, or the name of what was sent.</param>
/// <param name="Hint">What to do; null where the message says it.</param>
internal sealed record InvalidPart(string Place, string Message, string? Hint)
{
    [JsonIgnore]
    public string Sentence => $"{Place}: {Message}";

    /// <summary>A file's folder is nobody's business: only its name is told.</summary>
    public static InvalidPart Of(ConfigProblem problem) =>
        new((problem.Place with { Source = Path.GetFileName(problem.Place.Source) }).ToString(), problem.Message, problem.Hint);
}
