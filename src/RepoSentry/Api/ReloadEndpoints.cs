using RepoSentry.Api.Access;
using RepoSentry.Configuration;
using RepoSentry.Storage;

namespace RepoSentry.Api;

/// <summary>Reading the configuration again.</summary>
internal static class ReloadEndpoints
{
    public static void MapReload(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/reload", ReloadAsync).Writes(Role.Admin, "config.reload").WithName("reload").WithTags("status").WithSummary("Read the configuration file again")
            .WithDescription("All or nothing: where anything is wrong, the configuration before stays in force and every error is told. The file is read again by itself whenever its content changes, and at SIGHUP.")
            .Produces<ReloadAnswer>().ProducesProblem(409).ProducesProblem(422);

    internal static async Task<IResult> ReloadAsync(ConfigRequests requests, CancellationToken cancellationToken)
    {
        var result = await requests.ReloadAsync("asked for through the API", cancellationToken);
        return result.Outcome switch
        {
            "refused" => Problems.Invalid("The configuration is refused", result.Errors),
            "unavailable" => Problems.Conflict($"Nothing was reloaded: {result.Errors[0].Message}."),
            _ => TypedResults.Ok(new ReloadAnswer(result.Outcome, result.Changes, result.NeedRestart, [.. result.Warnings.Select(InvalidPart.Of)])),
        };
    }
}

/// <param name="Outcome">applied or unchanged.</param>
/// <param name="Changes">What is different now, one line each; values of secrets are never told.</param>
/// <param name="NeedRestart">Settings that were changed in the file and hold from the next start on.</param>
internal sealed record ReloadAnswer(string Outcome, IReadOnlyList<string> Changes, IReadOnlyList<string> NeedRestart, IReadOnlyList<InvalidPart> Warnings);
