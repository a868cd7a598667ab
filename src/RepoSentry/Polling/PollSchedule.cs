namespace RepoSentry.Polling;

/// <summary>Who is due when. A place that was overtaken by a newer one is void, so moving a repository is one insertion. Not thread-safe.</summary>
internal sealed class PollSchedule
{
    private readonly PriorityQueue<PolledRepositoryTurn, (TimeSpan, long)> queue = new();
    private long order;

    /// <param name="first">Before all that are due.</param>
    public void Place(PolledRepository repository, TimeSpan dueAt, bool first = false)
    {
        repository.DueAt = dueAt;
        queue.Enqueue(new PolledRepositoryTurn(repository, ++repository.Place), (first ? TimeSpan.MinValue : dueAt, order++));
    }

    /// <summary>Takes the earliest if it is due; <paramref name="nextAt"/> tells when the next one is.</summary>
    public PolledRepositoryTurn? TakeDue(TimeSpan now, out TimeSpan? nextAt)
    {
        nextAt = null;
        while (queue.TryPeek(out var turn, out var priority))
        {
            if (turn.Place != turn.Repository.Place)
            {
                queue.Dequeue();
                continue;
            }

            if (priority.Item1 > now)
            {
                nextAt = priority.Item1;
                return null;
            }

            queue.Dequeue();
            return turn;
        }

        return null;
    }
}
