using RepoSentry.Api;
using RepoSentry.Api.Access;
using RepoSentry.Storage;

namespace RepoSentry.Dashboard.Pages;

/// <summary>Language, theme, the session, and the tokens.</summary>
internal static class SettingsPage
{
    public static Task<Sheet> LoadAsync(Visit v) => OfAsync(v, null);

    public static async Task<IResult> CreateAsync(Visit v)
    {
        var asked = new TokenRequest { Name = await v.FieldAsync("name"), Role = await v.FieldAsync("role"), ExpiresIn = await v.FieldAsync("expires") };
        return await TokenEndpoints.MakeAsync(asked, v.Context, v.Get<TokenStore>(), v.Get<TokenBook>(), v.Get<TimeProvider>(), v.Ends);
    }

    // The secret is in this answer and nowhere else, so there is no address to lead to.
    public static async Task CreatedAsync(Visit v, IResult result) => await (await OfAsync(v, Answered.Is<CreatedToken>(result, out var created) ? created : null)).WriteAsync(v);

    public static Task<IResult> RevokeAsync(Visit v) => TokenEndpoints.RevokeAsync(v.Name, v.Context, v.Get<TokenStore>(), v.Get<TokenBook>(), v.Ends);

    private static async Task<Sheet> OfAsync(Visit v, CreatedToken? created)
    {
        ListAnswer<TokenView>? tokens = null;
        if (v.May(Role.Admin))
        {
            _ = Answered.Is(await TokenEndpoints.ListAsync(v.Get<TokenStore>(), v.Context, v.Get<TimeProvider>(), v.Query("revoked") == "true", v.Ends), out tokens);
        }

        return new Sheet(v.T["nav.settings"], "settings", SettingsView.Of(v, tokens, created));
    }
}
