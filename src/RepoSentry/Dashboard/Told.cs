namespace RepoSentry.Dashboard;

/// <summary>What was done is told once, on the page that its form leads to: a link that says so, or the page read again, tells nothing.</summary>
internal static class Told
{
    private const string Cookie = "reposentry_told";

    /// <summary>The next page that this browser opens may tell it.</summary>
    public static void Note(HttpContext context) => context.Response.Cookies.Append(Cookie, "1", Options(context));

    /// <summary>The word of the address whose text stands in the table; null where nothing was done.</summary>
    public static string? Take(Visit v)
    {
        if (v.Query("said") is not { } word || !v.T.Has("said." + word) || !v.Context.Request.Cookies.ContainsKey(Cookie))
        {
            return null;
        }

        v.Context.Response.Cookies.Delete(Cookie, Options(v.Context));
        return word;
    }

    private static CookieOptions Options(HttpContext context) =>
        new() { HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = context.Request.IsHttps, Path = "/", MaxAge = TimeSpan.FromMinutes(1), IsEssential = true };
}
