using CsCheck;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Polling;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Polling;

/// <summary>The poller beside the plainest model of what it must say, over random histories: pushes, deletions, bad answers, Git in the forge's place, restarts, other filters.</summary>
public sealed class PollerLawTests
{
    private static readonly string[] Branches = ["a", "b", "rel/1", "rel/2", "x/y/z"];
    private static readonly string[][] Filters = [["**"], ["main", "rel/*"], ["*"], ["**", "!a"], ["rel/**", "b"]];

    [Fact]
    public void What_is_fired_is_what_happened() =>
        Gen.Select(Gen.Int[0, 11], Gen.Int[0, 4], Gen.Int[1, 3]).Array[5, 60].Sample(steps => HoldsAsync(steps).GetAwaiter().GetResult(), iter: 150, threads: 1);

    private static async Task HoldsAsync((int Kind, int Which, int Commit)[] steps)
    {
        await using var story = await PollStory.BeginAsync();
        var model = new Model();
        var filter = Filters[0];
        var repository = await StartAsync(story, filter);
        foreach (var (kind, which, commit) in steps)
        {
            var branch = Branches[which];
            switch (kind)
            {
                case <= 3:
                    Both(story, forge => forge.Push(branch, (char)('0' + commit)));
                    model.Truth[branch] = commit;
                    break;
                case 4:
                    Both(story, forge => forge.Delete(branch));
                    model.Truth.Remove(branch);
                    break;
                case 5:
                    story.Forge.FailNext(RefSourceError.Malformed);
                    await Should.ThrowAsync<RefSourceException>(() => story.LookAsync(repository));
                    break;
                case 6 when repository.Heads.GetValueOrDefault(RefKind.Branch) is { Validator: not null } head && head.Filter == repository.Filters[RefKind.Branch].Text && model.Knows(branch):
                    story.Forge.LeavesOutOnce = "refs/heads/" + branch; // a conditional look that lacks a known ref: asked again
                    await LookAsync(story, repository, model, filter, fallback: false);
                    break;
                case 7:
                    repository = await StartAsync(story, filter = Filters[which]);
                    break;
                case 8:
                    repository = await StartAsync(story, filter);
                    break;
                default:
                    await LookAsync(story, repository, model, filter, fallback: kind == 9 && repository.IsKnown);
                    break;
            }
        }

        await LookAsync(story, repository, model, filter, fallback: false);
        (await story.LookAsync(repository)).ShouldBeEmpty(); // and a quiet look says nothing
    }

    private static async Task LookAsync(PollStory story, PolledRepository repository, Model model, string[] filter, bool fallback)
    {
        var expected = model.Look(filter);
        (await story.LookAsync(repository, fallback)).ShouldBe(expected, ignoreOrder: true);
    }

    private static async Task<PolledRepository> StartAsync(PollStory story, string[] filter) => (await story.StartAsync(Build.Repository() with { Branches = filter }))[0];

    private static void Both(PollStory story, Action<FakeRefSource> act)
    {
        act(story.Forge);
        act(story.Git);
    }

    private sealed class Model
    {
        private Dictionary<string, int>? known;
        private GlobSet before = GlobSet.Of([]);

        public Dictionary<string, int> Truth { get; } = new(StringComparer.Ordinal) { ["main"] = 1 };

        public bool Knows(string branch) => known?.ContainsKey(branch) == true && Truth.ContainsKey(branch);

        public IReadOnlyList<string> Look(string[] filter)
        {
            var globs = GlobSet.Of(filter);
            var now = Truth.Where(pair => globs.Matches(pair.Key)).ToDictionary(StringComparer.Ordinal);
            var fired = new List<string>();
            if (known is not null)
            {
                fired.AddRange(now.Where(pair => !known.ContainsKey(pair.Key) && before.Matches(pair.Key)).Select(pair => "branch_created refs/heads/" + pair.Key));
                fired.AddRange(now.Where(pair => known.TryGetValue(pair.Key, out var old) && old != pair.Value).Select(pair => "branch_updated refs/heads/" + pair.Key));
                fired.AddRange(known.Keys.Where(name => !now.ContainsKey(name) && globs.Matches(name)).Select(name => "branch_deleted refs/heads/" + name));
            }

            (known, before) = (now, globs);
            return fired;
        }
    }
}
