#pragma warning disable IDE0130 // the linked servers of the system tests skip by this name
namespace Xunit;
#pragma warning restore IDE0130

/// <summary>A part that cannot be had here: the experiment is skipped with this reason, which is a failure under <c>CI=true</c>.</summary>
internal sealed class SkippedException(string reason) : Exception(reason);

internal static class Assert
{
    public static void SkipWhen(bool missing, string reason)
    {
        if (missing)
        {
            throw new SkippedException(reason);
        }
    }

    public static void SkipUnless(bool present, string reason) => SkipWhen(!present, reason);
}
