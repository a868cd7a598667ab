using RepoSentry.Api;
using RepoSentry.Api.Access;
using RepoSentry.Storage;

namespace RepoSentry.Dashboard.Pages;

/// <summary>Language, theme, the session, and the tokens.</summary>
internal static class SettingsPage
{
    private const string EndedKey = "dashboard.ended";

    public static Task<Sheet> LoadAsync(Visit v) => OfAsync(v, null, new TokenForm(new TokenRequest(), null));

    public static async Task<IResult> CreateAsync(Visit v) =>
        await TokenEndpoints.MakeAsync(await AskedAsync(v), v.Context, v.Get<TokenStore>(), v.Get<TokenBook>(), v.Get<TimeProvider>(), v.Ends);

    // The secret is in this answer and nowhere else, so there is no address to lead to.
    public static async Task CreatedAsync(Visit v, IResult result) =>
        await (await OfAsync(v, Answered.Is<CreatedToken>(result, out var created) ? created : null, new TokenForm(new TokenRequest(), null))).WriteAsync(v);

    public static async Task<Sheet> RefusedAsync(Visit v, IResult result)
    {
        var (status, _, detail) = Answered.Problem(result);
        var asked = await AskedAsync(v);
        var ours = Ours(v, asked, status);
        return await OfAsync(v, null, new TokenForm(asked, ours ?? detail) { IsOurs = ours is not null }) with { Status = status };
    }

    // What the API refuses in words of its own fields is said in those of the form; null where there is nothing better.
    private static string? Ours(Visit v, TokenRequest asked, int status) =>
        status == StatusCodes.Status409Conflict ? v.T.Of("token.taken", asked.Name)
        : status != StatusCodes.Status400BadRequest ? null
        : asked.Name is not { } name || TokenStore.NameProblem(name) is not null ? v.T.Of("token.name.wrong", asked.Name)
        : !asked.TryExpiry(v.Now, out var ends) || ends <= v.Now ? v.T.Of("token.expires.wrong", asked.ExpiresIn)
        : null;

    public static async Task<IResult> RevokeAsync(Visit v)
    {
        var result = await TokenEndpoints.RevokeAsync(v.Name, v.Context, v.Get<TokenStore>(), v.Get<TokenBook>(), v.Ends);
        if (v.Context.Caller() is { Session: not null } caller && !await v.Get<TokenBook>().IsInUseAsync(caller, v.Ends))
        {
            SessionCookies.Clear(v.Context);
            v.Context.Items[EndedKey] = true;
        }

        return result;
    }

    /// <summary>Where a revocation leads to: who revoked the own token has to sign in again, and is told why.</summary>
    public static string Revoked(Visit v) => v.Context.Items.ContainsKey(EndedKey) ? LocalPath.With("/sign-in", "revoked-own") : LocalPath.With("/settings", "revoked");

    private static async Task<TokenRequest> AskedAsync(Visit v) => new() { Name = await v.FieldAsync("name"), Role = await v.FieldAsync("role"), ExpiresIn = await v.FieldAsync("expires") };

    private static async Task<Sheet> OfAsync(Visit v, CreatedToken? created, TokenForm form)
    {
        ListAnswer<TokenView>? tokens = null;
        if (v.May(Role.Admin))
        {
            var result = await TokenEndpoints.ListAsync(v.Get<TokenStore>(), v.Context, v.Get<TimeProvider>(), v.Query("revoked") == "true", v.Ends);
            if (!Answered.Is(result, out tokens))
            {
                return ProblemView.SheetOf(v, result);
            }
        }

        return new Sheet(v.T["nav.settings"], "settings", SettingsView.Of(v, tokens, created, form));
    }
}

/// <param name="Problem">Why the token that was asked for was not made.</param>
internal sealed record TokenForm(TokenRequest Asked, string? Problem)
{
    /// <summary>The problem is told in the caller's language, not in that of the API.</summary>
    public bool IsOurs { get; init; }
}
