using System.Text.Json;
using Microsoft.AspNetCore.Http;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Exam.Support;
using RepoSentry.Network;
using RepoSentry.Providers.GitHub;
using RepoSentry.Providers.GitLab;
using RepoSentry.Providers.PlainGit;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.Exam.Experiments;

/// <summary>A hosting of E6 with the product's source for it, which spoils the next answers when it is told to.</summary>
internal sealed class World : IAsyncDisposable
{
    private static readonly string[] Repeatable = ["cut", "cut json", "empty body", "html", "503", "500 on a later page", "not modified unasked"];

    // A short list that looks whole is told by the confirming look, so it must not lie twice.
    private static readonly string[] Short = ["empty list", "short list"];

    private readonly HttpClient http = OutboundHttp.CreateClient(new OutboundOptions());
    private readonly FakeForge? forge;
    private readonly MemoryGit? git;
    private readonly Random random;
    private readonly string kind;
    private Func<HttpContext, Task>? spoiled;
    private int left;

    private World(string kind, Random random, FakeForge? forge, MemoryGit? git, TimeProvider time)
    {
        (this.kind, this.random, this.forge, this.git) = (kind, random, forge, git);
        var provider = new ProviderConfig { Name = kind, Type = kind, Url = forge?.Root ?? git!.Root, ApiBaseUrl = kind == "github" ? new Uri(forge!.Root, "api/v3") : null, RequestsPerHour = 1_000_000_000, Burst = 1_000_000 };
        Source = kind switch
        {
            "github" => GitHubRefSource.For(provider, http, time),
            "gitlab" => GitLabRefSource.For(provider, http, time),
            _ => PlainGitRefSource.For(provider, http, time),
        };
    }

    public IRefSource Source { get; }

    public static async Task<World> StartAsync(string kind, Random random, TimeProvider time)
    {
        FakeForge? started = kind switch { "github" => await FakeGitHub.StartNewAsync(), "gitlab" => await FakeGitLab.StartNewAsync(), _ => null };
        if (started is not null)
        {
            (started.Limit, started.Remaining, started.Clock) = (100_000_000, 100_000_000, time.GetUtcNow);
        }

        var world = new World(kind, random, started, started is null ? await MemoryGit.StartAsync() : null, time);
        if (world.git is not null)
        {
            world.git.Trouble = async (_, asked, context) =>
            {
                if (world.spoiled is not { } spoil || asked != "list" || world.left-- <= 0)
                {
                    return false;
                }

                await spoil(context);
                return true;
            };
        }

        return world;
    }

    public Uri Create(string name)
    {
        if (forge is not null)
        {
            forge.Add("acme/" + name);
            return new Uri(forge.Root, "acme/" + name);
        }

        git!["acme/" + name].Remove("refs/heads/main");
        return new Uri(git.Root, "acme/" + name);
    }

    public void Set(string repository, string name, int commit, bool annotated)
    {
        var tagObject = annotated ? 1_000_000 + commit : (int?)null;
        if (git is not null)
        {
            git["acme/" + repository].Set(name, FakeRepository.Sha(commit), name.StartsWith("refs/tags/", StringComparison.Ordinal) && tagObject is { } id ? FakeRepository.Sha(id) : null);
        }
        else if (name.StartsWith("refs/tags/", StringComparison.Ordinal))
        {
            forge!.Repositories["acme/" + repository].Tag(name["refs/tags/".Length..], commit, tagObject);
        }
        else
        {
            forge!.Repositories["acme/" + repository].Push(name["refs/heads/".Length..], commit);
        }
    }

    public void Remove(string repository, string name)
    {
        if (git is not null)
        {
            git["acme/" + repository].Remove(name);
        }
        else if (name.StartsWith("refs/tags/", StringComparison.Ordinal))
        {
            forge!.Repositories["acme/" + repository].Untag(name["refs/tags/".Length..]);
        }
        else
        {
            forge!.Repositories["acme/" + repository].Delete(name["refs/heads/".Length..]);
        }
    }

    public void SetDefault(string repository, string branch)
    {
        if (git is not null)
        {
            git["acme/" + repository].Head = branch;
        }
        else
        {
            forge!.Repositories["acme/" + repository].DefaultBranch = branch["refs/heads/".Length..];
        }
    }

    /// <summary>Spoils what is answered next.</summary>
    /// <param name="first">The first look believes whatever looks whole: there is nothing to compare with.</param>
    /// <returns>How, in words.</returns>
    public string Spoil(string repository, bool first, IReadOnlyDictionary<string, int> refs)
    {
        string[] choices = first ? Repeatable : [.. Repeatable, .. Short, .. Short];
        var how = choices[random.Next(choices.Length)];
        var times = Array.IndexOf(Short, how) >= 0 ? 1 : random.Next(1, 4);
        var word = random.Next(2) == 0 ? "branches" : "tags";
        var prefix = word == "tags" ? "refs/tags/" : "refs/heads/";
        var some = refs.Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal)).Where((_, at) => at % 2 == 0).Select(pair => (Name: pair.Key[prefix.Length..], Commit: FakeRepository.Sha(pair.Value))).ToList();
        Task Answer(HttpContext context) => AnswerAsync(context, how, git is null ? JsonList(some) : Packets(some, prefix));
        if (git is not null)
        {
            (spoiled, left) = (Answer, times);
            return how;
        }

        var part = how == "500 on a later page" ? "page" : "/" + word;
        for (var number = 0; number < times; number++)
        {
            forge!.Next(part, Answer);
        }

        return how;
    }

    public void Heal()
    {
        left = 0;
        forge?.Forget();
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        if (forge is not null)
        {
            await forge.DisposeAsync();
        }

        if (git is not null)
        {
            await git.DisposeAsync();
        }
    }

    private async Task AnswerAsync(HttpContext context, string how, string list)
    {
        var response = context.Response;
        response.ContentType = git is null ? "application/json; charset=utf-8" : "application/x-git-upload-pack-result";
        switch (how)
        {
            case "cut":
                response.ContentLength = list.Length + 500;
                await response.WriteAsync(list[..(list.Length / 2)]);
                await response.Body.FlushAsync();
                context.Abort();
                break;
            case "cut json":
                await response.WriteAsync(list[..^(list.Length > 10 ? 5 : 1)]);
                break;
            case "empty body":
                break;
            case "html":
                response.ContentType = "text/html";
                await response.WriteAsync("<html><title>Sign in</title></html>");
                break;
            case "not modified unasked":
                response.StatusCode = context.Request.Headers.IfNoneMatch.Count > 0 ? StatusCodes.Status502BadGateway : StatusCodes.Status304NotModified;
                break;
            case "empty list":
                await response.WriteAsync(git is null ? "[]" : "0000");
                break;
            case "short list":
                await response.WriteAsync(list);
                break;
            default:
                response.StatusCode = how.StartsWith("500", StringComparison.Ordinal) ? 500 : 503;
                await response.WriteAsync("no");
                break;
        }
    }

    private string JsonList(List<(string Name, string Commit)> refs) => JsonSerializer.Serialize(refs.Select(item => kind == "github"
        ? (object)new { name = item.Name, commit = new { sha = item.Commit } }
        : new { name = item.Name, commit = new { id = item.Commit } }));

    private static string Packets(List<(string Name, string Commit)> refs, string prefix) =>
        string.Concat(refs.Select(item => MemoryGit.Packet($"{item.Commit} {prefix}{item.Name}\n"))) + "0000";
}
