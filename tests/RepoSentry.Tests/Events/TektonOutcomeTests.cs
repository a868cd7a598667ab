using RepoSentry.Events;
using RepoSentry.Storage;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Events;

public sealed class TektonOutcomeTests
{
    private static readonly DeliveryView Accepted = new() { Id = 7, ReceiptId = "r-1", FinishedAt = Build.Noon };

    [Theory]
    [InlineData(false, 3600, "accepted")]
    [InlineData(true, 59, "accepted")]
    [InlineData(true, 60, "nothing_ran")]
    public void Silence_means_something_only_after_a_minute_and_where_Tekton_tells_anything_at_all(bool configured, int seconds, string state) =>
        TektonOutcome.Of(Accepted, configured, [], Build.Noon.AddSeconds(seconds)).State.ShouldBe(state);

    [Fact]
    public void The_worst_run_decides()
    {
        var listener = new TektonStatement { ReceiptId = "r-1", Kind = "EventListener", State = "created" };
        var good = new TektonStatement { ReceiptId = "r-1", Object = "u1", Kind = "PipelineRun", Namespace = "ci", Name = "build-1", State = "succeeded" };
        var running = good with { Object = "u2", Name = "build-2", State = "running" };
        var bad = good with { Object = "u3", Name = "build-3", State = "failed", Message = "Tasks Completed: 1 (Failed: 1)" };

        Of(listener).State.ShouldBe("created");
        Of(listener, good).State.ShouldBe("succeeded");
        Of(listener, good, running).State.ShouldBe("running");
        Of(listener, good, running, bad).ShouldSatisfyAllConditions(
            outcome => outcome.State.ShouldBe("failed"),
            outcome => outcome.Summary.ShouldBe("PipelineRun ci/build-3 failed: Tasks Completed: 1 (Failed: 1) (3 runs)"),
            outcome => outcome.Runs.Count.ShouldBe(3));
    }

    private static TektonOutcome Of(params TektonStatement[] statements) => TektonOutcome.Of(Accepted, configured: true, statements, Build.Noon);
}
