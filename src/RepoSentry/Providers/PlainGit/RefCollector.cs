using System.Buffers;
using RepoSentry.Abstractions;

namespace RepoSentry.Providers.PlainGit;

/// <summary>Takes the refs of one look as they stream in and keeps those asked for as bytes; text is made of them only if something is new.</summary>
internal sealed class RefCollector : IDisposable
{
    private static readonly SearchValues<byte> Hex = SearchValues.Create("0123456789abcdef"u8);

    private readonly KindBuffer[] buffers;
    private readonly LargeAnswer large = new();
    private KindBuffer? last;
    private int idLength;
    private string? defaultBranch;

    public RefCollector(LookPlan plan, IReadOnlyList<KindRequest> requests)
    {
        buffers = new KindBuffer[plan.Kinds.Length];
        for (var at = 0; at < buffers.Length; at++)
        {
            buffers[at] = new KindBuffer(plan.Kinds[at], Validator(requests, plan.Kinds[at].Kind));
        }
    }

    /// <summary>Refs seen, whether kept or not.</summary>
    public int Count { get; private set; }

    public void Add(ReadOnlySpan<byte> id, ReadOnlySpan<byte> name)
    {
        CheckId(id);
        if (name.IsEmpty || name.Length > PlainGitLimits.MaxNameBytes || name.ContainsAny((byte)0, (byte)'\n'))
        {
            throw Malformed("a ref has no legal name");
        }

        if (++Count > PlainGitLimits.MaxRefs)
        {
            throw Malformed($"the repository has more than {PlainGitLimits.MaxRefs:N0} refs: watch fewer by naming them");
        }

        last = null;
        foreach (var buffer in buffers)
        {
            if (buffer.Plan.Covers(name))
            {
                last = buffer;
                buffer.Append(id, name);
                return;
            }
        }
    }

    /// <summary>What the tag just added finally points to.</summary>
    public void Peel(ReadOnlySpan<byte> id)
    {
        CheckId(id);
        last?.AppendPeeled(id);
        last = null;
    }

    /// <summary>The same where the answer repeats the name.</summary>
    public void Peel(ReadOnlySpan<byte> id, ReadOnlySpan<byte> name)
    {
        if (last is not null && !last.LastName.SequenceEqual(name))
        {
            throw Malformed("a peeled tag follows another ref");
        }

        Peel(id);
    }

    /// <summary>Waits for the turn to be large, if what is kept has become so.</summary>
    public ValueTask MakeRoomAsync(IdleTimer idle)
    {
        var kept = 0L;
        foreach (var buffer in buffers)
        {
            kept += buffer.Kept;
        }

        return large.Needs(kept) ? TakeTurnAsync(idle) : ValueTask.CompletedTask;
    }

    /// <summary>What HEAD stands for.</summary>
    public void PointHead(ReadOnlySpan<byte> target) => defaultBranch = RefName.FromBytes(target);

    public RefLook ToLook()
    {
        var looks = new KindLook[buffers.Length];
        for (var at = 0; at < looks.Length; at++)
        {
            looks[at] = buffers[at].ToLook();
        }

        return new RefLook(looks, defaultBranch);
    }

    public void Dispose()
    {
        foreach (var buffer in buffers)
        {
            buffer.Dispose();
        }

        large.Dispose();
    }

    private async ValueTask TakeTurnAsync(IdleTimer idle)
    {
        idle.Pause();
        await large.TakeAsync(idle.Token);
        idle.Restart();
    }

    private void CheckId(ReadOnlySpan<byte> id)
    {
        idLength = idLength == 0 ? id.Length : idLength;
        if (id.Length is not (40 or 64) || id.Length != idLength || id.ContainsAnyExcept(Hex))
        {
            throw Malformed("an object id is not 40 or 64 hex digits");
        }
    }

    private static string? Validator(IReadOnlyList<KindRequest> requests, RefKind kind)
    {
        for (var at = 0; at < requests.Count; at++)
        {
            if (requests[at].Kind == kind)
            {
                return requests[at].Validator;
            }
        }

        return null;
    }

    private static RefSourceException Malformed(string message) => new(RefSourceError.Malformed, message);
}
