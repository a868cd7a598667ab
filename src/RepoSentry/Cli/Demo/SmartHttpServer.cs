using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using RepoSentry.Hosting;
using RepoSentry.Providers.PlainGit;

namespace RepoSentry.Cli.Demo;

/// <summary>Serves a folder of bare repositories by git's own smart HTTP: each request runs <c>git http-backend</c>, as a web server would.</summary>
internal sealed class SmartHttpServer : IAsyncDisposable
{
    private readonly WebApplication web;

    private SmartHttpServer(WebApplication web) => this.web = web;

    public Uri Url => new(web.Urls.First());

    public static async Task<SmartHttpServer> StartAsync(string folder, CancellationToken cancellationToken)
    {
        var app = SlimWeb.CreateBuilder("127.0.0.1:0").Build();
        app.MapFallback(context => ServeAsync(context, folder));
        await app.StartAsync(cancellationToken);
        return new SmartHttpServer(app);
    }

    public async ValueTask DisposeAsync() => await web.DisposeAsync();

    private static async Task ServeAsync(HttpContext context, string folder)
    {
        using var backend = Process.Start(Describe(context.Request, folder))!;
        context.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = null;
        var input = CopyAndCloseAsync(context.Request.Body, backend.StandardInput.BaseStream, context.RequestAborted);
        await CopyAnswerAsync(backend.StandardOutput.BaseStream, context.Response, context.RequestAborted);
        await input;
        await backend.WaitForExitAsync(context.RequestAborted);
    }

    private static ProcessStartInfo Describe(HttpRequest request, string folder)
    {
        var start = new ProcessStartInfo(GitProgram.Location) { ArgumentList = { "http-backend" }, UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["GIT_PROJECT_ROOT"] = folder;
        start.Environment["GIT_HTTP_EXPORT_ALL"] = "1";
        start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        start.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        start.Environment["REQUEST_METHOD"] = request.Method;
        start.Environment["PATH_INFO"] = request.Path;
        start.Environment["QUERY_STRING"] = request.QueryString.Value?.TrimStart('?') ?? "";
        start.Environment["CONTENT_TYPE"] = request.ContentType ?? "";
        start.Environment["HTTP_CONTENT_ENCODING"] = request.Headers.ContentEncoding.ToString();
        start.Environment["GIT_PROTOCOL"] = request.Headers["Git-Protocol"].ToString();
        start.Environment["REMOTE_ADDR"] = "127.0.0.1";
        return start;
    }

    private static async Task CopyAndCloseAsync(Stream from, Stream to, CancellationToken cancellationToken)
    {
        await using (to)
        {
            await from.CopyToAsync(to, cancellationToken);
        }
    }

    // CGI: header lines, an empty line, the body.
    private static async Task CopyAnswerAsync(Stream output, HttpResponse response, CancellationToken cancellationToken)
    {
        while (await ReadLineAsync(output, cancellationToken) is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var (name, value) = (line[..colon], line[(colon + 1)..].Trim());
            if (name.Equals("Status", StringComparison.OrdinalIgnoreCase))
            {
                response.StatusCode = int.Parse(value.AsSpan(0, 3), CultureInfo.InvariantCulture);
            }
            else
            {
                response.Headers.Append(name, value);
            }
        }

        await output.CopyToAsync(response.Body, cancellationToken);
    }

    private static async Task<string> ReadLineAsync(Stream stream, CancellationToken cancellationToken)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (await stream.ReadAsync(one, cancellationToken) == 1 && one[0] != '\n')
        {
            line.Append((char)one[0]);
        }

        return line.ToString().TrimEnd('\r');
    }
}
