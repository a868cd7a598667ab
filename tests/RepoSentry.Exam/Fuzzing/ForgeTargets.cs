using System.Net;
using System.Net.Http.Headers;
using System.Text;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Providers;
using RepoSentry.Providers.GitHub;

namespace RepoSentry.Exam.Fuzzing;

/// <summary>What forges answer, read by their ref sources through an HTTP client whose server is in memory: one question's answer is fuzzed, all others are right.</summary>
internal static class ForgeTargets
{
    // Tokens of JSON's own come with the mutator; these are words that the readers know.
    private static readonly string[] Words =
    [
        ForgeAnswers.One, ForgeAnswers.Two, "refs/heads/main", "refs/tags/v1", "main", "next", "open", "merged", "closed", "added", "removed", "renamed", "ahead", "diverged", "Tag", "Commit", "RATE_LIMITED",
        "https://forge.example/acme/web", "https://other.example/?page=2", "?page=2", "acme/web", "2026-11-29T10:00:00Z",
    ];

    public static IEnumerable<FuzzTarget> All =>
    [
        Of("GitHub JSON", "github", "https://github.com/acme/web", ForgeAnswers.GitHub),
        Of("GitHub GraphQL answers", "github", "https://github.com/acme/web", ForgeAnswers.GitHubGraph),
        Of("GitLab JSON", "gitlab", "https://gitlab.com/acme/web", ForgeAnswers.GitLab),
        Of("Gitea JSON", "gitea", "https://gitea.com/acme/web", ForgeAnswers.Gitea),
        Of("Bitbucket Cloud JSON", "bitbucket", "https://bitbucket.org/acme/web", ForgeAnswers.BitbucketCloud),
        Of("Bitbucket Server JSON", "bitbucket", "https://bitbucket.example/scm/acme/web.git", ForgeAnswers.BitbucketServer, "https://bitbucket.example"),
        Of("Azure DevOps JSON", "azure", "https://dev.azure.com/acme/shop/_git/web", ForgeAnswers.Azure),
    ];

    private static FuzzTarget Of(string name, string type, string repository, IReadOnlyList<ForgeAnswerSeed> answers, string? url = null)
    {
        var time = new StillTime();
        var forge = new MemoryForge(answers);
#pragma warning disable CA2000 // lives as long as the exam
        var http = new HttpClient(forge) { Timeout = Timeout.InfiniteTimeSpan };
#pragma warning restore CA2000
        var provider = new ProviderConfig { Name = "forge", Type = type, Url = url is null ? null : new Uri(url), Token = new Secret("token"), RequestsPerHour = 1_000_000_000, Burst = 1_000_000_000 };
        var source = type == "github" ? GitHubRefSource.For(provider, http, time) : RefSourceCatalog.SourceOf(provider, http, time)!;
        var asker = new Asker(source, new Uri(repository), time);
        return new FuzzTarget(name, [.. answers.Select(answer => new FuzzCase(answer.Name, [Encoding.UTF8.GetBytes(answer.Json)], body => forge.Instead(answer, body, () => asker.AskAsync(answer.Ask)), IsJson: true))], Words);
    }

    /// <summary>Asks what a service asks.</summary>
    private sealed class Asker(IRefSource source, Uri url, StillTime time)
    {
        public async Task<string> AskAsync(Ask ask)
        {
            time.Advance(ask == Ask.Repository ? TimeSpan.FromMinutes(11) : TimeSpan.FromSeconds(1)); // a repository is described anew every ten minutes
            var commits = (ICommitSource)source;
            return ask switch
            {
                Ask.Repository => Shape(await source.LookAsync(new RefLookRequest(url, [], ForgeId: "1"), default)),
                Ask.Branches => Shape(await source.LookAsync(Of(RefKind.Branch), default)),
                Ask.Tags => Shape(await source.LookAsync(Of(RefKind.Tag), default)),
                Ask.Pulls => Shape(await source.LookAsync(Of(RefKind.PullRequest), default)),
                Ask.Pull => await ((IPullRequestSource)source).PullRequestAsync(url, null, 7, default) is { } pull ? $"{pull.State}, {pull.Labels?.Count}, {(pull.Fork ? "fork" : "own")}" : "none",
                Ask.Compare => await commits.CompareAsync(url, null, ForgeAnswers.Two, ForgeAnswers.One, default) is { } range ? $"{Math.Min(range.Commits.Count, 3)}, {range.Forced}, {Count(range.Files)}, {string.Join(',', range.Commits.Take(3).Select(Shape))}" : "none",
                Ask.Difference => Count(await commits.DifferenceAsync(url, null, ForgeAnswers.Two, ForgeAnswers.One, default)),
                Ask.Commit => await commits.CommitAsync(url, null, ForgeAnswers.One, default) is { } commit ? Shape(commit) : "none",
                Ask.Recent => $"{Math.Min((await commits.RecentAsync(url, null, default)).Count, 3)} times",
                Ask.List => $"{Math.Min((await ((IRepositoryLister)source).ListAsync("acme", default)).Count, 3)} repositories",
                Ask.Batch => string.Join(';', (await ((IBatchSource)source).LookAsync([new(Of(RefKind.Branch, RefKind.Tag, RefKind.PullRequest)), new(Of(RefKind.Branch))], default)).Select(look => look.Look is null ? look.Alone.ToString() : Shape(look.Look))),
                Ask.Histories => string.Join(';', (await ((IBatchSource)source).RecentAsync([Of(RefKind.Branch), Of(RefKind.Branch)], default)).Select(times => $"{Math.Min(times.Count, 3)} times")),
                _ => string.Join(';', (await ((ISweepSource)source).SweepAsync([new SweepRequest("acme"), new SweepRequest("other")], default)).Pages.Select(page => page is null ? "none" : $"{Math.Min(page.Pushes.Count, 3)}, {(page.Next is null ? "last" : "more")}")),
            };
        }

        private RefLookRequest Of(params RefKind[] kinds) => new(url, [.. kinds.Select(kind => new KindRequest(kind, [], null))], ForgeId: "1");

        private static string Shape(RefLook look)
        {
            ForgeLaws.Check(look);
            return $"look {string.Join(',', look.Kinds.Select(kind => $"{kind.Kind} {Math.Min(kind.Snapshot?.Refs.Count ?? -1, 4)}"))} {(look.DefaultBranch is null ? "" : "default")} {(look.MovedTo is null ? "" : "moved")} {look.Archived}";
        }

        private static string Shape(CommitInfo commit) => ForgeLaws.IsId(commit.Id)
            ? $"commit {Count(commit.Added)} {Count(commit.Modified)} {Count(commit.Removed)} {Count(commit.Parents)} {(commit.Author is null ? "" : "author")} {(commit.Timestamp is null ? "" : "time")}"
            : throw new BrokenLawException("a commit has no id");

        private static string Count(IReadOnlyList<string>? list) => list is null ? "untold" : Math.Min(list.Count, 3).ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Answers each question with what is right, but one.</summary>
    private sealed class MemoryForge(IReadOnlyList<ForgeAnswerSeed> answers) : HttpMessageHandler
    {
        private static readonly MediaTypeHeaderValue Json = new("application/json");

        private readonly Dictionary<ForgeAnswerSeed, byte[]> right = answers.ToDictionary(answer => answer, answer => Encoding.UTF8.GetBytes(answer.Json));
        private ForgeAnswerSeed? fuzzed;
        private byte[] instead = [];

        public string Instead(ForgeAnswerSeed answer, byte[] body, Func<Task<string>> ask)
        {
            (fuzzed, instead) = (answer, body);
            return ask().GetAwaiter().GetResult();
        }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var path = request.RequestUri!.PathAndQuery;
            var answer = answers.FirstOrDefault(answer => path.Contains(answer.Marker, StringComparison.Ordinal));
            if (answer is null)
            {
                return Task.FromResult(new HttpResponseMessage(HttpStatusCode.NotFound));
            }

            var content = new ByteArrayContent(answer.Marker == fuzzed?.Marker ? instead : right[answer]);
            content.Headers.ContentType = Json;
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = content });
        }
    }
}

/// <summary>What holds of every look that counts.</summary>
internal static class ForgeLaws
{
    public static bool IsId(string? text) => text is { Length: 40 or 64 } && text.All(letter => letter is (>= '0' and <= '9') or (>= 'a' and <= 'f'));

    public static void Check(RefLook look)
    {
        foreach (var snapshot in look.Kinds.Select(kind => kind.Snapshot).OfType<RefSnapshot>())
        {
            for (var at = 0; at < snapshot.Refs.Count; at++)
            {
                var one = snapshot.Refs[at];
                if (!IsId(one.CommitId) || (one.TagObjectId is not null && !IsId(one.TagObjectId)))
                {
                    throw new BrokenLawException("a ref without an id counts");
                }

                if (!one.Name.StartsWith("refs/", StringComparison.Ordinal) || one.Name.Any(char.IsControl) || (at > 0 && string.CompareOrdinal(snapshot.Refs[at - 1].Name, one.Name) >= 0))
                {
                    throw new BrokenLawException("a look has a name that is none, or twice, or out of order");
                }
            }

            if (snapshot.Kind == RefKind.PullRequest && !snapshot.Refs.All(one => snapshot.PullRequests.GetValueOrDefault(one.Name)?.HeadSha == one.CommitId))
            {
                throw new BrokenLawException("a pull request's ref and what is told of it differ");
            }
        }
    }
}
