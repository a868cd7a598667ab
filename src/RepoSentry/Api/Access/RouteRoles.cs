using Microsoft.AspNetCore.Authorization;
using RepoSentry.Storage;

namespace RepoSentry.Api.Access;

/// <summary>What each route asks of its caller. A route that says nothing is refused to everybody.</summary>
internal static class RouteRoles
{
    private const string ProbePolicy = "probe";
    private const string SignInPolicy = "sign-in";

    /// <summary>For routes that change nothing.</summary>
    public static TBuilder RequireRole<TBuilder>(this TBuilder route, Role role)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new RouteRole(role)).RequireAuthorization(role.Name());

    /// <summary>For routes that change something: each request stands in the audit log, those that are refused too.</summary>
    /// <param name="action">Its name there, such as <c>repository.poll</c>.</param>
    public static RouteHandlerBuilder Writes(this RouteHandlerBuilder route, Role role, string action) =>
        route.RequireRole(role).WithMetadata(new AuditAction(action))
            .AddEndpointFilter((context, next) => context.HttpContext.RequestServices.GetRequiredService<AuditTrail>().AroundAsync(context, next, action));

    /// <summary>For signing in: nobody is known yet. Limits, and what is asked of browsers, hold as elsewhere.</summary>
    public static TBuilder AsSignIn<TBuilder>(this TBuilder route)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(RouteRole.SignIn).RequireAuthorization(SignInPolicy);

    /// <summary>Open to everybody, except for <c>?verbose</c>, which needs a viewer.</summary>
    public static TBuilder AsProbe<TBuilder>(this TBuilder route)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(RouteRole.Probe).RequireAuthorization(ProbePolicy);

    public static bool IsOpen(this HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<RouteRole>() == RouteRole.Probe && !context.Request.Query.ContainsKey("verbose");

    public static void AddPolicies(AuthorizationOptions options)
    {
        foreach (var role in Enum.GetValues<Role>())
        {
            options.AddPolicy(role.Name(), policy => policy.RequireAssertion(context => Has(context, role)));
        }

        options.AddPolicy(ProbePolicy, policy => policy.RequireAssertion(context => Has(context, Role.Viewer) || (context.Resource as HttpContext)?.IsOpen() == true));

        options.AddPolicy(SignInPolicy, policy => policy.RequireAssertion(_ => true));

        // Where there is no route, or only the router's own answer that method or content type are wrong, a viewer may learn that.
        options.FallbackPolicy = new AuthorizationPolicyBuilder()
            .RequireAssertion(context => Has(context, Role.Viewer) && (context.Resource as HttpContext)?.GetEndpoint() is not RouteEndpoint).Build();
    }

    private static bool Has(AuthorizationHandlerContext context, Role role) => context.User.Identity is CallerIdentity caller && caller.Role >= role;
}

/// <param name="Role">Null where nobody has to be known.</param>
internal sealed record RouteRole(Role? Role, string Open = "")
{
    public static RouteRole Probe { get; } = new(null, "probe");

    public static RouteRole SignIn { get; } = new(null, "sign-in");
}

/// <summary>What the audit log calls a route.</summary>
internal sealed record AuditAction(string Name);
