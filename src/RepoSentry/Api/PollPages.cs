using System.Globalization;
using RepoSentry.Polling;
using RepoSentry.Storage;

namespace RepoSentry.Api;

/// <summary>The looks of a repository, newest first, of two places: those that changed something or failed are stored, the last quiet ones are in memory.</summary>
internal static class PollPages
{
    /// <summary>Where a page ended in each of them.</summary>
    /// <param name="Stored">The number of the last stored look that was shown.</param>
    /// <param name="Quiet">When the last quiet look that was shown began, in ticks of UTC.</param>
    internal sealed record Place(long Stored, long Quiet)
    {
        public static Place Newest { get; } = new(long.MaxValue, long.MaxValue);

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Stored}.{Quiet}");

        public static bool TryParse(string text, out Place place)
        {
            place = Newest;
            var parts = text.Split('.');
            if (parts.Length != 2 || !long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var stored) || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks))
            {
                return false;
            }

            place = new Place(stored, ticks);
            return true;
        }
    }

    /// <summary>One more than the page has, if there are more. Each look tells where a page ends that ends with it.</summary>
    public static async Task<IReadOnlyList<PollView>> ReadAsync(RepositoryLog log, long repositoryId, PolledRepository? live, Place after, int limit, CancellationToken cancellationToken)
    {
        var stored = await log.PollsAsync(repositoryId, after.Stored, limit + 1, cancellationToken);
        List<PollOutcome> quiet = [.. live?.Quiet.All.Where(look => look.StartedAt.UtcTicks < after.Quiet) ?? []];
        var (place, nextStored, nextQuiet) = (after, 0, 0);
        var page = new List<PollView>();
        while (page.Count <= limit && (nextStored < stored.Count || nextQuiet < quiet.Count))
        {
            PollView view;
            if (nextQuiet < quiet.Count && (nextStored == stored.Count || quiet[nextQuiet].StartedAt > stored[nextStored].StartedAt))
            {
                place = place with { Quiet = quiet[nextQuiet].StartedAt.UtcTicks };
                view = PollView.Of(quiet[nextQuiet++]);
            }
            else
            {
                place = place with { Stored = stored[nextStored].Id };
                view = PollView.Of(stored[nextStored++]);
            }

            page.Add(view with { Place = place.ToString(), GapBefore = live?.Begins(view.StartedAt) ?? true });
        }

        return page;
    }
}
