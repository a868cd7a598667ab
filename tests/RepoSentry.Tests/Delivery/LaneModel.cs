using System.Globalization;
using RepoSentry.Configuration;
using RepoSentry.Delivery;
using RepoSentry.Storage;
using RepoSentry.Tests.Support;

namespace RepoSentry.Tests.Delivery;

/// <summary>What the receiver does with one attempt, and how long it takes for that.</summary>
internal sealed record Verdict(string Kind, TimeSpan Takes, TimeSpan RetryAfter);

/// <summary>One thing that happens from outside.</summary>
internal sealed record Happening(string Kind, int Lane, int Milliseconds);

/// <summary>
/// A trigger in virtual time: the book with the few lines around it that its worker has, a receiver that does as it is told, the rows that a restart reads,
/// and every law of lanes, breaker and pacing, checked by plain bookkeeping at each step.
/// </summary>
internal sealed class LaneModel(TriggerConfig config, IReadOnlyList<Verdict> verdicts)
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly SortedDictionary<long, Row> rows = [];
    private readonly List<Flight> flights = [];
    private readonly List<TimeSpan> starts = [];
    private readonly Dictionary<LaneKey, LaneFacts> facts = [];
    private LaneBook book = new(config);
    private TimeSpan now = TimeSpan.FromMinutes(1);
    private TimeSpan? wakeAt;
    private TimeSpan probeDueFrom;
    private string receiver = "mixed";
    private long lastId;
    private int attempts;
    private int gaveUp;

    public int Backlog => rows.Count;
    public int Starts => starts.Count;
    public bool EverOpened { get; private set; }

    public void Run(Happening happening)
    {
        switch (happening.Kind)
        {
            case "arrive" or "retry":
                Arrive(happening.Lane, exempt: happening.Kind == "retry");
                break;
            case "pause":
                Pause();
                break;
            case "resume":
                Resume();
                break;
            case "restart":
                Restart();
                break;
            case "advance":
                Advance(now + TimeSpan.FromMilliseconds(happening.Milliseconds));
                break;
            default:
                receiver = happening.Kind;
                break;
        }

        StartAll();
        CheckBacklog();
    }

    /// <summary>The receiver is well again: all that is owed must go, by nothing but the wake-ups that the book asks for.</summary>
    public void Settle()
    {
        receiver = "up";
        var limit = now + TimeSpan.FromHours(2);
        while (rows.Count > 0)
        {
            if (book.Paused)
            {
                Resume();
                StartAll();
            }

            var next = Next();
            Law(next is not null, "it stalls: nothing is under way and no wake-up is asked for");
            Law(next < limit, "it never ends");
            Advance(next!.Value);
        }

        Law(book.Backlog == 0 && book.InFlight == 0, "the book still owes what is finished");
    }

    private void Arrive(int lane, bool exempt)
    {
        var row = new Row(++lastId, lane, exempt);
        rows[row.Id] = row;
        book.Add(row.Owed(now), now);
    }

    private void Pause()
    {
        book.Paused = true;
    }

    private void Resume()
    {
        gaveUp = 0;
        book.Paused = false;
        Release();
    }

    private void Restart()
    {
        // What was under way may have arrived; it waits again. The pace of before is forgotten: a restart takes longer than a second.
        foreach (var flight in flights)
        {
            rows[flight.Id].DueAt = now;
            rows[flight.Id].Held = false;
        }

        flights.Clear();
        facts.Clear();
        starts.Clear();
        var (paused, open) = (book.Paused, book.Breaker.IsOpen);
        book = new LaneBook(config) { Paused = paused };
        gaveUp = 0;
        probeDueFrom = now;
        if (open)
        {
            book.Breaker.Resume(now);
        }

        foreach (var row in rows.Values)
        {
            var wait = row.DueAt > now ? row.DueAt - now : TimeSpan.Zero;
            book.Add(row.Owed(now), now, wait);
            if (!facts.ContainsKey(row.Key))
            {
                Facts(row.Key).Held = row.Held && wait > TimeSpan.Zero ? row.DueAt : TimeSpan.Zero;
            }
        }
    }

    private TimeSpan? Next()
    {
        var end = flights.Count == 0 ? (TimeSpan?)null : flights.Min(flight => flight.EndsAt);
        return wakeAt is null || end < wakeAt ? end : wakeAt;
    }

    private void Advance(TimeSpan target)
    {
        while (Next() is { } next && next <= target)
        {
            now = next > now ? next : now;
            foreach (var flight in flights.Where(flight => flight.EndsAt <= now).ToList())
            {
                Settle(flight);
            }

            StartAll();
            CheckProbes();
        }

        now = target > now ? target : now;
        CheckProbes();
    }

    private void StartAll()
    {
        var rounds = 0;
        while (book.Start(now, out wakeAt) is { } start)
        {
            Law(++rounds < 10_000, "it starts without end");
            Started(start);
        }

        Law(wakeAt is null || wakeAt > now, $"it asks to be woken at {wakeAt}, and it is {now}");
        Law(flights.Count(flight => !flight.Probe) == book.InFlight - flights.Count(flight => flight.Probe), "the book counts other flights");
    }

    private void Started(LaneStart start)
    {
        var row = rows.GetValueOrDefault(start.Delivery.Id);
        Law(row is not null, $"{start.Delivery.Id} is started and not owed");
        var lane = Facts(row!.Key);
        var before = rows.Values.Where(other => other.Key == row.Key && other.Id < row.Id).Select(other => other.Id).ToList();
        Law(!book.Paused, "it starts while paused");
        Law(flights.TrueForAll(flight => flight.Key != row.Key), $"lane {row.Key} has two in flight");
        Law(start.Superseded.SequenceEqual(config.Coalesce == "latest" ? before : []), $"{row.Id} stands for {string.Join(' ', start.Superseded)}, its lane owes {string.Join(' ', before)} before it");
        Law(config.Coalesce == "latest" ? !rows.Values.Any(other => other.Key == row.Key && other.Id > row.Id) : before.Count == 0, $"{row.Id} is out of order");
        Law(now >= lane.Held, $"{row.Key} is held until {lane.Held} and starts at {now}");
        Law(start.Probe == book.Breaker.IsOpen, "probes go while the breaker is open, and nothing else");
        Law(start.Attempt == row.Attempts + 1, $"attempt {start.Attempt} follows attempt {row.Attempts}");
        Law(!lane.Failing || now >= lane.DueAt || now - lane.StartedAt >= Second || lane.Freed, $"{row.Key} failed and starts again after {now - lane.StartedAt}");

        var verdict = Draw();
        flights.Add(new Flight(row.Id, row.Key, start, now + verdict.Takes, verdict, start.Probe, lane.Failing));
        var failing = flights.Count(flight => flight is { Probe: false, Failing: true });
        Law(config.MaxInFlight == 0 || flights.Count(flight => !flight.Probe) <= config.MaxInFlight, "more than max_in_flight");
        Law(config.MaxInFlight == 0 || start.Probe || !lane.Failing || failing <= Math.Max(1, config.MaxInFlight / 2), "failing lanes have more than half of the slots");
        starts.Add(now);
        Law(config.RequestsPerSecond == 0 || starts.Count(at => at > now - Second) <= Math.Max(1, config.RequestsPerSecond), "more than requests_per_second");
        Law(config.RequestsPerSecond is 0 or >= 1 || starts.Count < 2 || now - starts[^2] >= Second / config.RequestsPerSecond, "starts too near for a rate below one");

        probeDueFrom = now;
        (lane.StartedAt, lane.Freed) = (now, false);
        row.Attempts = start.Attempt;
        if (verdict.Kind != "storage")
        {
            start.Superseded.ToList().ForEach(id => rows.Remove(id));
        }
    }

    private void Settle(Flight flight)
    {
        flights.Remove(flight);
        var row = rows[flight.Id];
        var lane = Facts(flight.Key);
        lane.Held = TimeSpan.Zero;
        switch (flight.Verdict.Kind)
        {
            case "accept":
                Finish(flight, lane);
                gaveUp = 0;
                if (book.Breaker.Succeeded())
                {
                    Release();
                    StartAll();
                    CheckAllDue();
                }

                break;
            case "fail" or "hold":
                var held = flight.Verdict.Kind == "hold";
                var wait = BackOff.Wait(config.Retry, flight.Start.Failures + 1, held ? flight.Verdict.RetryAfter : null, 0.5);
                book.Retry(flight.Id, now, wait, held);
                (row.DueAt, row.Held) = (now + wait, held);
                (lane.Failing, lane.DueAt, lane.Held) = (true, now + wait, held ? now + wait : TimeSpan.Zero);
                if (book.Breaker.Failed(now))
                {
                    (EverOpened, probeDueFrom) = (true, now);
                }

                break;
            case "refuse" or "gone":
                Finish(flight, lane);
                book.Breaker.Answered(now);
                facts.Values.ToList().ForEach(other => other.Freed = true); // the next probe may go at once
                if (flight.Verdict.Kind == "gone" || ++gaveUp >= 5)
                {
                    Pause();
                }

                break;
            default:
                row.Attempts--; // it did not begin
                book.Postpone(flight.Id, now, Second);
                (lane.Failing, lane.DueAt) = (true, now + Second);
                break;
        }
    }

    private void Finish(Flight flight, LaneFacts lane)
    {
        book.Finish(flight.Id, now);
        rows.Remove(flight.Id);
        (lane.Failing, lane.Freed) = (false, true);
    }

    private void Release()
    {
        book.ReleaseAll(now);
        probeDueFrom = now;
        foreach (var (key, lane) in facts.Where(pair => flights.TrueForAll(flight => flight.Key != pair.Key)))
        {
            (lane.Failing, lane.Freed) = (false, true);
        }
    }

    private Verdict Draw()
    {
        var drawn = verdicts[attempts++ % verdicts.Count];
        return receiver switch
        {
            "up" => drawn with { Kind = "accept" },
            "down" => drawn with { Kind = "fail" },
            _ => drawn,
        };
    }

    // While the breaker is open and something waits that is not held, a probe starts within ten seconds.
    private void CheckProbes()
    {
        var waits = Waiting().Any();
        if (!book.Breaker.IsOpen || book.Paused || !waits)
        {
            probeDueFrom = now;
        }

        var pace = config.RequestsPerSecond == 0 ? TimeSpan.Zero : Second / Math.Min(1, config.RequestsPerSecond);
        Law(now - probeDueFrom <= Breaker.ProbeEvery + pace, $"no probe since {probeDueFrom}, and it is {now}");
    }

    // The receiver is back: what does not start now waits for the pace, for a slot, or because it is held.
    private void CheckAllDue()
    {
        var slots = config.MaxInFlight == 0 || flights.Count(flight => !flight.Probe) < config.MaxInFlight;
        var pace = config.RequestsPerSecond == 0 || (config.RequestsPerSecond >= 1 && starts.Count(at => at > now - Second) < (int)config.RequestsPerSecond);
        Law(book.Paused || book.Breaker.IsOpen || !slots || !pace || !Waiting().Any(), "the breaker closed, and something is not due");
    }

    private IEnumerable<LaneKey> Waiting() =>
        rows.Values.Select(row => row.Key).Distinct().Where(key => flights.TrueForAll(flight => flight.Key != key) && Facts(key).Held <= now);

    // What an attempt that never begins stands for is passed over in the book, and still owed on record.
    private void CheckBacklog()
    {
        var passed = flights.Where(flight => flight.Verdict.Kind == "storage").Sum(flight => flight.Start.Superseded.Count);
        Law(book.Backlog == rows.Count - passed, string.Create(CultureInfo.InvariantCulture, $"the book owes {book.Backlog}, the rows {rows.Count}"));
    }

    private LaneFacts Facts(LaneKey key) => facts.TryGetValue(key, out var lane) ? lane : facts[key] = new LaneFacts();

    private void Law(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"at {now}: {otherwise}");
        }
    }

    private sealed class Row(long id, int lane, bool exempt)
    {
        public long Id => id;
        public LaneKey Key { get; } = new($"r{lane / 2}", $"refs/heads/b{lane % 2}", exempt ? id : 0);
        public int Attempts { get; set; }
        public TimeSpan DueAt { get; set; }
        public bool Held { get; set; }

        public OwedDelivery Owed(TimeSpan now) => new()
        {
            Id = id,
            Repository = Key.Repository,
            Ref = Key.Ref,
            Attempts = Attempts,
            OutOfOrder = exempt,
            Held = Held && DueAt > now,
            CreatedAt = Build.Noon,
        };
    }

    private sealed class LaneFacts
    {
        public bool Failing { get; set; }
        public TimeSpan DueAt { get; set; }
        public TimeSpan Held { get; set; }
        public TimeSpan StartedAt { get; set; } = TimeSpan.MinValue / 2;

        /// <summary>Something made it due before its back-off ended: a closing breaker, a resume, an answer.</summary>
        public bool Freed { get; set; }
    }

    private sealed record Flight(long Id, LaneKey Key, LaneStart Start, TimeSpan EndsAt, Verdict Verdict, bool Probe, bool Failing);
}
