using System.Text.Json;
using RepoSentry.Abstractions;
using RepoSentry.Hosting;

namespace RepoSentry.Cli.Receiver;

/// <summary>
/// A stand-in for a Tekton EventListener: answers as a real one does (202 for any JSON object whatever its signature says, 400 for anything else), and
/// tells beside whether the github, gitlab or bitbucket interceptor would have let it pass.
/// </summary>
internal sealed class EventListener : IAsyncDisposable
{
    private const int BodyLimit = 1024 * 1024;

    private readonly WebApplication web;

    private EventListener(WebApplication web) => this.web = web;

    public Uri Url => new(web.Urls.First());

    /// <param name="listen">Address and port; port 0 takes a free one.</param>
    /// <param name="secret">What senders sign with; null to check nothing.</param>
    /// <param name="failRate">Share of requests, 0 to 1, that are answered 503.</param>
    /// <param name="received">Told of each request before it is answered.</param>
    public static async Task<EventListener> StartAsync(string listen, Secret? secret, double failRate, Action<Arrival> received, CancellationToken cancellationToken)
    {
        var builder = SlimWeb.CreateBuilder(listen);
        builder.WebHost.ConfigureKestrel(options => options.Limits.MaxRequestBodySize = BodyLimit);
        var app = builder.Build();
        app.MapGet("/live", () => "ok");
        app.MapFallback(context => AnswerAsync(context, secret, failRate, received));
        await app.StartAsync(cancellationToken);
        return new EventListener(app);
    }

    public Task WaitForStopAsync(CancellationToken cancellationToken) => web.WaitForShutdownAsync(cancellationToken);

    public async ValueTask DisposeAsync() => await web.DisposeAsync();

    private static async Task AnswerAsync(HttpContext context, Secret? secret, double failRate, Action<Arrival> received)
    {
        using var copy = new MemoryStream();
        await context.Request.Body.CopyToAsync(copy, context.RequestAborted);
        var body = copy.ToArray();
        var isObject = IsJsonObject(body);
        var fails = Random.Shared.NextDouble() < failRate;
        var eventId = Guid.NewGuid().ToString();
        var status = fails ? StatusCodes.Status503ServiceUnavailable : isObject ? StatusCodes.Status202Accepted : StatusCodes.Status400BadRequest;
        received(new Arrival(
            status,
            eventId,
            context.Request.Method,
            context.Request.Path,
            context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            body,
            Interceptor.Judge(context.Request.Headers, body, secret)));

        context.Response.StatusCode = status;
        if (!fails)
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(isObject ? Accepted(eventId) : Refused, context.RequestAborted);
        }
    }

    private static bool IsJsonObject(byte[] body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Accepted(string eventId) =>
        $$"""{"eventListener":"stand-in","namespace":"local","eventListenerUID":"00000000-0000-0000-0000-000000000000","eventID":"{{eventId}}"}""";

    private static string Refused => """{"eventListener":"stand-in","namespace":"local","eventListenerUID":"","errorMessage":"Invalid event body format : not a JSON object"}""";
}

/// <summary>A request as it arrived.</summary>
/// <param name="Status">What it was answered.</param>
/// <param name="EventId">The receipt given for it.</param>
/// <param name="Verdict">What the interceptors make of its signature.</param>
internal sealed record Arrival(
    int Status, string EventId, string Method, string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body, Verdict Verdict);
