using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using RepoSentry.Hosting;

namespace RepoSentry.Cli.Receiver;

/// <summary>
/// A stand-in for a Tekton EventListener: answers as a real one does (202 for any JSON object whatever its signature says, 400 for anything else), and
/// tells beside whether the github, gitlab or bitbucket interceptor would have let it pass.
/// </summary>
internal sealed class EventListener : IAsyncDisposable
{
    private const int HeaderLimit = 1024 * 1024;
    private const string Name = "\"eventListener\":\"stand-in\",\"namespace\":\"local\"";

    private readonly WebApplication web;

    private EventListener(WebApplication web) => this.web = web;

    public Uri Url => new(web.Urls.First());

    public static async Task<EventListener> StartAsync(ReceiverOptions options, CancellationToken cancellationToken)
    {
        var builder = SlimWeb.CreateBuilder(options.Listen);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestHeadersTotalSize = HeaderLimit;
            kestrel.Limits.MaxRequestHeaderCount = 10_000;
            kestrel.Limits.MaxRequestBodySize = options.BodyLimit;

            // Slowness is judged below, over the whole body.
            kestrel.Limits.MinRequestBodyDataRate = null;
        });
        var app = builder.Build();
        app.Use(RedirectDoubleSlashes);
        app.Map("/live", () => "ok");
        app.MapFallback("{**path}", context => AnswerAsync(context, options));
        await app.StartAsync(cancellationToken);
        return new EventListener(app);
    }

    public Task WaitForStopAsync(CancellationToken cancellationToken) => web.WaitForShutdownAsync(cancellationToken);

    public async ValueTask DisposeAsync() => await web.DisposeAsync();

    private static async Task AnswerAsync(HttpContext context, ReceiverOptions options)
    {
        if (await ReadBodyAsync(context, options) is not { } body)
        {
            context.Response.Headers.Connection = "close";
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        var isObject = IsJsonObject(body);
        var arrival = Describe(context, body, isObject, options);
        if (options.Fail(arrival) is { } failure)
        {
            arrival = arrival with { Status = failure, EventId = null };
        }

        options.Received(arrival);
        context.Response.StatusCode = arrival.Status;
        if (arrival.EventId is not null || arrival.Status == StatusCodes.Status400BadRequest)
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(arrival.EventId is { } eventId ? Accepted(eventId) : Refused, context.RequestAborted);
        }
    }

    private static async Task RedirectDoubleSlashes(HttpContext context, RequestDelegate next)
    {
        var path = context.Request.Path.Value ?? "/";
        if (!path.Contains("//", StringComparison.Ordinal))
        {
            await next(context);
            return;
        }

        context.Response.StatusCode = StatusCodes.Status307TemporaryRedirect;
        var clean = "/" + string.Join('/', path.Split('/', StringSplitOptions.RemoveEmptyEntries));
        context.Response.Headers.Location = new PathString(clean).ToUriComponent() + context.Request.QueryString.ToUriComponent();
    }

    // Null when the body did not come in time.
    private static async Task<byte[]?> ReadBodyAsync(HttpContext context, ReceiverOptions options)
    {
        using var limit = new CancellationTokenSource(options.BodyTime);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, context.RequestAborted);
        using var copy = new MemoryStream();
        try
        {
            await context.Request.Body.CopyToAsync(copy, both.Token);
            return copy.ToArray();
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            return null;
        }
    }

    private static Arrival Describe(HttpContext context, byte[] body, bool isObject, ReceiverOptions options) => new()
    {
        Status = isObject ? StatusCodes.Status202Accepted : StatusCodes.Status400BadRequest,
        EventId = isObject ? Guid.NewGuid().ToString() : null,
        Method = context.Request.Method,
        Path = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget,
        Headers = context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
        Body = body,
        Verdict = Interceptor.Judge(context.Request.Headers, body, options.Secret, TimeProvider.System),
    };

    private static bool IsJsonObject(byte[] body)
    {
        try
        {
            using var json = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 10_000 });
            return json.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Accepted(string eventId) => $$"""{{{Name}},"eventListenerUID":"00000000-0000-0000-0000-000000000000","eventID":"{{eventId}}"}""";

    private static string Refused => $$"""{{{Name}},"eventListenerUID":"","errorMessage":"Invalid event body format : not a JSON object"}""";
}
