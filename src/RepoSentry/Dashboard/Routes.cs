using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using RepoSentry.Api;
using RepoSentry.Api.Access;
using RepoSentry.Dashboard.Pages;
using RepoSentry.Storage;

namespace RepoSentry.Dashboard;

/// <summary>What a route of the dashboard does around its page: the role, the audit log, refusals as pages.</summary>
internal static class Routes
{
    private const int MostFormBytes = 256 * 1024;
    private static readonly string[] Reading = ["GET", "HEAD"];

    public static void Page(this IEndpointRouteBuilder routes, string path, Role role, Func<Visit, Task<Sheet>> load) =>
        routes.MapMethods(path, Reading, context => ShowAsync(new Visit(context), load)).RequireRole(role).AsPage();

    /// <summary>The same for who is not known.</summary>
    public static void OpenPage(this IEndpointRouteBuilder routes, string path, Func<Visit, Task<Sheet>> load) =>
        routes.MapMethods(path, Reading, async context =>
        {
            var visit = new Visit(context);
            await (await load(visit)).WriteAsync(visit);
        }).AsSignIn().AsPage();

    public static void OpenForm(this IEndpointRouteBuilder routes, string path, RequestDelegate act) => routes.MapPost(path, context => SentAsync(context, act)).AsSignIn().AsPage();

    /// <summary>A form that changes nothing: what it asks is too long for an address.</summary>
    public static void Question(this IEndpointRouteBuilder routes, string path, Role role, Func<Visit, Task> answer) =>
        routes.MapPost(path, context => SentAsync(context, sent => answer(new Visit(sent)))).RequireRole(role).AsPage();

    /// <summary>A form that does what a route of the API does, with the same row in the audit log, and leads back.</summary>
    /// <param name="done">Where it leads to.</param>
    public static void Form(this IEndpointRouteBuilder routes, string path, Role role, string action, Func<Visit, Task<IResult>> act, Func<Visit, string> done) =>
        routes.Form(path, role, action, act, (visit, _) =>
        {
            Told.Note(visit.Context);
            LocalPath.Go(visit.Context, done(visit));
            return Task.CompletedTask;
        });

    /// <summary>The same, with a page that shows what came of it.</summary>
    /// <param name="refused">Shows a refusal beside what was written; null for a page of its own.</param>
    public static void Form(this IEndpointRouteBuilder routes, string path, Role role, string action, Func<Visit, Task<IResult>> act, Func<Visit, IResult, Task> done, Func<Visit, IResult, Task<Sheet>>? refused = null) =>
        routes.MapPost(path, context => SentAsync(context, async sent =>
        {
            var visit = new Visit(sent);
            if (ApiModule.NotRunning(sent.RequestServices) is { } refusal)
            {
                await ProblemView.SheetOf(visit, refusal).WriteAsync(visit);
                return;
            }

            var result = await AuditedAsync(visit, action, act);
            if (Answered.Problem(result).Status >= StatusCodes.Status400BadRequest)
            {
                await (refused is null ? ProblemView.SheetOf(visit, result) : await refused(visit, result)).WriteAsync(visit);
                return;
            }

            await done(visit, result);
        })).RequireRole(role).WithMetadata(new AuditAction(action)).AsPage();

    public static async Task<IResult> AuditedAsync(Visit visit, string action, Func<Visit, Task<IResult>> act) =>
        (IResult)(await visit.Get<AuditTrail>().AroundAsync(visit.Context, async () => await act(visit), action))!;

    private static async Task SentAsync(HttpContext context, RequestDelegate act)
    {
        if (await BrowserPage.FormAsync(context.Request) is not null)
        {
            await act(context);
            return;
        }

        var visit = new Visit(context);
        await ProblemView.SheetOf(visit, Problems.UnreadableForm(context.Request)).WriteAsync(visit);
    }

    private static async Task ShowAsync(Visit visit, Func<Visit, Task<Sheet>> load)
    {
        var sheet = ApiModule.NotRunning(visit.Context.RequestServices) is { } refusal ? ProblemView.SheetOf(visit, refusal) : await load(visit);
        ComeAgain(visit.Context, sheet.Status);
        await sheet.WriteAsync(visit);
    }

    // What is not ready yet is asked for again by the browser itself.
    private static void ComeAgain(HttpContext context, int status)
    {
        if (status == StatusCodes.Status503ServiceUnavailable && !HttpMethods.IsPost(context.Request.Method))
        {
            context.Response.Headers["Refresh"] = "2";
        }
    }

    private static void AsPage(this IEndpointConventionBuilder route) => route.WithMetadata(new BrowserPage(RefuseAsync), new RequestSizeLimitAttribute(MostFormBytes));

    /// <summary>Where somebody looks for a page that there is not, or may not do what a form asks.</summary>
    public static Task RefuseAsync(HttpContext context, IResult refusal)
    {
        var visit = new Visit(context);
        var status = Answered.Problem(refusal).Status;
        if (status != StatusCodes.Status401Unauthorized)
        {
            var isNowhere = context.GetEndpoint() is not RouteEndpoint && status is StatusCodes.Status404NotFound or StatusCodes.Status405MethodNotAllowed;
            ComeAgain(context, status);
            var wait = context.Response.Headers.RetryAfter.ToString();
            return ProblemView.SheetOf(visit, refusal, isNowhere ? visit.T["problem.nowhere"]
                : Problems.IsNoProof(refusal) ? visit.T["problem.proof"]
                : status == StatusCodes.Status429TooManyRequests && int.TryParse(wait, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? visit.T.Of("problem.wait", Parts.Show.Span(visit.T, TimeSpan.FromSeconds(seconds)))
                : null).WriteAsync(visit);
        }

        var next = HttpMethods.IsPost(context.Request.Method) ? visit.From : context.Request.Path + context.Request.QueryString;
        LocalPath.Go(context, next == "/" ? "/sign-in" : "/sign-in?next=" + Uri.EscapeDataString(next));
        return Task.CompletedTask;
    }
}
