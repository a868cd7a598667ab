using System.Text.Json;
using RepoSentry.Abstractions;
using RepoSentry.Providers;
using RepoSentry.Providers.GitHub;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Contracts;

/// <summary>Each question that we ask GitHub's GraphQL interface, against its published schema.</summary>
public sealed class GitHubGraphSchemaTests
{
    [Fact]
    public async Task Every_question_is_valid_in_the_published_schema()
    {
        (string, string, RefLookRequest)[] Asked(params RefKind[] kinds) =>
            [.. Enumerable.Range(0, 100).Select(number => ("acme", $"repo-{number}", new RefLookRequest(new Uri($"https://github.com/acme/repo-{number}"), [.. kinds.Select(kind => new KindRequest(kind, [], null))])))];
        string[] questions =
        [
            GitHubQueries.Refs(Asked(RefKind.Branch)),
            GitHubQueries.Refs(Asked(RefKind.Tag)),
            GitHubQueries.Refs(Asked(RefKind.Branch, RefKind.Tag)),
            GitHubQueries.Refs(Asked(RefKind.PullRequest)),
            GitHubQueries.Refs(Asked(RefKind.Branch, RefKind.Tag, RefKind.PullRequest)),
            GitHubQueries.LastPushes([.. Enumerable.Range(0, 50).Select(number => new SweepRequest($"org{number}"))]),
            GitHubQueries.LastPushes([new SweepRequest("acme", "Y3Vyc29yOnYyOpK5MjAyNi0xMS0yNA==")]),
            GitHubQueries.Recent([.. Enumerable.Range(0, GitHubQueries.MostHistories).Select(number => ("acme", $"repo-{number}"))]),
            "query{repository(owner:\"acme\",name:\"web\"){nothing}}",
        ];

        var errors = await PublishedSchema.ValidateAsync("graphql", questions.Select(query => JsonSerializer.Serialize(new { query })));

        errors[..^1].ShouldAllBe(line => line == "[]");
        errors[^1].ShouldContain("Cannot query field");
    }
}
