using System.Diagnostics.Metrics;
using System.Globalization;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using Serilog;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Formatting.Compact;
using Serilog.Formatting.Display;

namespace RepoSentry.Telemetry;

internal static class TelemetryModule
{
    private const string TextLine = "{Timestamp:yyyy-MM-dd HH:mm:ss.fffzzz} {Level:u3} {SourceContext} {Message:lj}{NewLine}{Exception}";

    public static IServiceCollection AddTelemetry(this IServiceCollection services, LoggingOptions options) => services
        .AddSingleton(new LogThreshold(options.Level))
        .AddSingleton<Lifecycle>()
        .AddSingleton<HealthRegistry>()
        .AddSerilog((provider, logger) => Configure(logger, options, provider.GetRequiredService<LogThreshold>()), preserveStaticLogger: true)
        .AddOpenTelemetry()
        .ConfigureResource(resource => resource.Clear().AddService("reposentry", serviceVersion: ProductVersion.Text, autoGenerateServiceInstanceId: false))
        .WithMetrics(metrics => metrics
            .AddMeter(SentryMetrics.MeterName)
            .AddRuntimeInstrumentation()
            .AddView(instrument => instrument is Histogram<double> ? new ExplicitBucketHistogramConfiguration { Boundaries = Buckets } : null)
            .AddView(instrument => PlainNames.TryGetValue(instrument.Name, out var name) ? new MetricStreamConfiguration { Name = name } : null)
            .AddPrometheusExporter(options => options.ScopeInfoEnabled = false))
        .Services;

    // Prometheus keeps the suffix _count to histograms and summaries.
    private static readonly Dictionary<string, string> PlainNames = new(StringComparer.Ordinal)
    {
        ["dotnet.assembly.count"] = "dotnet.assemblies",
        ["dotnet.process.cpu.count"] = "dotnet.process.cpus",
        ["dotnet.timer.count"] = "dotnet.timers",
    };

    private static readonly double[] Buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600];

    private static void Configure(LoggerConfiguration logger, LoggingOptions options, LogThreshold threshold)
    {
        logger
            .MinimumLevel.ControlledBy(threshold.Switch)
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            .MinimumLevel.Override("Microsoft.Extensions.Hosting", LogEventLevel.Fatal) // the command says it in one line
            .MinimumLevel.Override("System", LogEventLevel.Warning);
        if (options.Console)
        {
            logger.WriteTo.Console(Format(options.Json));
        }

        if (options.File is { } file)
        {
            WriteTo(file, logger, Format(options.Json));
        }
    }

    private static ITextFormatter Format(bool json) =>
        json ? new RenderedCompactJsonFormatter() : new MessageTemplateTextFormatter(TextLine, CultureInfo.InvariantCulture);

    private static void WriteTo(LogFileOptions file, LoggerConfiguration logger, ITextFormatter format) =>
        logger.WriteTo.File(
            format,
            file.Path,
            fileSizeLimitBytes: file.MaxSizeMegabytes * 1024L * 1024L,
            rollOnFileSizeLimit: true,
            retainedFileCountLimit: null,
            hooks: new LogArchive(file, TimeProvider.System));
}

/// <summary>How the process logs.</summary>
/// <param name="Level">trace, debug, info, warn or error.</param>
/// <param name="Json">One JSON object a line, in the place of text.</param>
/// <param name="File">A file beside standard output; null for none.</param>
/// <param name="Console">Whether standard output gets the log.</param>
internal sealed record LoggingOptions(string Level, bool Json, LogFileOptions? File = null, bool Console = true);
