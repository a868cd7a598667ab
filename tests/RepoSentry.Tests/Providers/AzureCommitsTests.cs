using RepoSentry.Abstractions;
using RepoSentry.Providers.AzureDevOps;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Providers;

/// <summary>Histories are written as <c>commit:parents</c>, newest first.</summary>
public sealed class AzureCommitsTests
{
    [Theory]
    [InlineData("c:b b:a a:", "a", 2, "b c")]
    [InlineData("c:b b:a", "a", 2, "b c")] // the history goes on, and is not needed
    [InlineData("m:c,x x:a c:b b:a a:", "b", 3, "c x m")] // merged from before
    [InlineData("m:c,x c:b x:a b:a a:", "a", 4, "b x c m")]
    [InlineData("c:b b:a a:", "b", 2, "")] // another count than the forge's
    [InlineData("d:c c:b", "a", 3, "")] // cut before the earlier one
    [InlineData("m:c,x c:b x:y b:a", "b", 3, "")] // y may or may not lie before b
    [InlineData("", "a", 2, "")]
    public void What_lies_between_is_told_where_the_history_proves_it(string history, string earlier, int count, string expected)
    {
        var told = history.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(text => text.Split(':')).Select(parts => new CommitInfo { Id = parts[0], Parents = parts[1].Split(',', StringSplitOptions.RemoveEmptyEntries) }).ToList();

        var between = AzureCommits.Between(told, earlier, told.FirstOrDefault()?.Id ?? "z", count);

        string.Join(' ', between.Select(commit => commit.Id)).ShouldBe(expected);
    }

    [Fact]
    public void A_commit_of_unknown_parents_proves_nothing() =>
        AzureCommits.Between([new CommitInfo { Id = "c", Parents = ["b"] }, new CommitInfo { Id = "b" }], "a", "c", 2).ShouldBeEmpty();
}
