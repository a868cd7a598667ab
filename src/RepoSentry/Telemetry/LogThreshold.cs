using Serilog.Core;
using Serilog.Events;

namespace RepoSentry.Telemetry;

/// <summary>The level below which nothing is logged; a reload may change it.</summary>
internal sealed class LogThreshold(string level)
{
    public LoggingLevelSwitch Switch { get; } = new(Of(level));

    public void Set(string name) => Switch.MinimumLevel = Of(name);

    private static LogEventLevel Of(string name) => name switch
    {
        "trace" => LogEventLevel.Verbose,
        "debug" => LogEventLevel.Debug,
        "warn" => LogEventLevel.Warning,
        "error" => LogEventLevel.Error,
        "fatal" => LogEventLevel.Fatal,
        _ => LogEventLevel.Information,
    };
}
