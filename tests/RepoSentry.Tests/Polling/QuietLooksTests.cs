using RepoSentry.Polling;
using RepoSentry.Storage;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Polling;

public sealed class QuietLooksTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(49)]
    [InlineData(50)]
    [InlineData(51)]
    [InlineData(99)]
    [InlineData(100)]
    [InlineData(260)]
    public void The_last_fifty_are_kept_newest_first(int noted)
    {
        var quiet = new QuietLooks();
        var looks = Enumerable.Range(0, noted).Select(minute => new PollOutcome(Build.Noon.AddMinutes(minute), TimeSpan.FromMilliseconds(minute), PollOutcome.Unchanged, "git")).ToList();

        looks.ForEach(quiet.Note);

        quiet.All.ShouldBe(Enumerable.Reverse(looks).Take(50));
    }
}
