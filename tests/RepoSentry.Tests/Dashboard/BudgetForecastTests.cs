using RepoSentry.Api;
using RepoSentry.Dashboard.Pages;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Dashboard;

public sealed class BudgetForecastTests
{
    [Theory]
    [InlineData("github", "single", "core", 5000, 4800.0)] // an answer that nothing is new is not counted
    [InlineData("github", "single", "core", 60, 3800.0)] // it is where nobody says who asks
    [InlineData("github", "batch", "graphql", 5000, 3800.0)]
    [InlineData("github", "batch", "core", 5000, null)] // not the limit of the looks
    [InlineData("gitlab", "single", null, 5000, 3800.0)]
    public void What_will_be_left_is_what_is_left_without_what_is_counted_of_the_planned_looks(string provider, string way, string? resource, int limit, double? left)
    {
        var plan = new PollingBudget("c", 40, 1, 8, KeepsInterval: true, 30, way, RequestsPerHour: 2000, "");
        var budget = new BudgetStatus("c", provider, resource, limit, 4800, Build.Noon.AddMinutes(30));
        BudgetPage.AtReset(new PollingStatus("adaptive", 30, [plan]), budget, Build.Noon).ShouldBe(left);
        BudgetPage.AtReset(new PollingStatus("adaptive", 30, [plan]), budget, Build.Noon.AddHours(1)).ShouldBeNull("it was counted anew since");
    }
}
