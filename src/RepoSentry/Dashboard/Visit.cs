using RepoSentry.Api;
using RepoSentry.Api.Access;
using RepoSentry.Configuration;
using RepoSentry.Dashboard.Texts;
using RepoSentry.Storage;

namespace RepoSentry.Dashboard;

/// <summary>One request of a browser: who asks, in which language, and for what.</summary>
internal sealed class Visit
{
    private readonly Lazy<string?> proof;

    public Visit(HttpContext context)
    {
        Context = context;
        T = Words.Of(Preferences.Language(context.Request));
        Theme = Preferences.Theme(context.Request);
        Now = Get<TimeProvider>().GetUtcNow();
        proof = new Lazy<string?>(() => context.Caller()?.Session is { } session ? Get<SessionCookies>().Proof(session) : null);
    }

    public HttpContext Context { get; }

    /// <summary>The texts in the caller's language.</summary>
    public Words T { get; }

    /// <summary>light, dark or system.</summary>
    public string Theme { get; }

    public DateTimeOffset Now { get; }

    /// <summary>A request for what stands beside the page's own list: the page's cursor and limit say nothing of that.</summary>
    public HttpContext Beside(string query = "") =>
        new DefaultHttpContext { RequestServices = Context.RequestServices, RequestAborted = Context.RequestAborted, Request = { QueryString = new QueryString(query) } };

    public CancellationToken Ends => Context.RequestAborted;

    public SentryConfig Config => Get<SentryConfig>();

    /// <summary>Name in the path.</summary>
    public string Name => RepositoryEndpoints.Decode(Context.Request.RouteValues["name"]?.ToString() ?? "");

    /// <summary>Id in the path.</summary>
    public string Id => Context.Request.RouteValues["id"]?.ToString() ?? "";

    /// <summary>The anti-forgery token of the session; null without one.</summary>
    public string? Proof => proof.Value;

    /// <summary>Path and query, to come back to.</summary>
    public string Here => Context.Request.PathBase + Context.Request.Path + Context.Request.QueryString;

    public T Get<T>()
        where T : notnull => Context.RequestServices.GetRequiredService<T>();

    public bool May(Role role) => Context.Caller()?.Role >= role;

    /// <summary>Whether the configuration has it: one that left may still have deliveries.</summary>
    public bool HasTrigger(string name) => Config.Triggers.Any(trigger => trigger.Name == name);

    /// <summary>Null where it is missing or empty.</summary>
    public string? Query(string name) => Context.Request.Query[name].ToString().Trim() is { Length: > 0 } value ? value : null;

    /// <summary>The page that a form stood on; the first page where the browser does not say.</summary>
    public string From =>
        Uri.TryCreate(Context.Request.Headers.Referer.ToString(), UriKind.Absolute, out var from) && from.Authority == Context.Request.Host.Value && LocalPath.Is(from.PathAndQuery) ? from.PathAndQuery : "/";

    /// <summary>Empty without one; routes refuse one that cannot be read.</summary>
    public async Task<IFormCollection> FormAsync() => await BrowserPage.FormAsync(Context.Request) ?? FormCollection.Empty;

    public async Task<string?> FieldAsync(string name) => (await FormAsync())[name].ToString().Trim() is { Length: > 0 } value ? value : null;
}
