using RepoSentry.Api;
using RepoSentry.Configuration;
using RepoSentry.Delivery;
using RepoSentry.Events;
using RepoSentry.Storage;

namespace RepoSentry.Dashboard.Pages;

/// <summary>The triggers: whether they send, how that goes, and what waits.</summary>
internal static class TriggersPage
{
    public static void MapTriggerForms(this IEndpointRouteBuilder routes)
    {
        routes.Form("/triggers/{name}/pause", Role.Operator, "trigger.pause", v => TellAsync(v, worker => worker.PauseAsync()), v => LocalPath.With(Parts.Show.Trigger(v.Name), "trigger-paused"));
        routes.Form("/triggers/{name}/resume", Role.Operator, "trigger.resume", v => TellAsync(v, worker => worker.ResumeAsync()), v => LocalPath.With(Parts.Show.Trigger(v.Name), "trigger-resumed"));
        routes.Form("/triggers/{name}/test", Role.Operator, "trigger.test", v => TriggerEndpoints.TestAsync(v.Name, v.Get<TriggerTest>(), v.Ends), TriggerPage.TestedAsync);
        routes.Form("/triggers/{name}/recover", Role.Operator, "deliveries.retry", TriggerPage.RecoverAsync, TriggerPage.RecoveredAsync, TriggerPage.NotRecoveredAsync);
    }

    public static async Task<Sheet> LoadAsync(Visit v) =>
        new(v.T["nav.triggers"], "triggers", TriggersView.Of(v, v.Triggers(), [.. (await FleetPage.DeadLettersAsync(v)).Where(incident => !v.HasTrigger(incident.Name))], v.History()));

    private static Task<IResult> TellAsync(Visit v, Func<DeliveryWorker, Task> order) => TriggerEndpoints.TellAsync(v.Name, v.Get<DeliveryWorkers>(), order, v.Ends);
}

/// <summary>One trigger, its dead letters, and what brings them back.</summary>
internal static class TriggerPage
{
    private static readonly TimeSpan LongWait = TimeSpan.FromSeconds(10);

    public static Task<Sheet> LoadAsync(Visit v) => OfAsync(v, null, null);

    public static async Task TestedAsync(Visit v, IResult result) =>
        await (await OfAsync(v, Answered.Is<TriggerTestResult>(result, out var test) ? test : null, null)).WriteAsync(v);

    public static async Task<IResult> RecoverAsync(Visit v)
    {
        var asked = new BulkRequest { Trigger = v.Name, Since = Moment(await v.FieldAsync("since"), v.Now), DryRun = await v.FieldAsync("sure") is null };
        return await RetryEndpoints.RetryAsync(asked, v.Context, v.Get<RetryStore>(), v.Config, v.Ends);
    }

    public static async Task RecoveredAsync(Visit v, IResult result) =>
        await (await OfAsync(v, null, Answered.Is<RetryResult>(result, out var retried) ? new Recovery(retried, Moment(await v.FieldAsync("since"), v.Now)) : null)).WriteAsync(v);

    /// <summary>A time that is none is told where it was written, in the words of the field.</summary>
    public static async Task<Sheet> NotRecoveredAsync(Visit v, IResult result)
    {
        var (since, status) = (await v.FieldAsync("since"), Answered.Problem(result).Status);
        if (status != StatusCodes.Status400BadRequest || Times.TryRead(Moment(since, v.Now), out _))
        {
            return ProblemView.SheetOf(v, result);
        }

        var sheet = await OfAsync(v, null, null, since);
        return sheet.Status == StatusCodes.Status200OK ? sheet with { Status = status } : sheet;
    }

    // A duration is meant to end now.
    private static string? Moment(string? text, DateTimeOffset now) =>
        text is not null && Durations.TryParse(text, out var span) && span < TimeSpan.FromDays(3650) ? Parts.Show.Iso(now - span) : text;

    private static async Task<Sheet> OfAsync(Visit v, TriggerTestResult? test, Recovery? recovery, string? noTime = null)
    {
        var found = v.Triggers().FirstOrDefault(trigger => trigger.Name == v.Name);
        if (found is null && !await HasAnyAsync(v, null))
        {
            return ProblemView.SheetOf(v, Api.Problems.NotFound($"There is no trigger {v.Name}."));
        }

        var status = v.Query("status") ?? await FirstStatusAsync(v, found);
        var result = await v.DeliveriesAsync(v.Name, status, v.Context);
        if (!Answered.Is<ListAnswer<DeliveryView>>(result, out var deliveries))
        {
            return ProblemView.SheetOf(v, result);
        }

        var model = new TriggerModel(v.Name, found, v.History().Triggers.GetValueOrDefault(v.Name) ?? TriggerFigures.None, status, deliveries, test, recovery) { NoTime = noTime };
        return new Sheet(v.Name, "triggers", TriggerDetail.Of(v, model));
    }

    // What asks for somebody stands first: dead letters, then what waits longer than it should.
    private static async Task<string> FirstStatusAsync(Visit v, TriggerView? trigger) =>
        await HasAnyAsync(v, DeliveryStatus.Dead) ? DeliveryStatus.Dead
        : trigger is not null && (trigger.State != "running" || v.Now - trigger.OldestCreatedAt > LongWait) ? DeliveryStatus.Waiting
        : DeliveryStatus.Delivered;

    private static async Task<bool> HasAnyAsync(Visit v, string? status) =>
        Answered.Is<ListAnswer<DeliveryView>>(await v.DeliveriesAsync(v.Name, status, v.Beside("?limit=1")), out var some) && some is not { Items.Count: 0, NextCursor: null };
}

/// <param name="Trigger">Null for one that the configuration no longer has.</param>
/// <param name="Status">Of the deliveries that are shown.</param>
/// <param name="Test">What came of the test that was just made.</param>
internal sealed record TriggerModel(string Name, TriggerView? Trigger, TriggerFigures Figures, string Status, ListAnswer<DeliveryView> Deliveries, TriggerTestResult? Test, Recovery? Recovery)
{
    /// <summary>What was written where a time is asked for, and is none.</summary>
    public string? NoTime { get; init; }
}

/// <param name="Since">As it was asked for.</param>
internal sealed record Recovery(RetryResult Result, string? Since);
