using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Delivery.Triggers;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Delivery.Triggers;

/// <summary>Real programs, well behaved and not.</summary>
public sealed class ExecTriggerTests : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(1);

    /// <summary>Less than what these programs would sleep.</summary>
    private static readonly TimeSpan BeforeTheyEnd = TimeSpan.FromSeconds(25);

    private readonly string folder = Directory.CreateTempSubdirectory("exec-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_program_finds_the_event_in_its_variables_and_on_standard_input()
    {
        var outcome = await RunAsync("cat; echo; env", env: new() { ["MODE"] = new Secret("fast"), ["LANG"] = new Secret("de_DE.UTF-8") }, replay: 2);
        var lines = outcome.ShouldBeOfType<TriggerOutcome.Accepted>().Answer.ShouldNotBeNull().Split('\n');
        using var json = JsonDocument.Parse(lines[0]);
        json.RootElement.Text("data.after").ShouldBe(Build.Commit('2'));
        string[] expected =
        [
            $"REPOSENTRY_EVENT_ID={Pushes.EventId}", "REPOSENTRY_EVENT_TYPE=branch_updated", "REPOSENTRY_REPOSITORY=web", "REPOSENTRY_URL=https://github.com/acme/web",
            "REPOSENTRY_REF=refs/heads/main", $"REPOSENTRY_BEFORE={Build.Commit('1')}", $"REPOSENTRY_AFTER={Build.Commit('2')}",
            "REPOSENTRY_ATTEMPT=1", "REPOSENTRY_REPLAY=2", $"REPOSENTRY_IDEMPOTENCY_NAME={Pushes.EventId}-r2", "MODE=fast", "LANG=de_DE.UTF-8",
        ];
        expected.Except(lines).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_ref_is_named_as_git_names_it() =>
        (await RunAsync("echo \"$REPOSENTRY_REF\"", [], Pushes.Event("refs/heads/" + RefName.FromText("e/sp%20ace")))).Answer.ShouldBe("refs/heads/e/sp%20ace\n");

    [Fact]
    public async Task Nothing_else_of_the_services_environment_is_handed_on()
    {
        Environment.SetEnvironmentVariable("REPOSENTRY_TEST_LEAK", "x");
        var outcome = await RunAsync("env", program: "/usr/bin/env");
        Environment.SetEnvironmentVariable("REPOSENTRY_TEST_LEAK", null);
        outcome.Answer!.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('=')[0]).Where(name => !name.StartsWith("REPOSENTRY_", StringComparison.Ordinal))
            .ShouldBe(["PATH", "HOME", "LANG"], ignoreOrder: true);
        outcome.Answer.ShouldNotContain("REPOSENTRY_TEST_LEAK");
    }

    [Fact]
    public async Task What_strangers_chose_is_data_and_never_code()
    {
        var outcome = await RunAsync("printf '%s|%s' \"$REPOSENTRY_REF\" \"$1\"", ["$(touch pwned)"], Pushes.Event("refs/heads/$(touch pwned);`id`"));
        outcome.Answer.ShouldBe("refs/heads/$(touch pwned);`id`|$(touch pwned)");
        Directory.EnumerateFileSystemEntries(folder).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(0, "accepted")]
    [InlineData(64, "give up")]
    [InlineData(65, "give up")]
    [InlineData(75, "again")]
    [InlineData(1, "again")]
    [InlineData(127, "again")]
    public async Task The_exit_code_says_what_comes_next(int code, string expected)
    {
        var outcome = await RunAsync($"echo first; echo why it is so >&2; exit {code}");
        (outcome switch { TriggerOutcome.Accepted => "accepted", TriggerOutcome.GiveUp => "give up", _ => "again" }).ShouldBe(expected);
        outcome.Answer.ShouldBe("first\nwhy it is so\n");
        outcome.Ambiguous.ShouldBeFalse();
        if (code != 0)
        {
            outcome.ToString().ShouldContain($"exit code {code}: why it is so");
        }
    }

    [Fact]
    public async Task A_program_that_dies_by_a_signal_is_tried_again()
    {
        var outcome = await RunAsync("kill -SEGV $$");
        outcome.ShouldBeOfType<TriggerOutcome.TryAgain>().Reason.ShouldBe("ended by signal 11: no output");
        outcome.Ambiguous.ShouldBeTrue();
    }

    [Fact]
    public async Task It_runs_where_it_is_told_to()
    {
        (await RunAsync("pwd")).Answer.ShouldBe(folder + "\n");
        (await RunAsync("", program: "no-such-program")).ShouldBeOfType<TriggerOutcome.TryAgain>().Reason.ShouldBe("not run: there is no program no-such-program");
    }

    [Fact]
    public async Task What_cannot_be_started_says_why_and_is_not_ambiguous()
    {
        var script = Path.Combine(folder, "script");
        await RunAsync("printf 'no shebang' > script"); // written by a process that has ended: what this one writes is busy while a process of another test still holds it
        (await RunAsync("", program: script)).ShouldBeOfType<TriggerOutcome.TryAgain>().Reason.ShouldContain("Permission denied");
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var outcome = await RunAsync("", program: script);
        outcome.ShouldBeOfType<TriggerOutcome.TryAgain>().Reason.ShouldContain("#!/bin/sh");
        outcome.Ambiguous.ShouldBeFalse();
    }

    [Fact]
    public async Task Secrets_that_it_prints_are_redacted_and_settings_are_not()
    {
        var env = new Dictionary<string, Secret> { ["MODE"] = new("fast"), ["API_TOKEN"] = new("hunter2"), ["OTHER"] = new(() => "rotated", "file:x") };
        (await RunAsync("echo $MODE $API_TOKEN $OTHER; exit 65", env: env)).ShouldBeOfType<TriggerOutcome.GiveUp>().Reason.ShouldBe("exit code 65: fast *** ***");
    }

    [Fact]
    public async Task Endless_output_is_read_and_64_KiB_of_it_are_kept()
    {
        var outcome = await RunAsync("head -c 3000000 /dev/zero | tr '\\0' x");
        outcome.ShouldBeOfType<TriggerOutcome.Accepted>().Answer!.Length.ShouldBe(64 * 1024);
    }

    [Theory]
    [InlineData("trap '' TERM; yes", "a writer without end that ignores SIGTERM")]
    [InlineData("trap '' TERM; exec sleep 60", "one that closes nothing")]
    [InlineData("exec 0<&- 1>&- 2>&-; sleep 60", "one that closes all it has")]
    [InlineData("(trap '' TERM; sleep 60) & (trap '' TERM; sleep 60) & wait", "a family")]
    [InlineData("setsid sh -c 'trap \"\" TERM; sleep 60; true'", "a descendant with a session of its own")]
    public async Task Whatever_a_program_does_it_and_its_family_end_soon_after_the_timeout(string script, string why)
    {
        var clock = Stopwatch.StartNew();
        var outcome = await RunAsync($"{script} # {folder}", timeout: Short);
        clock.Elapsed.ShouldBeLessThan(BeforeTheyEnd, why);
        outcome.ShouldBeOfType<TriggerOutcome.TryAgain>().Reason.ShouldBe("killed: it did not end within 1 s");
        outcome.Ambiguous.ShouldBeTrue();
        Remains().ShouldBeEmpty(why);
    }

    [Fact]
    public async Task SIGTERM_comes_first_so_that_a_program_can_clean_up()
    {
        var outcome = await RunAsync("trap 'echo cleaned; exit 3' TERM; sleep 60 & wait", timeout: TimeSpan.FromSeconds(5)); // a shell that has not come to its first line has no trap yet
        outcome.Answer.ShouldBe("cleaned\n");
        outcome.ShouldBeOfType<TriggerOutcome.TryAgain>().Reason.ShouldContain("killed");
    }

    [Fact]
    public async Task What_a_program_leaves_behind_ends_with_it_and_is_not_waited_for()
    {
        var clock = Stopwatch.StartNew();
        var outcome = await RunAsync($"(sleep 60; : {folder}) & echo done");
        outcome.ShouldBeOfType<TriggerOutcome.Accepted>().Answer.ShouldBe("done\n");
        clock.Elapsed.ShouldBeLessThan(BeforeTheyEnd);
        Remains().ShouldBeEmpty();
    }

    [Fact]
    public async Task One_that_left_the_family_holds_nobody_up()
    {
        var clock = Stopwatch.StartNew();
        var pid = Path.Combine(folder, "pid");
        var outcome = await RunAsync($"setsid sh -c 'echo $$ >{pid}; sleep 30' & while [ ! -s {pid} ]; do sleep 0.05; done; exit 0");
        clock.Elapsed.ShouldBeLessThan(BeforeTheyEnd);
        outcome.ShouldBeOfType<TriggerOutcome.Accepted>();
    }

    [Fact]
    public async Task A_stop_of_the_service_cuts_it_and_it_may_have_done_its_work()
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var started = Path.Combine(folder, "started");
        var running = RunAsync($"touch {started}; sleep 60", cancellationToken: stopping.Token);
        while (!File.Exists(started))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, TestContext.Current.CancellationToken);
        }

        await stopping.CancelAsync();
        var outcome = await running;
        outcome.ShouldBeOfType<TriggerOutcome.TryAgain>().Reason.ShouldContain("stop of the service");
        outcome.Ambiguous.ShouldBeTrue();
    }

    [Fact]
    public async Task Many_runs_leave_no_descriptor_no_zombie_and_no_process()
    {
        await RunAsync("true");
        var before = Pipes();
        for (var round = 0; round < 5; round++)
        {
            var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => RunAsync("exit 0")));
            outcomes.ShouldAllBe(outcome => outcome is TriggerOutcome.Accepted);
        }

        // Other tests have pipes meanwhile: a leak of one for each run would be 40.
        Pipes().ShouldBeLessThan(before + 30);
        Children().ShouldBeEmpty();
    }

    [Fact]
    public async Task No_descriptor_of_ours_is_inherited()
    {
        var outcome = await RunAsync("ls /proc/self/fd");
        outcome.Answer!.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldBe(["0", "1", "2", "3"]); // 3 is what ls itself reads
    }

    [Fact]
    public async Task Signals_are_as_a_shell_would_give_them()
    {
        // A writer whose reader goes is ended by SIGPIPE, though the runtime ignores it. (The C library keeps 32 and 33 for itself.)
        var answer = (await RunAsync("grep -E '^Sig(Ign|Blk)' /proc/self/status")).Answer!;
        var masks = answer.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => Convert.ToUInt64(line.Split('\t')[1], 16) & 0x7fffffff);
        masks.ShouldBe([0ul, 0ul]);
    }

    private async Task<TriggerOutcome> RunAsync(
        string script,
        string[]? arguments = null,
        ChangeEvent? change = null,
        Dictionary<string, Secret>? env = null,
        string program = "sh",
        int replay = 0,
        TimeSpan? timeout = null,
        CancellationToken? cancellationToken = null)
    {
        string[] command = program == "sh" ? ["sh", "-c", script, "sh", .. arguments ?? []] : [program];
        var config = Build.Trigger() with { Type = "exec", Timeout = timeout ?? Long, Exec = new ExecConfig(command, env ?? [], folder) };
        var trigger = new ExecTrigger(config, TimeProvider.System);
        return await trigger.SendAsync(
            new TriggerAttempt(Pushes.EventId, trigger.Render(change ?? Pushes.Event()), 1, replay), cancellationToken ?? TestContext.Current.CancellationToken);
    }

    // Live processes whose arguments name this test's folder.
    private List<string> Remains() => [.. Processes().Where(process => process.Lives && process.Arguments.Contains(folder, StringComparison.Ordinal)).Select(process => process.Arguments)];

    private static int Pipes() =>
        Directory.EnumerateFileSystemEntries("/proc/self/fd").Count(entry => new FileInfo(entry).LinkTarget?.StartsWith("pipe:", StringComparison.Ordinal) == true);

    private static List<string> Children() =>
        [.. Processes().Where(process => process.Parent == Environment.ProcessId && process.Arguments.StartsWith("sh\0-c\0exit 0", StringComparison.Ordinal)).Select(process => process.Arguments)];

    private static IEnumerable<(bool Lives, int Parent, string Arguments)> Processes()
    {
        foreach (var entry in Directory.EnumerateDirectories("/proc").Where(entry => char.IsAsciiDigit(Path.GetFileName(entry)[0])))
        {
            (bool, int, string) found;
            try
            {
                var fields = File.ReadAllText(entry + "/stat").Split(") ")[^1].Split(' ');
                found = (fields[0] != "Z", int.Parse(fields[1], CultureInfo.InvariantCulture), File.ReadAllText(entry + "/cmdline"));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                continue;
            }

            yield return found;
        }
    }
}
