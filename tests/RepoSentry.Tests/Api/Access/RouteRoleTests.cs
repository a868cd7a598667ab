using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using RepoSentry.Api.Access;
using RepoSentry.Storage;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Api.Access;

public sealed class RouteRoleTests
{
    private static readonly string[] ReadMethods = ["GET", "HEAD"];

    [Fact]
    public async Task Every_route_says_which_role_it_needs_and_every_write_has_a_name_in_the_audit_log()
    {
        await using var host = await RunningHost.StartAsync();
        var routes = Routes(host);

        routes.Count.ShouldBeGreaterThan(25);
        routes.Where(route => route.Role is null).Select(route => route.Text).ShouldBeEmpty("say .RequireRole(Role.Viewer) or .Writes(Role.Operator, \"thing.action\")");
        routes.Where(route => !ReadMethods.Contains(route.Method) && route.Path is not ("/api/v1/session/" or "/sign-in" or "/sign-out" or "/preferences" or "/rules") && (route.Action is null || route.Role!.Role is null or Role.Viewer)).Select(route => route.Text).ShouldBeEmpty();
        routes.Where(route => route.Path == "/api/v1/session/").Select(route => (route.Method, route.Role!.Open, route.Action)).ShouldBe([("POST", "sign-in", null), ("GET", "", null), ("DELETE", "", "sign_out")], ignoreOrder: true);
        routes.Where(route => route.Action is not null && ReadMethods.Contains(route.Method)).Select(route => route.Text).ShouldBeEmpty();
    }

    [Fact]
    public async Task Nobody_is_granted_a_route_that_needs_more()
    {
        await using var story = await AccessStory.StartAsync();
        var callers = new (string Name, string? Token, Role? Role)[]
        {
            ("none", null, null),
            ("viewer", await story.CreateAsync("viewer", Role.Viewer), Role.Viewer),
            ("operator", await story.CreateAsync("operator", Role.Operator), Role.Operator),
            ("admin", await story.CreateAsync("admin", Role.Admin), Role.Admin),
            ("expired", await story.CreateAsync("expired", Role.Admin, TimeSpan.FromSeconds(-1)), null),
            ("revoked", await story.CreateAsync("revoked", Role.Admin), null),
        };
        await story.Tokens.RevokeAsync("revoked", TestContext.Current.CancellationToken);
        var wrong = new List<string>();
        foreach (var route in Routes(story.Host).Where(route => route.Endpoint.Metadata.GetMetadata<BrowserPage>() is null)) // those lead to where one signs in: Dashboard/SignInTests
        {
            foreach (var caller in callers)
            {
                var status = await story.StatusAsync(new HttpMethod(route.Method), route.Path, caller.Token);
                var open = route.Role!.Role is null;
                var refused = status is StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden or StatusCodes.Status429TooManyRequests;
                var expected = open || caller.Role >= route.Role.Role;
                var right = expected ? !refused : status == (caller.Role is null ? StatusCodes.Status401Unauthorized : StatusCodes.Status403Forbidden) || (status == StatusCodes.Status429TooManyRequests && caller.Name is "expired" or "revoked");
                if (!right)
                {
                    wrong.Add($"{caller.Name}: {route.Text} answered {status}");
                }
            }
        }

        wrong.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("/healthz?verbose")]
    [InlineData("/readyz?verbose")]
    [InlineData("/metrics")]
    [InlineData("/swagger/index.html")]
    [InlineData("/nothing")]
    public async Task What_tells_of_the_inside_is_for_viewers(string path)
    {
        await using var story = await AccessStory.StartAsync();
        var viewer = await story.CreateAsync("viewer", Role.Viewer);
        (await story.StatusAsync(HttpMethod.Get, path, null)).ShouldBe(StatusCodes.Status401Unauthorized);
        (await story.StatusAsync(HttpMethod.Get, path, viewer)).ShouldBe(path == "/nothing" ? StatusCodes.Status404NotFound : StatusCodes.Status200OK);
    }

    [Fact]
    public async Task A_wrong_method_or_content_type_is_told_to_whoever_may_look()
    {
        await using var story = await AccessStory.StartAsync();
        (await story.StatusAsync(HttpMethod.Delete, "/api/v1/status", null)).ShouldBe(StatusCodes.Status401Unauthorized);
        (await story.StatusAsync(HttpMethod.Delete, "/api/v1/status", await story.CreateAsync("viewer", Role.Viewer))).ShouldBe(StatusCodes.Status405MethodNotAllowed);
        using var form = new HttpRequestMessage(HttpMethod.Post, new Uri("/api/v1/tokens", UriKind.Relative)) { Content = new StringContent("name=a", null, "application/x-www-form-urlencoded") };
        form.Headers.Authorization = new System.Net.Http.Headers.AuthenticationHeaderValue("Bearer", AccessStory.Bootstrap);
        using var response = await story.Host.Http.SendAsync(form, TestContext.Current.CancellationToken);
        ((int)response.StatusCode).ShouldBe(StatusCodes.Status415UnsupportedMediaType);
    }

    private static List<Route> Routes(RunningHost host) =>
        [.. from endpoint in host.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"]
            select new Route(method, endpoint)];

    private sealed record Route(string Method, RouteEndpoint Endpoint)
    {
        public RouteRole? Role => Endpoint.Metadata.GetMetadata<RouteRole>();

        public string? Action => Endpoint.Metadata.GetMetadata<AuditAction>()?.Name;

        public string Text => $"{Method} {Endpoint.RoutePattern.RawText}";

        public string Path => Endpoint.RoutePattern.RawText!.Replace("{name}", "nobody", StringComparison.Ordinal).Replace("{id:long}", "99999", StringComparison.Ordinal)
            .Replace("{id}", "nothing", StringComparison.Ordinal).Replace("{documentName}", "v1", StringComparison.Ordinal);
    }
}
