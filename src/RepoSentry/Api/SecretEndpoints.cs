using RepoSentry.Api.Access;
using RepoSentry.Configuration;
using RepoSentry.Storage;

namespace RepoSentry.Api;

/// <summary>What is kept sealed in the database.</summary>
internal static class SecretEndpoints
{
    public static void MapSecrets(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/secrets/rotate", RotateAsync).Writes(Role.Admin, "secrets.rotate").WithName("rotateSecrets").WithTags("status").WithSummary("Seal every stored secret with the first line of security.master_key")
            .WithDescription("Put the new key as the first line above the old one, rotate, then take the old line away. Nothing pauses meanwhile, and a start at any point finds a key that opens what is stored.")
            .Produces<RotateAnswer>().ProducesProblem(409);

    private static async Task<IResult> RotateAsync(ConfigRequests requests, SessionCookies cookies, CancellationToken cancellationToken)
    {
        var result = await requests.ResealAsync(cancellationToken);
        if (result.Dropped > 0)
        {
            cookies.Forget();
        }

        return result.Problem is null ? TypedResults.Ok(new RotateAnswer(result.Key!, result.Resealed, result.Dropped)) : Problems.Conflict($"Nothing was sealed anew: {result.Problem}.");
    }
}

/// <param name="Key">The id of the key that everything is sealed with now.</param>
/// <param name="Resealed">How many secrets were sealed with another one before.</param>
/// <param name="Dropped">How many keys of browser sessions no line opened: those who were signed in by them sign in again.</param>
internal sealed record RotateAnswer(string Key, int Resealed, int Dropped);
