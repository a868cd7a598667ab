namespace RepoSentry.Api.Access;

/// <summary>Marks a route that a browser shows: a refusal is a page there, and a form tells the anti-forgery token in a field.</summary>
/// <param name="Refuse">Shows a refusal, or leads to where one signs in.</param>
internal sealed record BrowserPage(Func<HttpContext, IResult, Task> Refuse)
{
    public const string ProofField = "csrf";

    public static Task RefuseAsync(HttpContext context, IResult refusal) =>
        context.GetEndpoint()?.Metadata.GetMetadata<BrowserPage>() is { } page ? page.Refuse(context, refusal) : refusal.ExecuteAsync(context);

    /// <summary>Null where the route takes no form.</summary>
    public static async Task<string?> ProofAsync(HttpRequest request)
    {
        if (request.HttpContext.GetEndpoint()?.Metadata.GetMetadata<BrowserPage>() is null || !request.HasFormContentType)
        {
            return null;
        }

        try
        {
            return (await request.ReadFormAsync(request.HttpContext.RequestAborted))[ProofField].ToString();
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }
}
