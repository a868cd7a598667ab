using System.Text;
using System.Text.Json;
using RepoSentry.Abstractions;
using RepoSentry.Delivery.Payloads;
using RepoSentry.Tests.Documentation;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Delivery.Payloads;

public sealed class NativePayloadTests
{
    [Theory]
    [InlineData("type", "branch_updated")]
    [InlineData("timestamp", "2026-11-24T12:00:00Z")]
    [InlineData("data.id", "019abf00-0000-7000-8000-000000000001")]
    [InlineData("data.type", "branch_updated")]
    [InlineData("data.repository.name", "web")]
    [InlineData("data.repository.url", "https://github.com/acme/web")]
    [InlineData("data.repository.provider", "github")]
    [InlineData("data.repository.full_name", "acme/web")]
    [InlineData("data.repository.default_branch", "main")]
    [InlineData("data.repository.forge_id", "186853002")]
    [InlineData("data.repository.private", "False")]
    [InlineData("data.ref", "refs/heads/main")]
    [InlineData("data.kind", "branch")]
    [InlineData("data.branch_name", "main")]
    [InlineData("data.before", "1111111111111111111111111111111111111111")]
    [InlineData("data.after", "2222222222222222222222222222222222222222")]
    [InlineData("data.commits[1].id", "2222222222222222222222222222222222222222")]
    [InlineData("data.commits[1].message", "Second\n\nWith a body")]
    [InlineData("data.commits[1].timestamp", "2026-11-24T11:58:00+02:00")]
    [InlineData("data.commits[1].author.username", "ada")]
    [InlineData("data.commits[1].committer.email", "bob@example.org")]
    [InlineData("data.commits[1].modified[1]", "src/b.cs")]
    [InlineData("data.commit_count", "2")]
    [InlineData("data.forced", "True")]
    [InlineData("data.compare_url", "https://github.com/acme/web/compare/111...222")]
    [InlineData("data.detection_delay_seconds", "30")]
    [InlineData("data.truncated", "False")]
    public void The_body_has_the_documented_fields(string path, string expected) => Pushes.Body("native", Pushes.Event().Known()).Text(path).ShouldBe(expected);

    [Fact]
    public void What_is_not_known_is_null_and_named_and_never_a_stand_in()
    {
        var change = Pushes.Event(before: null) with
        {
            Repository = new RepositoryInfo("web", new Uri("https://git.example/web"), "git"),
            Commits = [new CommitInfo { Id = Build.Commit('2') }],
        };
        var data = Pushes.Body("native", change).At("data");
        string[] unknown = ["before", "forced", "compare_url", "commit_count", "repository.default_branch", "repository.private", "commits[0].message", "commits[0].author", "commits[0].added"];
        unknown.Where(path => data.At(path).ValueKind != JsonValueKind.Null).ShouldBeEmpty();
        data.At("unknown").EnumerateArray().Select(item => item.GetString()).ShouldBe(["message", "author", "timestamp", "files", "pusher", "repository_id", "default_branch", "private"], ignoreOrder: true);
        Encoding.UTF8.GetString(PayloadFormats.Render("native", change).Body).ShouldNotContain(PushFacts.UnknownText);
    }

    [Fact]
    public void No_commit_is_made_up_where_none_is_known() =>
        Pushes.Body("native", Pushes.Event()).At("data.commits").GetArrayLength().ShouldBe(0);

    [Fact]
    public void Every_field_stands_in_the_documents_of_both_languages()
    {
        var names = Names(Pushes.Body("native", Pushes.Event().Known())).Distinct(StringComparer.Ordinal).ToList();
        names.Count.ShouldBeGreaterThan(30);
        foreach (var page in new[] { "docs/en/webhooks.md", "docs/zh/webhooks.md" })
        {
            names.Where(name => !Document.At(page).Text.Contains($"`{name}`", StringComparison.Ordinal)).ShouldBeEmpty(page);
        }
    }

    private static IEnumerable<string> Names(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(property => Names(property.Value).Prepend(property.Name)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Names),
        _ => [],
    };
}
