using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.Exam.Support;

/// <summary>A receiver that writes down every request it gets: time, head, body, what it answered and whether the answer went out. It can be down.</summary>
internal sealed class LoggedReceiver(string folder, TimeProvider? time = null, string name = "arrivals") : IAsyncDisposable
{
    private readonly TimeProvider time = time ?? TimeProvider.System;
    private readonly StreamWriter log = new(Path.Combine(folder, name + ".jsonl"));
    private WebApplication? web;
    private int count;

    public int Port { get; } = ServerProcess.FreePort();

    public string Url => $"http://127.0.0.1:{Port}";

    public int Count => Volatile.Read(ref count);

    /// <summary>Status to answer; 0 cuts the connection, -1 never answers. Called when the body has come.</summary>
    public Func<HttpContext, byte[], int> Answer { get; set; } = (_, _) => StatusCodes.Status202Accepted;

    /// <summary>Told of each request before it is answered (false), and after (true). If it returns false, the request gets no answer.</summary>
    public Func<bool, bool> Seam { get; set; } = _ => true;

    /// <summary>Told of each request with its time, as its body has come.</summary>
    public Action<string, byte[], double> Received { get; set; } = (_, _, _) => { };

    public static double Milliseconds(DateTimeOffset at) => (at - DateTimeOffset.UnixEpoch).TotalMilliseconds;

    public async Task<LoggedReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, Port, listen => listen.Protocols = HttpProtocols.Http1));
        web = builder.Build();
        web.Run(AnswerAsync);
        await web.StartAsync();
        return this;
    }

    /// <summary>Down: the port refuses.</summary>
    public async Task StopAsync()
    {
        if (web is not null)
        {
            using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
            await web.StopAsync(now.Token);
            await web.DisposeAsync();
            web = null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        lock (log)
        {
            log.Dispose();
        }
    }

    /// <summary>What was written so far is in the file.</summary>
    public void Flush()
    {
        lock (log)
        {
            log.Flush();
        }
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var at = Milliseconds(time.GetUtcNow());
        using var copy = new MemoryStream();
        var status = 0;
        var (whole, answered) = (false, false);
        try
        {
            await context.Request.Body.CopyToAsync(copy, context.RequestAborted);
            whole = true;
            Received(context.Request.Path, copy.ToArray(), at);
            status = Seam(false) ? Answer(context, copy.ToArray()) : 0;
            answered = await WriteAsync(context, status);
            Seam(true);
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or Microsoft.AspNetCore.Http.BadHttpRequestException)
        {
            // The sender went away: that is what is written down.
        }

        Write(context, at, copy.ToArray(), whole, status, answered);
    }

    private static async Task<bool> WriteAsync(HttpContext context, int status)
    {
        if (status == 0)
        {
            context.Abort();
            return false;
        }

        if (status < 0)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted);
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync("{\"eventID\":\"" + context.TraceIdentifier + "\"}", context.RequestAborted);
        await context.Response.CompleteAsync();
        return !context.RequestAborted.IsCancellationRequested;
    }

    private void Write(HttpContext context, double at, byte[] body, bool whole, int status, bool answered)
    {
        var line = JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["at"] = at,
            ["ended"] = Milliseconds(time.GetUtcNow()),
            ["path"] = context.Request.Path.Value ?? "",
            ["connection"] = context.Connection.Id,
            ["peer"] = context.Connection.RemotePort.ToString(CultureInfo.InvariantCulture),
            ["status"] = status,
            ["answered"] = answered,
            ["whole"] = whole,
            ["headers"] = context.Request.Headers.ToDictionary(header => header.Key.ToLowerInvariant(), header => header.Value.ToString()),
            ["body"] = Convert.ToBase64String(body),
        });
        lock (log)
        {
            if (log.BaseStream is not null)
            {
                log.WriteLine(line);
            }
        }

        Interlocked.Increment(ref count);
    }
}
