using RepoSentry.Api;
using RepoSentry.Api.Access;

namespace RepoSentry.Dashboard.Pages;

/// <summary>Signing in with a token, which the cookie then stands for.</summary>
internal static class SignInPage
{
    public static Task<Sheet> LoadAsync(Visit v) => Task.FromResult(Of(v, v.Query("next"), null, StatusCodes.Status200OK));

    public static async Task SignInAsync(HttpContext context)
    {
        var visit = new Visit(context);
        var (token, next) = (await visit.FieldAsync("token"), await visit.FieldAsync("next"));
        if (!visit.Config.Api.RequiresToken)
        {
            LocalPath.Go(context, next);
            return;
        }

        var (status, problem) = token is null ? (StatusCodes.Status400BadRequest, "") : await BeginAsync(visit, token);
        if (status < StatusCodes.Status400BadRequest)
        {
            LocalPath.Go(context, next);
            return;
        }

        await Of(visit, next, problem, status).WriteAsync(visit);
    }

    public static Task<IResult> SignOutAsync(Visit v) => SessionEndpoints.SignOutAsync(v.Context, v.Get<TokenBook>(), v.Ends);

    private static async Task<(int Status, string Problem)> BeginAsync(Visit v, string token)
    {
        var result = await SessionEndpoints.BeginAsync(v.Context, token, v.Get<TokenJudge>(), v.Get<TokenBook>(), v.Get<SessionCookies>(), v.Get<AuditTrail>());
        var (status, _, detail) = Answered.Problem(result);
        return (status, status == StatusCodes.Status401Unauthorized ? "" : detail);
    }

    private static Sheet Of(Visit v, string? next, string? problem, int status) =>
        new(v.T["sign.in"], "", SignInView.Of(v, LocalPath.Is(next) ? next! : "/", problem)) { Status = status };
}
