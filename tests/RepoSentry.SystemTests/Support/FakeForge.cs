using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Shouldly;

namespace RepoSentry.SystemTests.Support;

/// <summary>A forge on loopback that holds repositories and enforces its rules: whoever breaks one finds it in <see cref="Problems"/>, and the test fails at its end.</summary>
internal abstract class FakeForge : IAsyncDisposable
{
    private readonly WebApplication web;
    private readonly ConcurrentDictionary<string, byte> handedOut = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<(string Part, Func<HttpContext, Task> Answer)> troubles = new();

    protected FakeForge()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        web = builder.Build();
        web.Run(HandleAsync);
    }

    public Uri Root => new(web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    public ConcurrentDictionary<string, FakeRepository> Repositories { get; } = new(StringComparer.Ordinal);

    /// <summary>Old name to new name.</summary>
    public Dictionary<string, string> Renamed { get; } = new(StringComparer.Ordinal);

    /// <summary>Owners that are users, not organizations.</summary>
    public HashSet<string> Users { get; } = new(StringComparer.Ordinal);

    /// <summary>Required of every request; null for an open forge.</summary>
    public string? Token { get; set; }

    /// <summary>Whether answers carry entity tags: some proxies strip them.</summary>
    public bool HasETags { get; set; } = true;

    /// <summary>Path, query and status of each request.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public ConcurrentQueue<string> Problems { get; } = new();

    /// <summary>Called with path and query after each answer: what pushes between two pages.</summary>
    public Action<string>? Answered { get; set; }

    public int Limit { get; set; } = 5000;
    public int Remaining { get; set; } = 5000;

    /// <summary>The forge's own clock.</summary>
    public Func<DateTimeOffset> Clock { get; set; } = () => TimeProvider.System.GetUtcNow();
    public TimeSpan UntilReset { get; set; } = TimeSpan.FromMinutes(30);

    public async Task StartAsync() => await web.StartAsync();

    public FakeRepository Add(string name) => Repositories[name] = new FakeRepository(name, Repositories.Count + 1);

    public void Rename(string from, string to)
    {
        Repositories.TryRemove(from, out var repository);
        Repositories[to] = repository!;
        Renamed[from] = to;
    }

    /// <summary>The repositories below an owner, oldest first; null if there is no such owner.</summary>
    protected IReadOnlyList<(string Path, FakeRepository Repository)>? Below(string owner) => Repositories.Where(pair => pair.Key.StartsWith(owner + "/", StringComparison.Ordinal)).OrderBy(pair => pair.Value.Id)
        .Select(pair => (pair.Key, pair.Value)).ToList() is { Count: > 0 } found ? found : null;

    /// <summary>The next request whose path and query contains the part is answered so.</summary>
    public void Next(string part, Func<HttpContext, Task> answer) => troubles.Enqueue((part, answer));

    public void Next(string part, int status, string body = "{}", string type = "application/json", params (string Name, string Value)[] headers) => Next(part, async context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        foreach (var (name, value) in headers)
        {
            context.Response.Headers[name] = value;
        }

        await context.Response.WriteAsync(body);
    });

    /// <summary>Takes back what <see cref="Next(string, Func{HttpContext, Task})"/> was told and nobody has met yet.</summary>
    public void Forget() => troubles.Clear();

    /// <summary>The requests since the last call, without the API's base.</summary>
    public string[] TakeRequests()
    {
        var taken = Requests.ToArray();
        Requests.Clear();
        return taken;
    }

    public virtual async ValueTask DisposeAsync()
    {
        await web.DisposeAsync();
        Problems.ShouldBeEmpty();
    }

    /// <summary>Path below which the API lies, such as <c>/api/v3</c>.</summary>
    protected abstract string ApiPath { get; }

    protected abstract bool IsAuthorized(IHeaderDictionary headers);

    protected abstract void Judge(HttpRequest request);

    /// <summary>Writes the headers of the limit; false if the request is beyond it (and was answered).</summary>
    protected abstract Task<bool> PassLimitAsync(HttpContext context, bool isFree);

    protected abstract Task AnswerAsync(HttpContext context, string[] path, IQueryCollection query);

    protected void Allow(HttpRequest request, params string[] keys)
    {
        foreach (var key in request.Query.Keys.Except(keys))
        {
            Problems.Enqueue($"unknown query key {key} in {request.Path}");
        }

        if (int.TryParse(request.Query["per_page"], out var size) && size > 100)
        {
            Problems.Enqueue($"per_page={size}");
        }
    }

    protected async Task WriteAsync(HttpContext context, object body)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(body);
        var tag = $"W/\"{Convert.ToHexStringLower(SHA256.HashData([.. json, .. Encoding.UTF8.GetBytes(context.Request.Headers.Authorization + "")]))[..40]}\"";
        string? condition = context.Request.Headers.IfNoneMatch;
        if (condition is not null && !handedOut.ContainsKey(condition))
        {
            Problems.Enqueue($"If-None-Match: {condition} was never handed out");
        }

        var isSame = HasETags && condition == tag;
        if (!await PassLimitAsync(context, isSame))
        {
            return;
        }

        if (HasETags)
        {
            handedOut.TryAdd(tag, 0);
            context.Response.Headers.ETag = tag;
        }

        if (isSame)
        {
            context.Response.StatusCode = 304;
            return;
        }

        context.Response.ContentType = "application/json; charset=utf-8";
        await context.Response.Body.WriteAsync(json);
    }

    protected static Task RefuseAsync(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(JsonSerializer.Serialize(new { message }));
    }

    private async Task HandleAsync(HttpContext context)
    {
        var target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        context.Response.Headers.Date = Clock().ToString("R");
        context.Response.OnStarting(() => // before the client has read a byte of it, so that who has an answer finds its request
        {
            Requests.Enqueue($"{target.Replace(ApiPath + "/", "", StringComparison.Ordinal)} {context.Response.StatusCode}");
            return Task.CompletedTask;
        });
        if (troubles.TryPeek(out var trouble) && target.Contains(trouble.Part, StringComparison.Ordinal) && troubles.TryDequeue(out _))
        {
            await trouble.Answer(context);
        }
        else if (!target.StartsWith(ApiPath + "/", StringComparison.Ordinal))
        {
            await RefuseAsync(context, 404, "no API here");
        }
        else if (Token is not null && !IsAuthorized(context.Request.Headers))
        {
            await RefuseAsync(context, 401, "Bad credentials");
        }
        else
        {
            Judge(context.Request);
            var path = target.Split('?')[0][(ApiPath.Length + 1)..];
            await AnswerAsync(context, [.. path.Split('/').Select(Uri.UnescapeDataString)], context.Request.Query);
        }

        Answered?.Invoke(target);
    }
}
