using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.Extensions.Logging;

namespace RepoSentry.StandIns;

/// <summary>A <see cref="GitHubWorld"/> behind a socket on loopback, as an Enterprise Server: REST below /api/v3, GraphQL at /api/graphql.</summary>
public sealed class GitHubServer : IAsyncDisposable
{
    private readonly WebApplication web;

    private GitHubServer(GitHubWorld world)
    {
        World = world;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        web = builder.Build();
        web.Run(AnswerAsync);
    }

    public GitHubWorld World { get; }

    public Uri Url => new(web.Urls.First());

    public static async Task<GitHubServer> StartAsync(GitHubWorld world)
    {
        var server = new GitHubServer(world);
        await server.web.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => web.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        using var answer = await World.AnswerAsync(
            new HttpMethod(context.Request.Method), new Uri(context.Request.GetEncodedUrl()), context.Request.Headers.IfNoneMatch, context.Request.Headers.Authorization.Count > 0, body.ToArray());
        context.Response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers)
        {
            context.Response.Headers[name] = values.First();
        }

        if (answer.StatusCode != HttpStatusCode.NotModified)
        {
            context.Response.ContentType = "application/json; charset=utf-8";
            await answer.Content.CopyToAsync(context.Response.Body);
        }
    }
}
