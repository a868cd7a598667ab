using CsCheck;
using RepoSentry.Abstractions;
using RepoSentry.Providers;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Providers;

public sealed class RefPagesTests
{
    [Fact]
    public void Whatever_changes_while_pages_are_read_no_ref_that_stays_is_missing_and_none_is_made_up() =>
        Gen.Select(Gen.Int[0, 350], Gen.Int[0, 12].Array[0, 12], Gen.Int[0, 1000].Array[12]).Sample(
            (count, moments, which) =>
            {
                var forge = new NumberedForge(count);
                var stays = forge.Names.ToHashSet(StringComparer.Ordinal);
                var ever = new HashSet<string>(stays, StringComparer.Ordinal);
                var asked = 0;
                forge.Asked = () =>
                {
                    foreach (var moment in moments.Index().Where(item => item.Item == asked))
                    {
                        Change(forge, which[moment.Index], stays, ever);
                    }

                    asked++;
                };

                RefSnapshot snapshot;
                try
                {
                    snapshot = forge.Look(null)!;
                }
                catch (RefSourceException moved) when (moved.Error == RefSourceError.Malformed)
                {
                    return true;
                }

                var seen = snapshot.Refs.Select(item => item.ShortName).ToHashSet(StringComparer.Ordinal);
                return stays.IsSubsetOf(seen) && seen.IsSubsetOf(ever);
            },
            iter: 400);

    [Fact]
    public void A_validator_answers_nothing_new_exactly_until_something_changes() =>
        Gen.Select(Gen.Int[0, 350], Gen.Int[0, 1000]).Sample(
            (count, which) =>
            {
                var forge = new NumberedForge(count);
                var first = forge.Look(null)!;
                var unchanged = forge.Look(first.Validator) is null;
                Change(forge, which, [], []);
                return unchanged && forge.Look(first.Validator)!.Refs.Select(item => item.ShortName).SequenceEqual(forge.Names);
            },
            iter: 200);

    [Theory]
    [InlineData("?per_page=100", 1)]
    [InlineData("?per_page=100&page=1", 2)]
    public async Task Pages_that_go_in_a_circle_end_at_the_first_that_comes_again(string next, int most)
    {
        var asked = 0;
        var pages = new RefPages("test", RefKind.Branch, (_, _) => Task.FromResult(new RefPage([.. Enumerable.Range(0, 100).Select(number => new GitRef($"refs/heads/b{asked}-{number}", Build.Commit('1')))], $"e{asked++}", next, null)));

        var failure = await Should.ThrowAsync<RefSourceException>(() => pages.LookAsync("?per_page=100", null));

        (failure.Error, failure.Message).ShouldBe((RefSourceError.Malformed, "the list of branches goes in a circle: one of its pages names an earlier one as the next"));
        asked.ShouldBe(most);
    }

    [Fact]
    public async Task A_list_without_an_end_is_left_after_a_hundred_pages_and_for_a_while()
    {
        var asked = 0;
        var pages = new RefPages("test", RefKind.Branch, (_, _) => Task.FromResult(new RefPage([new GitRef($"refs/heads/b{asked}", Build.Commit('1'))], $"e{asked}", $"?per_page=100&after={asked++}", null)));

        var failure = await Should.ThrowAsync<RefSourceException>(() => pages.LookAsync("?per_page=100", null));

        (failure.RetryAfter, asked).ShouldBe((TimeSpan.FromMinutes(5), RefPages.MaxPages + 1));
    }

    [Fact]
    public void Answers_that_overtake_each_other_do_not_raise_what_remains()
    {
        var reset = Build.Noon.AddMinutes(10);
        var known = new RateLimitState(5000, 100, reset, "core");

        RateLimitState.Newer(known, known with { Remaining = 101 }).ShouldBe(known);
        RateLimitState.Newer(known, known with { Remaining = 99 }).Remaining.ShouldBe(99);
        RateLimitState.Newer(known, known with { Remaining = 4999, ResetsAt = reset.AddHours(1) }).Remaining.ShouldBe(4999);
        RateLimitState.Newer(known, known with { Remaining = 1, ResetsAt = reset.AddHours(-1) }).ShouldBe(known);
    }

    [Theory]
    [InlineData(5000, 250)]
    [InlineData(60, 15)]
    [InlineData(10, 5)]
    public void The_reserve_follows_the_limit(int limit, int reserve) => new RateLimitState(limit, limit, Build.Noon, null).Reserve.ShouldBe(reserve);

    private static void Change(NumberedForge forge, int which, HashSet<string> stays, HashSet<string> ever)
    {
        if (which % 2 == 0 || forge.Names.Count == 0)
        {
            var added = $"b{which:0000}x";
            ever.Add(added);
            forge.Names.Add(added);
            return;
        }

        var gone = forge.Names.ElementAt(which % forge.Names.Count);
        forge.Names.Remove(gone);
        stays.Remove(gone);
    }

    /// <summary>A forge in memory with numbered pages, which shift.</summary>
    private sealed class NumberedForge(int count)
    {
        public SortedSet<string> Names { get; } = new(Enumerable.Range(0, count).Select(index => $"b{index:0000}"), StringComparer.Ordinal);
        public Action Asked { get; set; } = () => { };

        public RefSnapshot? Look(string? validator) => new RefPages("test", RefKind.Branch, FetchAsync).LookAsync("?per_page=100", validator).GetAwaiter().GetResult();

        private Task<RefPage> FetchAsync(string query, string? etag)
        {
            var page = ForgeHttp.PageNumber(query) ?? 1;
            var names = Names.Skip((page - 1) * 100).Take(100).ToList();
            var tag = string.Join(',', names);
            var next = page * 100 < Names.Count ? $"?per_page=100&page={page + 1}" : null;
            Asked();
            var refs = tag == etag ? null : names.ConvertAll(name => new GitRef(GitRef.BranchPrefix + name, Build.Commit('1')));
            return Task.FromResult(new RefPage(refs, tag, next, null));
        }
    }
}
