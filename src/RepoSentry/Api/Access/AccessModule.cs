using Microsoft.AspNetCore.HttpOverrides;
using RepoSentry.Configuration;

namespace RepoSentry.Api.Access;

internal static class AccessModule
{
    public static IServiceCollection AddAccess(this IServiceCollection services)
    {
        // The core alone: the rest brings a key ring on disk. That of the sessions is in the database, and is loaded when a browser signs in.
        services.AddAuthenticationCore(options =>
        {
            options.DefaultScheme = TokenHandler.Scheme;
            options.AddScheme<TokenHandler>(TokenHandler.Scheme, displayName: null);
        });
        return services
            .AddAuthorization(RouteRoles.AddPolicies)
            .AddTransient<TokenHandler>()
            .AddSingleton<TokenBook>()
            .AddSingleton<KeyRing>()
            .AddSingleton<SessionCookies>()
            .AddSingleton<TokenJudge>()
            .AddSingleton<FailureLimiter>()
            .AddSingleton<AuditTrail>();
    }

    /// <summary>Headers on every answer, also on those of the parts before <see cref="UseAccess"/>.</summary>
    public static void UseSafeAnswers(this WebApplication app)
    {
        if (app.Services.GetRequiredService<SentryConfig>().Api.TrustedProxies is { Count: > 0 } proxies)
        {
            app.UseForwardedHeaders(Forwarded(proxies));
        }

        app.Use((context, next) => SecurityHeaders.AddAsync(context, next));
    }

    public static void UseAccess(this WebApplication app)
    {
        app.UseMiddleware<RequestGate>();
        app.UseAuthentication();
        app.UseMiddleware<RequestLimits>();
        app.UseAuthorization();
        app.UseMiddleware<IdempotencyKeys>();
    }

    private static ForwardedHeadersOptions Forwarded(IReadOnlyList<System.Net.IPNetwork> proxies)
    {
        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto, ForwardLimit = null };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var proxy in proxies)
        {
            options.KnownIPNetworks.Add(proxy);
        }

        return options;
    }
}
