namespace RepoSentry.Cli;

/// <summary>Exit codes, the same for every command.</summary>
internal static class ExitCode
{
    public const int Ok = 0;
    public const int Failed = 1;
    public const int Usage = 2;
    public const int NotFound = 3;
    public const int NotPermitted = 4;
    public const int Unreachable = 5;
    public const int Conflict = 6;
    public const int Unhealthy = 7;
    public const int TimedOut = 124;
}
