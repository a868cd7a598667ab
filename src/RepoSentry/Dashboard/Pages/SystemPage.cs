using RepoSentry.Api;
using RepoSentry.Configuration;
using RepoSentry.Storage;

namespace RepoSentry.Dashboard.Pages;

/// <summary>The process itself: health, node, work, configuration, and who did what.</summary>
internal static class SystemPage
{
    public static Task<Sheet> LoadAsync(Visit v) => OfAsync(v, null);

    public static Task<IResult> ReloadAsync(Visit v) => ReloadEndpoints.ReloadAsync(v.Get<ConfigRequests>(), v.Ends);

    public static async Task ReloadedAsync(Visit v, IResult result) => await (await OfAsync(v, Answered.Is<ReloadAnswer>(result, out var answer) ? answer : null)).WriteAsync(v);

    private static async Task<Sheet> OfAsync(Visit v, ReloadAnswer? reload)
    {
        ListAnswer<AuditRow>? audit = null;
        if (v.May(Role.Admin))
        {
            var result = await AuditEndpoints.ListAsync(v.Get<AuditLog>(), v.Context, v.Query("actor"), v.Query("action"), v.Query("outcome"), null, null, v.Ends);
            if (!Answered.Is(result, out audit))
            {
                return ProblemView.SheetOf(v, result);
            }
        }

        return new Sheet(v.T["nav.system"], "system", SystemView.Of(v, new SystemModel(v.Status(), await v.NumbersAsync(), audit, reload)));
    }
}

/// <param name="Audit">Null for who may not read it.</param>
/// <param name="Reload">What came of the reload that was just asked for.</param>
internal sealed record SystemModel(StatusAnswer Status, NumbersAnswer Numbers, ListAnswer<AuditRow>? Audit, ReloadAnswer? Reload);
