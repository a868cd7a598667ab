using System.Net;
using System.Text;
using System.Text.Json;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Providers.GitHub;
using RepoSentry.SystemTests.Providers.PlainGit;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Providers.GitHub;

/// <summary>Our questions against GitHub's published description of its interface, and our reading against its examples and recorded answers.</summary>
public sealed class PublishedContractTests
{
    private const string After = "6dcb09b5b57875f334f61aebed695e2e4193db5e";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_question_stands_in_the_published_description_and_its_example_is_understood()
    {
        using var published = new PublishedApi(Package("openapi/generated/api.github.com.json"));
        using var client = new HttpClient(published);
        var source = GitHubRefSource.For(new ProviderConfig { Name = "github", Type = "github" }, client, TimeProvider.System);
        var url = new Uri("https://github.com/octocat/Hello-World.git");

        var look = await source.LookAsync(Looks.At(url), Token);
        var range = await source.CompareAsync(url, null, new string('1', 40), After, Token);
        var commit = await source.CommitAsync(url, null, After, Token);
        var recent = await source.RecentAsync(url, null, Token);

        look.Names().ShouldNotBeEmpty();
        look.Names(RefKind.Tag).ShouldNotBeEmpty();
        look.DefaultBranch.ShouldBe("refs/heads/master");
        range!.Commits.ShouldNotBeEmpty();
        commit!.Id.ShouldBe(After);
        commit.Modified.ShouldNotBeNull();
        recent.ShouldNotBeEmpty();
        published.Asked.ShouldBe(
        [
            "/repos/{owner}/{repo}", "/repos/{owner}/{repo}/branches", "/repos/{owner}/{repo}/tags",
            "/repos/{owner}/{repo}/compare/{basehead}", "/repos/{owner}/{repo}/commits/{ref}", "/repos/{owner}/{repo}/commits",
        ]);
    }

    [Fact]
    public async Task The_listing_of_an_organization_stands_in_the_published_description_and_its_example_is_understood()
    {
        using var published = new PublishedApi(Package("openapi/generated/api.github.com.json"));
        using var client = new HttpClient(published);
        var source = GitHubRefSource.For(new ProviderConfig { Name = "github", Type = "github" }, client, TimeProvider.System);

        var listed = (await source.ListAsync("octocat", Token)).ShouldHaveSingleItem();

        listed.Path.ShouldBe("octocat/Hello-World");
        listed.Id.ShouldBe("1296269");
        listed.Url.ShouldBe(new Uri("https://github.com/octocat/Hello-World"));
        listed.HasTopic("octocat").ShouldBeTrue();
        published.Asked.ShouldBe(["/orgs/{org}/repos"]);
    }

    [Fact]
    public async Task A_recorded_rename_is_followed()
    {
        using var recorded = new RecordedApi(Package("fixtures/scenarios/api.github.com/rename-repository/normalized-fixture.json"));
        using var client = new HttpClient(recorded);
        var source = GitHubRefSource.For(new ProviderConfig { Name = "github", Type = "github" }, client, TimeProvider.System);

        var look = await source.LookAsync(new RefLookRequest(new Uri("https://github.com/octokit-fixture-org/rename-repository"), []), Token);

        look.ForgeId.ShouldBe("1000");
        look.DefaultBranch.ShouldNotBeNull();
        recorded.Asked.ShouldBe(["/repos/octokit-fixture-org/rename-repository", "/repositories/1000"]);
    }

    [Fact]
    public async Task A_recorded_repository_is_read()
    {
        using var recorded = new RecordedApi(Package("fixtures/scenarios/api.github.com/get-repository/normalized-fixture.json"));
        using var client = new HttpClient(recorded);
        var source = GitHubRefSource.For(new ProviderConfig { Name = "github", Type = "github" }, client, TimeProvider.System);
        var url = new Uri("https://github.com/octokit-fixture-org/hello-world");

        (await source.LookAsync(new RefLookRequest(url, []), Token)).ForgeId.ShouldBe("1000");

        source.Known(url, null)!.Private.ShouldBe(false);
    }

    private static string Package(string path)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "RepoSentry.slnx")))
        {
            folder = folder.Parent;
        }

        var file = Path.Combine(folder?.FullName ?? "", "tests/contracts/github/node_modules/@octokit", path);
        Assert.SkipUnless(File.Exists(file), "run `npm ci` in tests/contracts/github to install GitHub's published description");
        return file;
    }

    private static HttpResponseMessage Json(HttpStatusCode status, string body) => new(status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };

    /// <summary>Answers with the examples of the description, and fails on any path or parameter that it does not have.</summary>
    private sealed class PublishedApi(string file) : HttpMessageHandler
    {
        private readonly JsonDocument description = JsonDocument.Parse(File.ReadAllBytes(file));

        public List<string> Asked { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var url = request.RequestUri!;
            url.Host.ShouldBe("api.github.com");
            var (template, get) = Find(url.AbsolutePath.Split('/'));
            var known = get.GetProperty("parameters").EnumerateArray().Select(Resolve).Where(parameter => parameter.GetProperty("in").GetString() == "query")
                .Select(parameter => parameter.GetProperty("name").GetString());
            url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=')[0]).ShouldBeSubsetOf(known);
            Asked.Add(template);
            var content = get.GetProperty("responses").GetProperty("200").GetProperty("content").GetProperty("application/json");
            return Task.FromResult(Json(HttpStatusCode.OK, Resolve(content.GetProperty("examples").EnumerateObject().First().Value).GetProperty("value").GetRawText()));
        }

        protected override void Dispose(bool disposing)
        {
            description.Dispose();
            base.Dispose(disposing);
        }

        // A literal part beats a parameter.
        private (string Template, JsonElement Get) Find(string[] path) => description.RootElement.GetProperty("paths").EnumerateObject()
            .Where(item => item.Value.TryGetProperty("get", out _) && Matches(item.Name.Split('/'), path))
            .OrderBy(item => item.Name.Count(letter => letter == '{'))
            .Select(item => (item.Name, item.Value.GetProperty("get")))
            .FirstOrDefault() is { Item1: not null } found ? found : throw new InvalidOperationException($"{string.Join('/', path)} is not in the published description");

        private static bool Matches(string[] template, string[] path) =>
            template.Length == path.Length && template.Zip(path).All(pair => pair.First == pair.Second || pair.First.StartsWith('{'));

        private JsonElement Resolve(JsonElement element)
        {
            if (!element.TryGetProperty("$ref", out var reference))
            {
                return element;
            }

            return reference.GetString()!.Split('/').Skip(1).Aggregate(description.RootElement, (at, part) => at.GetProperty(part));
        }
    }

    /// <summary>Answers what was recorded for a path, with its status and headers.</summary>
    private sealed class RecordedApi(string file) : HttpMessageHandler
    {
        private readonly JsonDocument records = JsonDocument.Parse(File.ReadAllBytes(file));

        public List<string> Asked { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var path = request.RequestUri!.AbsolutePath;
            Asked.Add(path);
            var record = records.RootElement.EnumerateArray().First(item => item.GetProperty("path").GetString() == path && item.GetProperty("method").GetString() == "get");
            var answer = Json((HttpStatusCode)record.GetProperty("status").GetInt32(), record.GetProperty("response").GetRawText());
            answer.Content.Headers.Remove("Content-Type");
            foreach (var header in record.GetProperty("headers").EnumerateObject().Where(header => header.Name is not ("content-length" or "content-encoding" or "transfer-encoding")))
            {
                _ = answer.Headers.TryAddWithoutValidation(header.Name, header.Value.ToString()) || answer.Content.Headers.TryAddWithoutValidation(header.Name, header.Value.ToString());
            }

            return Task.FromResult(answer);
        }

        protected override void Dispose(bool disposing)
        {
            records.Dispose();
            base.Dispose(disposing);
        }
    }
}
