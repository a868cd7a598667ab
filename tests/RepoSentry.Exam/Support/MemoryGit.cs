using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace RepoSentry.Exam.Support;

/// <summary>Git's smart HTTP (version 2) for many repositories in memory, which can be told to answer badly. Whatever is not in it has one branch.</summary>
internal sealed class MemoryGit : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, MemoryRepository> repositories = new(StringComparer.Ordinal);
    private readonly WebApplication web;

    private MemoryGit(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        web = builder.Build();
        web.Run(HandleAsync);
    }

    public Uri Root => new(web.Urls.First() + "/");

    /// <summary>Called for each request with the repository's name and what is asked; true if it has answered.</summary>
    public Func<string, string, HttpContext, Task<bool>> Trouble { get; set; } = (_, _, _) => Task.FromResult(false);

    /// <summary>Told of each look.</summary>
    public Action<string> Looked { get; set; } = _ => { };

    public static async Task<MemoryGit> StartAsync(int port = 0)
    {
        var git = new MemoryGit(port);
        await git.web.StartAsync();
        return git;
    }

    public MemoryRepository this[string name] => repositories.GetOrAdd(name, _ => new MemoryRepository().Set("refs/heads/main", new string('1', 40)));

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await web.StopAsync(now.Token);
        await web.DisposeAsync();
    }

    public static string Packet(string line) => string.Create(CultureInfo.InvariantCulture, $"{Encoding.UTF8.GetByteCount(line) + 4:x4}{line}");

    private async Task HandleAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        var isList = path.EndsWith("/git-upload-pack", StringComparison.Ordinal);
        var name = path[1..].Replace("/git-upload-pack", "", StringComparison.Ordinal).Replace("/info/refs", "", StringComparison.Ordinal);
        using var body = new StreamReader(context.Request.Body);
        var asked = await body.ReadToEndAsync();
        if (isList)
        {
            Looked(name);
        }

        if (await Trouble(name, isList ? "list" : "discovery", context))
        {
            return;
        }

        context.Response.ContentType = isList ? "application/x-git-upload-pack-result" : "application/x-git-upload-pack-advertisement";
        await context.Response.WriteAsync(isList
            ? this[name].List(asked.Contains("ref-prefix refs/tags/", StringComparison.Ordinal))
            : Packet("# service=git-upload-pack\n") + "0000" + Packet("version 2\n") + Packet("ls-refs=unborn\n") + Packet("object-format=sha1\n") + "0000");
    }
}

/// <summary>Refs by full name.</summary>
internal sealed class MemoryRepository
{
    private readonly SortedDictionary<string, (string Commit, string? TagObject)> refs = new(StringComparer.Ordinal);

    public string Head { get; set; } = "refs/heads/main";

    public MemoryRepository Set(string name, string commit, string? tagObject = null)
    {
        lock (refs)
        {
            refs[name] = (commit, tagObject);
            return this;
        }
    }

    public void Remove(string name)
    {
        lock (refs)
        {
            refs.Remove(name);
        }
    }

    /// <summary>The answer to ls-refs.</summary>
    public string List(bool withTags)
    {
        lock (refs)
        {
            var text = new StringBuilder();
            if (refs.TryGetValue(Head, out var head))
            {
                text.Append(MemoryGit.Packet($"{head.Commit} HEAD symref-target:{Head}\n"));
            }

            foreach (var (name, (commit, tagObject)) in refs.Where(pair => withTags || !pair.Key.StartsWith("refs/tags/", StringComparison.Ordinal)))
            {
                text.Append(MemoryGit.Packet(tagObject is null ? $"{commit} {name}\n" : $"{tagObject} {name} peeled:{commit}\n"));
            }

            return text.Append("0000").ToString();
        }
    }
}
