using RepoSentry.Api;

namespace RepoSentry.Dashboard.Charts;

/// <summary>The time between two looks at one repository that follow each other.</summary>
/// <param name="At">When the later one began.</param>
/// <param name="Seconds">Null for a gap: what was looked at before is not known, or it was not.</param>
/// <param name="Outcome">Of the later one.</param>
internal sealed record Interval(DateTimeOffset At, double? Seconds, string Outcome)
{
    /// <summary>Oldest first. Gaps that nothing stands between are one.</summary>
    public static IReadOnlyList<Interval> Of(IReadOnlyList<PollView> newestFirst)
    {
        var all = new List<Interval>();
        for (var at = newestFirst.Count - 2; at >= 0; at--)
        {
            var (look, before) = (newestFirst[at], newestFirst[at + 1]);
            if (look.GapBefore && all is [.., { Seconds: null }])
            {
                all.RemoveAt(all.Count - 1);
            }

            all.Add(new Interval(look.StartedAt, look.GapBefore ? null : (look.StartedAt - before.StartedAt).TotalSeconds, look.Outcome));
        }

        return all;
    }
}
