using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using RepoSentry.Hosting;

namespace RepoSentry.Bench;

/// <summary>
/// Git's smart HTTP (protocol v2) and GitHub's branch list with ETags, answered from memory, so that what is measured is the service and not the server.
/// </summary>
internal sealed class Forge : IAsyncDisposable
{
    /// <summary>How many topic branches of a repository move together.</summary>
    public const int MovingTopics = 4;
    private static readonly string Still = new('2', 40);

    private readonly WebApplication web = SlimWeb.CreateBuilder("127.0.0.1:0").Build();
    private readonly ConcurrentDictionary<string, string> commits = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> topics = new(StringComparer.Ordinal);
    private long looks;
    private long requests;

    public Uri Url => new(web.Urls.First());

    /// <summary>Looks answered.</summary>
    public long Looks => Interlocked.Read(ref looks);

    /// <summary>Requests of any kind.</summary>
    public long Requests => Interlocked.Read(ref requests);

    public async Task<Forge> StartAsync()
    {
        web.Use((_, next) =>
        {
            Interlocked.Increment(ref requests);
            return next();
        });
        web.MapGet("/git/{name}/info/refs", context => AdvertiseAsync(context.Response));
        web.MapPost("/git/{name}/git-upload-pack", async context => await ListAsync((string)context.Request.RouteValues["name"]!, context));
        web.MapGet("/api/v3/repos/{owner}/{name}", (string name) => Results.Text($$"""{"id":1,"full_name":"acme/{{name}}","default_branch":"main","private":false,"archived":false}""", "application/json"));
        web.MapGet("/api/v3/repos/{owner}/{name}/branches", BranchesAsync);
        await web.StartAsync();
        return this;
    }

    public void Push(string name, string commit) => commits[name] = commit;

    /// <summary>Moves the first topic branches of a repository to one commit.</summary>
    public void PushTopics(string name, string commit) => topics[name] = commit;

    public async ValueTask DisposeAsync() => await web.DisposeAsync();

    private static async Task AdvertiseAsync(HttpResponse response)
    {
        response.ContentType = "application/x-git-upload-pack-advertisement";
        await response.WriteAsync(Packet("# service=git-upload-pack\n") + "0000" + Packet("version 2\n") + Packet("agent=git/2.39.5\n") + Packet("ls-refs=unborn\n") + Packet("fetch=shallow\n") + Packet("object-format=sha1\n") + "0000");
    }

    private async Task ListAsync(string name, HttpContext context)
    {
        await context.Request.Body.CopyToAsync(Stream.Null);
        Interlocked.Increment(ref looks);
        var commit = commits.GetValueOrDefault(name, new string('1', 40));
        var text = new StringBuilder(Packet($"{commit} HEAD symref-target:refs/heads/main\n")).Append(Packet($"{commit} refs/heads/main\n"));
        var topic = topics.GetValueOrDefault(name, Still);
        for (var number = 0; number < 20; number++)
        {
            text.Append(Packet(string.Create(CultureInfo.InvariantCulture, $"{(number < MovingTopics ? topic : Still)} refs/heads/topic/{number:D3}\n")));
        }

        context.Response.ContentType = "application/x-git-upload-pack-result";
        await context.Response.WriteAsync(text.Append("0000").ToString());
    }

    private async Task BranchesAsync(HttpContext context)
    {
        Interlocked.Increment(ref looks);
        var name = (string)context.Request.RouteValues["name"]!;
        var etag = $"W/\"{commits.GetValueOrDefault(name, new string('1', 40))}\"";
        context.Response.Headers.ETag = etag;
        context.Response.Headers["x-ratelimit-limit"] = "5000";
        context.Response.Headers["x-ratelimit-remaining"] = "4999";
        context.Response.Headers["x-ratelimit-reset"] = (TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 3000).ToString(CultureInfo.InvariantCulture);
        if (context.Request.Headers.IfNoneMatch == etag)
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync("[" + string.Join(',', Enumerable.Range(0, 20).Select(number => $$"""{"name":"topic-{{number:D2}}","commit":{"sha":"{{new string('2', 40)}}","url":"https://example.com"},"protected":false}""")) + "]");
    }

    private static string Packet(string line) => string.Create(CultureInfo.InvariantCulture, $"{Encoding.UTF8.GetByteCount(line) + 4:x4}{line}");
}
