using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace RepoSentry.Tests.Hosting;

/// <summary>A receiver on a free port that takes everything.</summary>
internal sealed class Receivers : IAsyncDisposable
{
    public const string Receipt = "receipt-1";

    private readonly TaskCompletionSource received = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebApplication app = null!;

    public string Url => app.Urls.First() + "/in";

    /// <summary>Ends with the first request.</summary>
    public Task Received => received.Task;

    public static async Task<Receivers> StartAsync()
    {
        var receiver = new Receivers();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        receiver.app = builder.Build();
        receiver.app.MapPost("/in", () =>
        {
            receiver.received.TrySetResult();
            return Results.Json(new Dictionary<string, string> { ["eventListener"] = "el", ["eventID"] = Receipt }, statusCode: 202);
        });
        await receiver.app.StartAsync();
        return receiver;
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
    }
}
