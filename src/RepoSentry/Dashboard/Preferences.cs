namespace RepoSentry.Dashboard;

/// <summary>How a browser wants its pages: in cookies, so that it works without scripts and on the first byte.</summary>
internal static class Preferences
{
    private const string LanguageCookie = "reposentry_language";
    private const string ThemeCookie = "reposentry_theme";

    public static readonly IReadOnlyList<string> Languages = ["en", "zh-CN"];
    public static readonly IReadOnlyList<string> Themes = ["system", "light", "dark"];

    public static string Language(HttpRequest request) =>
        request.Cookies[LanguageCookie] is { } chosen && Languages.Contains(chosen) ? chosen
        : request.GetTypedHeaders().AcceptLanguage.OrderByDescending(item => item.Quality ?? 1).Select(item => item.Value.ToString())
            .Select(tag => tag.StartsWith("zh", StringComparison.OrdinalIgnoreCase) ? "zh-CN" : tag.StartsWith("en", StringComparison.OrdinalIgnoreCase) ? "en" : null)
            .FirstOrDefault(known => known is not null) ?? "en";

    public static string Theme(HttpRequest request) => request.Cookies[ThemeCookie] is { } chosen && Themes.Contains(chosen) ? chosen : "system";

    public static async Task SaveAsync(HttpContext context)
    {
        var form = await new Visit(context).FormAsync();
        Keep(context, LanguageCookie, form["language"].ToString(), Languages);
        Keep(context, ThemeCookie, form["theme"].ToString(), Themes);
        LocalPath.Go(context, form["next"].ToString());
    }

    private static void Keep(HttpContext context, string cookie, string value, IReadOnlyList<string> known)
    {
        if (known.Contains(value))
        {
            context.Response.Cookies.Append(cookie, value, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = context.Request.IsHttps, Path = "/", MaxAge = TimeSpan.FromDays(365), IsEssential = true });
        }
    }
}

/// <summary>Where a form may lead to: a path of this server, never another site.</summary>
internal static class LocalPath
{
    public static bool Is(string? path) =>
        path is ['/', ..] && (path.Length == 1 || path[1] is not ('/' or '\\')) && !path.Any(letter => char.IsControl(letter) || letter == '\\');

    public static void Go(HttpContext context, string? path)
    {
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = Is(path) ? Ascii(path!) : "/";
    }

    // A header takes nothing else.
    private static string Ascii(string path) => string.Concat(path.EnumerateRunes().Select(rune => rune.IsAscii ? rune.ToString() : Uri.EscapeDataString(rune.ToString())));


    /// <summary>The path with a word about what was done, whose text stands in a table.</summary>
    public static string With(string path, string said) => $"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}said={said}";
}
