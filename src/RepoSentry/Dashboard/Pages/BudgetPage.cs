using RepoSentry.Api;

namespace RepoSentry.Dashboard.Pages;

/// <summary>What the looks of each credential spend, what the forges leave, and whether it will do.</summary>
internal static class BudgetPage
{
    public static Task<Sheet> LoadAsync(Visit v) => Task.FromResult(new Sheet(v.T["nav.budget"], "budget", BudgetView.Of(v, v.Status(), v.History())));

    /// <summary>What will be left when the forge counts anew, at the rate that the looks are planned for; null where the limit is not the one of the looks.</summary>
    public static double? AtReset(PollingStatus polling, BudgetStatus budget, DateTimeOffset now)
    {
        var plan = polling.Budgets.FirstOrDefault(one => one.Credential == budget.Credential);
        var isOfLooks = budget.Resource is null || (plan?.Way == "batch" ? budget.Resource == "graphql" : budget.Resource == "core");
        return plan is null || !isOfLooks || budget.ResetsAt <= now ? null
            : AreFree(plan, budget) ? budget.Remaining
            : Math.Max(0, budget.Remaining - (plan.RequestsPerHour * (budget.ResetsAt - now).TotalHours));
    }

    /// <summary>GitHub does not count an answer that nothing is new where the caller says who it is.</summary>
    public static bool AreFree(PollingBudget plan, BudgetStatus budget) => plan.Way == "single" && budget is { Provider: "github", Limit: > 60 };
}
