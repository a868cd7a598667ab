using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Time.Testing;
using RepoSentry.Hosting;
using RepoSentry.Telemetry;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Hosting;

/// <summary>What systemd hears. The system tests listen at a real socket.</summary>
public sealed class SystemdNoticesTests : IDisposable
{
    private readonly FakeTimeProvider time = new();
    private readonly Heard systemd = new();

    [Fact]
    public async Task It_is_ready_once_it_runs_and_not_when_its_process_has_started()
    {
        var lifecycle = new Lifecycle(time);
        using var notices = Notices(lifecycle);
        await notices.StartAsync(TestContext.Current.CancellationToken);
        lifecycle.Enter(LifecycleState.Starting, "waiting for the lock");
        systemd.States.ShouldBeEmpty();

        lifecycle.Enter(LifecycleState.Running);
        await notices.ExecuteTask!.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);

        systemd.States.ShouldBe(["READY=1"]);
    }

    [Fact]
    public async Task The_watchdog_hears_nothing_more_of_a_service_that_failed()
    {
        var lifecycle = new Lifecycle(time);
        lifecycle.Enter(LifecycleState.Running);
        using var notices = Notices(lifecycle);
        var pings = notices.PingAsync(TimeSpan.FromSeconds(15), TestContext.Current.CancellationToken);
        time.Advance(TimeSpan.FromSeconds(15));
        await systemd.UntilAsync(2);

        lifecycle.Enter(LifecycleState.Failed, "the disk is gone");
        time.Advance(TimeSpan.FromSeconds(15));
        await pings.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);

        systemd.States.ShouldBe(["WATCHDOG=1", "WATCHDOG=1"]);
    }

    [Fact]
    public void A_watchdog_is_heeded_only_if_it_is_meant_for_this_process()
    {
        var own = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);

        SystemdNotices.WatchdogLimit("30000000", own).ShouldBe(TimeSpan.FromSeconds(30));
        SystemdNotices.WatchdogLimit("30000000", null).ShouldBe(TimeSpan.FromSeconds(30));
        SystemdNotices.WatchdogLimit("30000000", "1").ShouldBeNull();
        SystemdNotices.WatchdogLimit(null, own).ShouldBeNull();
        SystemdNotices.WatchdogLimit("0", own).ShouldBeNull();
    }

    public void Dispose() => systemd.Dispose();

    private SystemdNotices Notices(Lifecycle lifecycle) => new(systemd, lifecycle, new Application(), time);

    private sealed class Heard : ISystemdNotifier, IDisposable
    {
        private readonly SemaphoreSlim said = new(0);

        public void Dispose() => said.Dispose();

        public bool IsEnabled => true;

        public ConcurrentQueue<string> States { get; } = [];

        public void Notify(ServiceState state)
        {
            States.Enqueue(state.ToString());
            said.Release();
        }

        public async Task UntilAsync(int count)
        {
            for (var heard = 0; heard < count; heard++)
            {
                (await said.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken)).ShouldBeTrue();
            }
        }
    }

    private sealed class Application : IHostApplicationLifetime
    {
        public CancellationToken ApplicationStarted => CancellationToken.None;
        public CancellationToken ApplicationStopping => CancellationToken.None;
        public CancellationToken ApplicationStopped => CancellationToken.None;

        public void StopApplication() => throw new InvalidOperationException("it stops nothing");
    }
}
