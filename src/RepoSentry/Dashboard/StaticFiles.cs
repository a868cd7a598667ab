using System.IO.Compression;
using System.Security.Cryptography;

namespace RepoSentry.Dashboard;

/// <summary>The style sheet, the script and the icon: read and compressed when the first browser comes. Their address holds their digest, so they may be kept for ever.</summary>
internal sealed class StaticFiles
{
    private static readonly Dictionary<string, string> Types = new(StringComparer.Ordinal)
    {
        ["app.css"] = "text/css; charset=utf-8",
        ["app.js"] = "text/javascript; charset=utf-8",
        ["icon.svg"] = "image/svg+xml",
    };

    private readonly Lazy<Dictionary<string, StaticFile>> files = new(() => Types.ToDictionary(type => type.Key, type => StaticFile.Read(type.Key, type.Value), StringComparer.Ordinal));

    public string Address(string name) => $"/assets/{files.Value[name].Digest}/{name}";

    public async Task SendAsync(HttpContext context)
    {
        var (name, digest) = (context.Request.RouteValues["file"] as string ?? "", context.Request.RouteValues["digest"] as string);
        if (!files.Value.TryGetValue(name, out var file) || file.Digest != digest)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        var packed = context.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase);
        var headers = context.Response.Headers;
        headers.CacheControl = "public, max-age=31536000, immutable";
        headers.Vary = "Accept-Encoding";
        headers.ContentEncoding = packed ? "gzip" : default;
        context.Response.ContentType = file.Type;
        var body = packed ? file.Packed : file.Plain;
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    internal sealed record StaticFile(string Type, string Digest, byte[] Plain, byte[] Packed)
    {
        public static StaticFile Read(string name, string type)
        {
            using var source = typeof(StaticFiles).Assembly.GetManifestResourceStream("dashboard/" + name) ?? throw new InvalidOperationException($"{name} is not in the executable");
            using var copy = new MemoryStream();
            source.CopyTo(copy);
            var plain = copy.ToArray();
            using var packed = new MemoryStream();
            using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
            {
                gzip.Write(plain);
            }

            return new StaticFile(type, Convert.ToHexStringLower(SHA256.HashData(plain))[..12], plain, packed.ToArray());
        }
    }
}
