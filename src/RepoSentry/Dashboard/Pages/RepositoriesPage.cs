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

        routes.Form("/repositories", Role.Operator, "repositories.bulk", BulkAsync, async (v, result) => await (await OfAsync(v, Answered.Is<BulkResult>(result, out var bulk) ? bulk : null)).WriteAsync(v));
    }

    public static Task<Sheet> LoadAsync(Visit v) => OfAsync(v, null);

    private static async Task<Sheet> OfAsync(Visit v, BulkResult? bulk)
    {
        var result = await RepositoryEndpoints.ListAsync(
            v.Get<RepositoryLog>(), v.Get<PollWorker>(), v.Get<TimeProvider>(), v.Context, v.Query("status"), v.Query("standing"), v.Query("q"), v.Query("sort"), v.Ends);
        return Answered.Is<ListAnswer<RepositoryView>>(result, out var page)
            ? new Sheet(v.T["nav.repositories"], "repositories", RepositoriesView.Of(v, page, v.Status(), bulk))
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
        var form = await v.FormAsync();
        var (word, names) = (form["do"].ToString(), form["name"].OfType<string>().Distinct(StringComparer.Ordinal).ToList());
        if (!Acts.TryGetValue(word, out var asked) || names.Count is 0 or > Paging.MaxLimit)
        {
            return Problems.BadRequest($"Choose one repository or more, {Paging.MaxLimit} at most, and what shall be done. {names.Count} were chosen, and nothing was done.");
        }

        var refused = new List<RefusedOne>();
        foreach (var name in names)
        {
            v.Context.Request.RouteValues["name"] = name;
            var (status, title, detail) = Answered.Problem(await Routes.AuditedAsync(v, asked.Action, visit => asked.Act(visit, name)));
            if (status >= StatusCodes.Status400BadRequest)
            {
                refused.Add(new RefusedOne(name, detail.Length > 0 ? detail : title));
            }
        }

        v.Context.Request.RouteValues.Remove("name");
        return TypedResults.Ok(new BulkResult(word, [.. names.Except(refused.Select(one => one.Name), StringComparer.Ordinal)], refused));
    }
}

/// <summary>What came of something that was asked for several repositories at once.</summary>
/// <param name="Done">Names of those for which it was done.</param>
internal sealed record BulkResult(string Word, IReadOnlyList<string> Done, IReadOnlyList<RefusedOne> Refused);

internal sealed record RefusedOne(string Name, string Why);
