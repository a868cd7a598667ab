using System.Net;
using RepoSentry.Configuration.Secrets;

namespace RepoSentry.Configuration;

/// <summary>The sections app, polling, storage, security and telemetry: each reads as its schema.</summary>
internal static class CoreSections
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    public static AppConfig App(SectionReader app)
    {
        var standard = new AppConfig();
        var rotation = app.Section("log_file_rotation");
        var config = new AppConfig
        {
            Name = app.Text("name", standard.Name),
            DataDir = app.Text("data_dir", standard.DataDir),
            LogLevel = app.Choice("log_level", standard.LogLevel, [.. AppConfig.LogLevels]),
            LogFormat = app.Choice("log_format", standard.LogFormat, ["text", "json"]),
            LogFile = app.Text("log_file"),
            LogFileRotation = new LogRotationConfig(
                rotation.Integer("max_size", 100, 1, 100_000),
                rotation.Integer("max_backups", 3, 0, 10_000),
                rotation.Integer("max_age", 30, 0, 36_500),
                rotation.Flag("compress", true)),
            ShutdownTimeout = app.Duration("shutdown_timeout", standard.ShutdownTimeout, TimeSpan.Zero, TimeSpan.FromHours(1)),
        };
        foreach (var key in (string[])["name", "data_dir"])
        {
            // Their defaults stand in where they are absent, not where they are empty.
            _ = app.Has(key) ? app.Required(key) : null;
        }

        rotation.Done();
        app.Done();
        return config;
    }

    public static PollingConfig Polling(SectionReader polling)
    {
        var standard = new PollingConfig();
        var interval = polling.Duration("interval", standard.Interval, Second, 30 * Day);

        // The bounds are said to hold the interval: left out, they give way to it.
        var min = polling.Duration("min_interval", Min(standard.MinInterval, interval), Second, 30 * Day);
        var max = polling.Duration("max_interval", Max(standard.MaxInterval, interval), Second, 30 * Day);
        if (min > interval)
        {
            polling.Error("min_interval", $"{Durations.Format(min)} is longer than polling.interval ({Durations.Format(interval)})");
        }

        if (interval > max)
        {
            polling.Error("max_interval", $"{Durations.Format(max)} is shorter than polling.interval ({Durations.Format(interval)})");
        }

        var config = new PollingConfig
        {
            Strategy = polling.Choice("strategy", standard.Strategy, ["adaptive", "fixed"]),
            Interval = interval,
            MinInterval = min,
            MaxInterval = max,
            Surplus = polling.Number("surplus", standard.Surplus, 0, 100),
            Timeout = polling.Duration("timeout", standard.Timeout, Second, TimeSpan.FromHours(1)),
            EnrichTimeout = polling.Duration("enrich_timeout", standard.EnrichTimeout, TimeSpan.Zero, TimeSpan.FromMinutes(10)),
            MaxWorkers = polling.Integer("max_workers", standard.MaxWorkers, 1, 1024),
            EnableApiFallback = polling.Flag("enable_api_fallback", standard.EnableApiFallback),
            RetryAttempts = polling.Integer("retry_attempts", standard.RetryAttempts, 1, 20),
            RetryBackoff = polling.Duration("retry_backoff", standard.RetryBackoff, TimeSpan.Zero, TimeSpan.FromMinutes(10)),
        };
        polling.Done();
        return config;
    }

    public static StorageConfig Storage(SectionReader storage, AppConfig app)
    {
        var type = storage.Choice("type", "sqlite", ["sqlite"], "postgres", "mysql");
        var sqlite = storage.Section("sqlite");
        var retention = storage.Later("connection_string").Section("retention");
        var path = sqlite.Text("path");
        var standard = new RetentionConfig();
        var kept = new RetentionConfig
        {
            Events = retention.Duration("events", standard.Events, Minute, 10_000 * Day),
            Attempts = retention.Duration("attempts", standard.Attempts, Minute, 10_000 * Day),
            Polls = retention.Duration("polls", standard.Polls, Minute, 10_000 * Day),
            Audit = retention.Duration("audit", standard.Audit, Minute, 10_000 * Day),
        };
        sqlite.Done();
        retention.Done();
        storage.Done();
        return new StorageConfig { Type = type, SqlitePath = path.Length > 0 ? path : Path.Combine(app.DataDir, "reposentry.db"), Retention = kept };
    }

    public static SecurityConfig Security(SectionReader security)
    {
        var standard = new SecurityConfig();
        var key = security.Secret("master_key", manyLines: true);
        var config = new SecurityConfig
        {
            AllowedEnvVars = security.Texts("allowed_env_vars", [.. standard.AllowedEnvVars]),
            RequireHttps = security.Flag("require_https", standard.RequireHttps),
            InsecureHosts = [.. security.Texts("insecure_hosts").Select(host => host.Trim('[', ']'))],
            AllowedNetworks = security.Texts("allowed_networks"),
            AllowUnauthenticated = security.Flag("allow_unauthenticated", standard.AllowUnauthenticated),
            MasterKey = key,
        };
        if (key is not null && !security.Load.Secrets.IsUnread(key) && MasterKey.ProblemOf(key.Reveal()) is { } problem)
        {
            security.Error("master_key", problem, "openssl rand -base64 32 makes one");
        }

        foreach (var network in config.AllowedNetworks.Where(network => !IPNetwork.TryParse(network, out _)))
        {
            security.Error("allowed_networks", $"{security.Load.Quote(network)} is not a network", "such as 10.0.0.0/8 or fd00::/8");
        }

        foreach (var host in config.InsecureHosts.Where(host => Uri.CheckHostName(host) == UriHostNameType.Unknown))
        {
            security.Error("insecure_hosts", $"{security.Load.Quote(host)} is not a host name", "a name or address alone, without scheme, port or wildcard");
        }

        security.Done();
        return config;
    }

    public static TelemetryConfig Telemetry(SectionReader telemetry)
    {
        var config = new TelemetryConfig { MetricsPerRepository = telemetry.Later("otlp_endpoint").Flag("metrics_per_repository", true) };
        telemetry.Done();
        return config;
    }

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;

    private static TimeSpan Max(TimeSpan left, TimeSpan right) => left > right ? left : right;
}
