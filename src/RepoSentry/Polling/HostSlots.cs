namespace RepoSentry.Polling;

/// <summary>How many looks may be under way at one host. A host that failed gets one at a time until it answers: its time-outs cost nobody else's slots.</summary>
internal sealed class HostSlots(int limit)
{
    private readonly LinkedList<PolledRepositoryTurn> waiting = new();
    private int taken;
    private bool failing;

    public bool TryTake()
    {
        if (taken >= (failing ? 1 : limit))
        {
            return false;
        }

        taken++;
        return true;
    }

    /// <summary>Those that somebody asked for stand first.</summary>
    public void Wait(PolledRepositoryTurn turn)
    {
        if (turn.Repository.IsAsked)
        {
            waiting.AddFirst(turn);
        }
        else
        {
            waiting.AddLast(turn);
        }
    }

    public void Release(bool failed)
    {
        taken--;
        failing = failed;
    }

    public bool HasWaiting => waiting.Count > 0;

    /// <summary>The next that waited, with a slot taken for it; null if there is none or no slot.</summary>
    public PolledRepositoryTurn? TakeNext()
    {
        while (waiting.First is { Value: var turn })
        {
            if (turn.Place == turn.Repository.Place && !TryTake())
            {
                return null;
            }

            waiting.RemoveFirst();
            if (turn.Place == turn.Repository.Place)
            {
                return turn;
            }
        }

        return null;
    }
}

/// <param name="Repository">Whose turn it is.</param>
/// <param name="Place">Its place in the schedule when it was queued; void if it has moved since.</param>
internal readonly record struct PolledRepositoryTurn(PolledRepository Repository, int Place);
