using RepoSentry.Api;
using RepoSentry.Polling;
using RepoSentry.Storage;

namespace RepoSentry.Dashboard.Pages;

/// <summary>The repositories, a page at a time whatever their number; and what is done to several of them at once.</summary>
internal static class RepositoriesPage
{
    private static readonly Dictionary<string, (string Action, Func<Visit, string, Task<IResult>> Act)> Acts = new(StringComparer.Ordinal)
    {
        ["poll"] = ("repository.poll", (v, name) => Task.FromResult(RepositoryEndpoints.Poll(name, v.Get<PollWorker>()))),
        ["pause"] = ("repository.pause", (v, name) => RepositoryChangeEndpoints.PauseAsync(name, true, v.Get<PollWorker>(), v.Get<RepositoryStore>(), v.Ends)),
        ["resume"] = ("repository.resume", (v, name) => RepositoryChangeEndpoints.PauseAsync(name, false, v.Get<PollWorker>(), v.Get<RepositoryStore>(), v.Ends)),
        ["release"] = ("repository.release", (v, name) => RepositoryEndpoints.ReleaseAsync(name, v.Get<RepositoryStore>(), v.Get<PollWorker>(), v.Ends)),
    };

    public static void MapRepositoryForms(this IEndpointRouteBuilder routes)
    {
        foreach (var (word, (action, act)) in Acts)
        {
            routes.Form($"/repositories/{{name}}/{word}", Role.Operator, action, v => act(v, v.Name), v => LocalPath.With(Parts.Show.Repository(v.Name), word));
        }

        routes.Form("/repositories", Role.Operator, "repositories.bulk", BulkAsync, v => LocalPath.With((v.Context.Items[BackKey] as string)!, "bulk"));
    }

    private const string BackKey = "dashboard.back";

    public static async Task<Sheet> LoadAsync(Visit v)
    {
        var result = await RepositoryEndpoints.ListAsync(v.Get<RepositoryLog>(), v.Get<PollWorker>(), v.Context, v.Query("status"), v.Query("q"), v.Query("sort"), v.Ends);
        return Answered.Is<ListAnswer<RepositoryView>>(result, out var page)
            ? new Sheet(v.T["nav.repositories"], "repositories", RepositoriesView.Of(v, page, v.Status()))
            : ProblemView.SheetOf(v, result);
    }

    public static (string State, string? Why) Freshness(Visit v, string name)
    {
        var polling = v.Get<PollWorker>();
        return polling.Repositories.GetValueOrDefault(name) is { IsWatched: true } live ? (FleetStanding.StateOf(live, polling, v.Now), polling.Why(live)) : ("", null);
    }

    // Each of them stands in the audit log as if it had been done alone.
    private static async Task<IResult> BulkAsync(Visit v)
    {
        var form = await v.Context.Request.ReadFormAsync(v.Ends);
        var back = form["back"].ToString();
        v.Context.Items[BackKey] = LocalPath.Is(back) ? back : "/repositories";
        if (!Acts.TryGetValue(form["do"].ToString(), out var asked) || form["name"].Count == 0)
        {
            return Problems.BadRequest("Choose at least one repository, and what shall be done.");
        }

        foreach (var name in form["name"].OfType<string>().Take(Paging.MaxLimit))
        {
            v.Context.Request.RouteValues["name"] = name;
            await Routes.AuditedAsync(v, asked.Action, visit => asked.Act(visit, name));
        }

        v.Context.Request.RouteValues.Remove("name");
        return TypedResults.Accepted((string?)null);
    }
}
