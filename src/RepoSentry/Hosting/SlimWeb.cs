using RepoSentry.Configuration;

namespace RepoSentry.Hosting;

/// <summary>A web server that takes nothing from the environment, appsettings files or arguments, and watches no folder: what it does stands in the code that made it.</summary>
internal static class SlimWeb
{
    /// <param name="listen">Addresses and ports, the empty ones left out; port 0 takes a free one.</param>
    public static WebApplicationBuilder CreateBuilder(params IEnumerable<string> listen)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "reposentry", ContentRootPath = AppContext.BaseDirectory });
        builder.Services.AddRouting();
        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseUrls([.. listen.Where(address => address.Length > 0).Select(address => ListenAddress.TryParse(address)?.Url ?? "http://" + address)]);
        builder.WebHost.ConfigureKestrel(options => options.AddServerHeader = false);
        return builder;
    }
}
