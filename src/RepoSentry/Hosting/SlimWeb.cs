namespace RepoSentry.Hosting;

/// <summary>A web server that takes nothing from the environment, appsettings files or arguments: what it does stands in the code that made it.</summary>
internal static class SlimWeb
{
    /// <param name="listen">Address and port; port 0 takes a free one.</param>
    public static WebApplicationBuilder CreateBuilder(string listen)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ApplicationName = "reposentry" });
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://" + listen);
        builder.WebHost.ConfigureKestrel(options => options.AddServerHeader = false);
        return builder;
    }
}
