namespace RepoSentry.Storage;

/// <summary>What a caller may do: each may do what those before it may.</summary>
internal enum Role
{
    /// <summary>Look at everything but tokens and the audit log.</summary>
    Viewer,

    /// <summary>Make the running work go: poll, pause, resume, release, retry, replay, test.</summary>
    Operator,

    /// <summary>Change what is watched, who may ask, and read who did.</summary>
    Admin,
}

internal static class Roles
{
    public static IReadOnlyList<string> All { get; } = ["viewer", "operator", "admin"];

    public static string Name(this Role role) => All[(int)role];

    public static bool TryParse(string? text, out Role role)
    {
        var at = text is null ? -1 : All.ToList().IndexOf(text);
        role = (Role)Math.Max(0, at);
        return at >= 0;
    }
}
