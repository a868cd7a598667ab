using System.Diagnostics;
using RepoSentry.Abstractions;

namespace RepoSentry.Delivery.Payloads;

/// <summary>How much of a change is told. An EventListener reads bodies below 1 MiB, so what does not fit is told with less.</summary>
/// <param name="Commits">Commits, the newest kept; forges stop at 20 as well.</param>
/// <param name="Files">Paths in each list of a commit.</param>
/// <param name="Text">Characters of a message.</param>
internal sealed record PayloadBudget(int Commits, int Files, int Text)
{
    /// <summary>Bytes a body stays below.</summary>
    public const int BodyLimit = 1000 * 1024;

    private static readonly PayloadBudget[] Steps = [new(20, 3000, 65536), new(20, 300, 8192), new(20, 0, 1024), new(1, 0, 256)];

    /// <summary>The first rendering that fits, from the fullest to the barest, with the marks of what it leaves out.</summary>
    public static TriggerMessage Fit(ChangeEvent change, Dictionary<string, string> headers, Func<PushFacts, byte[]> render)
    {
        foreach (var budget in Steps)
        {
            var push = new PushFacts(change, budget);
            var body = render(push);
            if (body.Length < BodyLimit || budget == Steps[^1])
            {
                push.Mark(headers);
                return new TriggerMessage(headers, body);
            }
        }

        throw new UnreachableException();
    }
}
