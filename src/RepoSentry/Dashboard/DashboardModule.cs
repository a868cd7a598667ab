using RepoSentry.Api.Access;
using RepoSentry.Dashboard.Pages;
using RepoSentry.Storage;

namespace RepoSentry.Dashboard;

/// <summary>The pages for people, over what the API answers. Nothing of them is loaded before the first browser comes.</summary>
internal static class DashboardModule
{
    public static IServiceCollection AddDashboard(this IServiceCollection services) => services.AddSingleton<StaticFiles>().AddSingleton(new BrowserPage(Routes.RefuseAsync));

    public static WebApplication UseDashboard(this WebApplication app)
    {
        app.Page("/", Role.Viewer, FleetPage.LoadAsync);
        app.Page("/repositories", Role.Viewer, RepositoriesPage.LoadAsync);
        app.Page("/repositories/{name}", Role.Viewer, RepositoryPage.LoadAsync);
        app.Page("/events", Role.Viewer, EventsPage.LoadAsync);
        app.Page("/events/{id}", Role.Viewer, EventPage.LoadAsync);
        app.Page("/triggers", Role.Viewer, TriggersPage.LoadAsync);
        app.Page("/triggers/{name}", Role.Viewer, TriggerPage.LoadAsync);
        app.Page("/rules", Role.Viewer, RulesPage.LoadAsync);
        app.Page("/budget", Role.Viewer, BudgetPage.LoadAsync);
        app.Page("/system", Role.Viewer, SystemPage.LoadAsync);
        app.Page("/settings", Role.Viewer, SettingsPage.LoadAsync);
        app.OpenPage("/sign-in", SignInPage.LoadAsync);

        app.Question("/rules", Role.Viewer, RulesPage.AnswerAsync);
        app.OpenForm("/sign-in", SignInPage.SignInAsync);
        app.Form("/sign-out", Role.Viewer, Api.SessionEndpoints.SignOut, SignInPage.SignOutAsync, _ => "/sign-in");
        app.OpenForm("/preferences", Preferences.SaveAsync);
        app.MapRepositoryForms();
        app.MapEventForms();
        app.MapTriggerForms();
        app.Form("/system/reload", Role.Admin, "config.reload", SystemPage.ReloadAsync, SystemPage.ReloadedAsync);
        app.Form("/settings/tokens", Role.Admin, "token.create", SettingsPage.CreateAsync, SettingsPage.CreatedAsync, SettingsPage.RefusedAsync);
        app.Form("/settings/tokens/{name}/revoke", Role.Admin, "token.revoke", SettingsPage.RevokeAsync, SettingsPage.Revoked);
        app.MapGet("/assets/{digest}/{file}", (HttpContext context) => app.Services.GetRequiredService<StaticFiles>().SendAsync(context)).AsSignIn();
        return app;
    }
}
