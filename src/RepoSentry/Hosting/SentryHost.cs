using Microsoft.Extensions.Hosting.Systemd;
using RepoSentry.Api;
using RepoSentry.Configuration;
using RepoSentry.Configuration.Secrets;
using RepoSentry.Dashboard;
using RepoSentry.Delivery;
using RepoSentry.Events;
using RepoSentry.Polling;
using RepoSentry.Providers;
using RepoSentry.Storage;
using RepoSentry.Telemetry;

namespace RepoSentry.Hosting;

/// <summary>The whole product on one page.</summary>
internal static class SentryHost
{
    /// <summary>Builds the service. Nothing is opened or listened on before it starts.</summary>
    public static WebApplication Build(SentryConfig config, Action<WebApplicationBuilder>? customize = null) => Build(StartedWith.Config(config), customize);

    /// <summary>The same, from a file that is read again when it changes.</summary>
    public static WebApplication Build(StartedWith started, Action<WebApplicationBuilder>? customize = null) => Build(started, customize, begins: false);

    private static WebApplication Build(StartedWith started, Action<WebApplicationBuilder>? customize, bool begins)
    {
        var config = started.Loaded.Config!;
        var builder = SlimWeb.CreateBuilder(config.Api.Tls is null ? [config.Api.Listen, config.Api.MetricsListen] : []);
        if (config.Api.Tls is { } tls)
        {
            builder.UseTls(config.Api, tls);
        }

        builder.Services
            .AddSingleton(started)
            .AddSingleton(new CurrentConfig(config) { HasFile = started.Source is not null })
            .AddTransient(provider => provider.GetRequiredService<CurrentConfig>().Value)
            .AddSingleton<ConfigRequests>()
            .AddSingleton<SealsInUse>()
            .AddSingleton(TimeProvider.System)
            .AddTelemetry(Logging(config.App))
            .AddStorage(config)
            .AddProviders()
            .AddEvents()
            .AddDelivery()
            .AddPolling()
            .AddApi()
            .AddDashboard()
            .AddSingleton<ComponentChecks>()
            .AddSingleton<Assigner>()
            .AddSingleton<Discoveries>()
            .AddSingleton<ConfigWorker>()
            .AddSingleton<ConfigWatcher>()
            .AddSingleton<SentryEngine>()
            .AddHostedService(provider => provider.GetRequiredService<SentryEngine>())
            .AddSingleton<ISystemdNotifier, SystemdNotifier>()
            .AddHostedService<SystemdNotices>()
            .Configure<HostOptions>(options => options.ShutdownTimeout = config.App.ShutdownTimeout + TimeSpan.FromSeconds(10));
        customize?.Invoke(builder);

        var app = builder.Build();
        if (begins)
        {
            app.Services.GetRequiredService<SentryEngine>().Begin();
        }

        app.UseApi();
        app.UseDashboard();
        return app;
    }

    /// <summary>Runs until a signal or a failure.</summary>
    /// <returns>The exit code: 1 if it failed.</returns>
    public static async Task<int> RunAsync(StartedWith started, CancellationToken cancellationToken)
    {
        await using var app = Build(started, customize: null, begins: true);
        var lifecycle = app.Services.GetRequiredService<Lifecycle>(); // the services are gone once it has run
        try
        {
            await app.RunAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (lifecycle.HasFailed)
        {
            // it failed before it listened
        }

        return lifecycle.HasFailed ? 1 : 0;
    }

    private static LoggingOptions Logging(AppConfig app) => new(
        app.LogLevel,
        app.LogFormat == "json",
        app.LogFile.Length == 0
            ? null
            : new LogFileOptions(app.LogFile, app.LogFileRotation.MaxSize, app.LogFileRotation.MaxBackups, app.LogFileRotation.MaxAge, app.LogFileRotation.Compress));
}
