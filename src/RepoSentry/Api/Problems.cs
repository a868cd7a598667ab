using Microsoft.AspNetCore.Mvc;

namespace RepoSentry.Api;

/// <summary>Errors by RFC 9457, each with a stable type. Never the text of an exception.</summary>
internal static class Problems
{
    public static IResult NotFound(string what) => Of(StatusCodes.Status404NotFound, "not-found", "Not found", what);

    public static IResult BadRequest(string why) => Of(StatusCodes.Status400BadRequest, "bad-request", "Bad request", why);

    public static IResult Conflict(string why) => Of(StatusCodes.Status409Conflict, "conflict", "Conflict", why);

    public static IResult Unauthorized() => Of(
        StatusCodes.Status401Unauthorized, "unauthorized", "Authentication needed", "Send a token: Authorization: Bearer <token>. The first one is api.bootstrap_token of the configuration.");

    public static IResult Misdirected(string host) => Of(
        StatusCodes.Status421MisdirectedRequest, "misdirected", "Not this host", $"Without authentication only loopback names are answered, not {host}; set api.public_url, or api.auth: token.");

    public static IResult Starting(string? reason) => Of(StatusCodes.Status503ServiceUnavailable, "not-running", "Not running", reason ?? "The service is starting or stopping.");

    public static IResult Of(int status, string type, string title, string detail) => Results.Problem(new ProblemDetails
    {
        Type = "https://reposentry.dev/problems/" + type,
        Title = title,
        Status = status,
        Detail = detail,
    });
}
