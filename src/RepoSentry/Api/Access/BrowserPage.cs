namespace RepoSentry.Api.Access;

/// <summary>Marks a route that a browser shows: a refusal is a page there, and a form tells the anti-forgery token in a field.</summary>
/// <param name="Refuse">Shows a refusal, or leads to where one signs in.</param>
internal sealed record BrowserPage(Func<HttpContext, IResult, Task> Refuse)
{
    public const string ProofField = "csrf";

    // What answers there answers programs, also where it answers nothing.
    private static readonly string[] ForPrograms = ["/api", "/openapi", "/swagger", "/schema", "/metrics"];

    /// <summary>That of the route; where no route answers, and a browser asks for something to show, the one that is registered. Null for what programs ask.</summary>
    public static BrowserPage? Of(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<BrowserPage>() ?? (IsLost(context) ? context.RequestServices.GetService<BrowserPage>() : null);

    public static Task RefuseAsync(HttpContext context, IResult refusal) => Of(context) is { } page ? page.Refuse(context, refusal) : refusal.ExecuteAsync(context);

    // The router's own answer to a wrong method is an endpoint, and no route.
    private static bool IsLost(HttpContext context) =>
        context.GetEndpoint() is not RouteEndpoint
        && context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase)
        && !ForPrograms.Any(path => context.Request.Path.StartsWithSegments(path, StringComparison.OrdinalIgnoreCase));

    /// <summary>What a form says; null where it cannot be read, such as a zero in a field or too many fields. Empty without one.</summary>
    public static async Task<IFormCollection?> FormAsync(HttpRequest request)
    {
        try
        {
            return request.HasFormContentType ? await request.ReadFormAsync(request.HttpContext.RequestAborted) : FormCollection.Empty;
        }
        catch (Exception unreadable) when (unreadable is InvalidDataException or InvalidOperationException or BadHttpRequestException)
        {
            return null;
        }
    }

    /// <summary>Null where the route takes no form.</summary>
    public static async Task<string?> ProofAsync(HttpRequest request)
    {
        if (request.HttpContext.GetEndpoint()?.Metadata.GetMetadata<BrowserPage>() is null || !request.HasFormContentType)
        {
            return null;
        }

        return (await FormAsync(request))?[ProofField].ToString();
    }
}
