using System.Globalization;
using System.IO.Compression;
using System.Text;
using RepoSentry.Exam.Support;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.Exam.Experiments;

/// <summary>The servers of E11, each at a port of its own. They refuse politely until they are let loose.</summary>
internal sealed class HostileServers : IAsyncDisposable
{
    private const string Advertisement = "application/x-git-upload-pack-advertisement";
    private const string Result = "application/x-git-upload-pack-result";
    private static readonly string Commit = new('1', 40);
    private static readonly string Hello = MemoryGit.Packet("# service=git-upload-pack\n") + "0000" + MemoryGit.Packet("version 2\n") + MemoryGit.Packet("ls-refs=unborn\n") + "0000";

    private readonly List<(Hostile Kind, RawServer Server)> servers = [];

    public HostileServers() => servers.AddRange(All.Select(kind => (kind, new RawServer((head, connection, token) => LooseAsync(kind, head, connection, token)))));

    public bool Loose { get; set; }

    public static IReadOnlyList<Hostile> Kinds => All;

    public string Yaml => string.Concat(servers.Select(item => $"  - {{ name: {item.Kind.Name}, url: \"{Root(item)}acme/web\", provider: p-{item.Kind.Name}, polling_interval: 3s }}\n"));

    public string Providers => string.Concat(servers.Select(item =>
        $"  - {{ name: p-{item.Kind.Name}, type: {(item.Kind.Forge ? $"github, api_base_url: \"{Root(item)}\", requests_per_minute: 100000" : "git")}, url: \"{Root(item)}\" }}\n"));

    // What each does, and a word of the error that it must end in.
    private static readonly Hostile[] All =
    [
        new("endless", "MiB of refs", async (_, to, token) => await RefsAsync(to, int.MaxValue, new string('n', 3900), token)),
        new("million", "refs: watch fewer", async (_, to, token) => await RefsAsync(to, 1_000_000, "t", token)),
        new("dribble", "polling.timeout", async (_, to, token) =>
        {
            await HeadAsync(to, Result, token);
            foreach (var letter in MemoryGit.Packet($"{Commit} refs/heads/{new string('d', 200)}\n"))
            {
                await WriteAsync(to, letter.ToString(), token);
                await Task.Delay(1000, token);
            }
        }),
        new("silent", "polling.timeout", async (_, to, token) =>
        {
            await HeadAsync(to, Result, token);
            await Task.Delay(Timeout.Infinite, token);
        }),
        new("packed", "compresses its answer", async (_, to, token) => await BombAsync(to, Result, token)),
        new("headers", "more headers than fit", async (_, to, token) =>
        {
            await WriteAsync(to, "HTTP/1.1 200 OK\r\n", token);
            for (var number = 0; number < 100_000; number++)
            {
                await WriteAsync(to, $"X-{number}: {number}\r\n", token);
            }

            await WriteAsync(to, "\r\n", token);
        }),
        new("length", "impossible length", async (_, to, token) => await AnswerAsync(to, Result, "fff5" + new string('x', 100), token)),
        new("stall", "", async (_, _, token) => await Task.Delay(Timeout.Infinite, token), Tls: true),
        new("loop", "redirects more than", async (head, to, token) =>
            await WriteAsync(to, $"HTTP/1.1 302 Found\r\nLocation: {head.Split(' ')[1].Replace("/info/refs", "/x/info/refs", StringComparison.Ordinal)}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", token), FromStart: true),
        new("gzip", "more than a look may take", async (head, to, token) =>
        {
            if (head.Contains("/branches", StringComparison.Ordinal))
            {
                await BombAsync(to, "application/json", token);
            }
            else
            {
                await AnswerAsync(to, "application/json", "{\"id\":1,\"default_branch\":\"main\"}", token);
            }
        }, Forge: true),
        new("pages", "too many to read page by page", async (head, to, token) =>
        {
            var page = int.TryParse(head.Split("page=")[^1].Split(' ', '&')[0], CultureInfo.InvariantCulture, out var asked) && head.Contains("&page=", StringComparison.Ordinal) ? asked : 1;
            var list = head.Contains("/branches", StringComparison.Ordinal);
            var body = list ? "[" + string.Join(',', Enumerable.Range(0, 100).Select(number => $"{{\"name\":\"p{page:D6}n{number}\",\"commit\":{{\"sha\":\"{Commit}\"}}}}")) + "]" : "{\"id\":1,\"default_branch\":\"main\"}";
            var next = list ? $"Link: <{head.Split(' ')[1].Split('?')[0]}?per_page=100&page={page + 1}>; rel=\"next\"\r\n" : "";
            await WriteAsync(to, $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n{next}Connection: close\r\n\r\n{body}", token);
        }, Forge: true),
    ];

    public async ValueTask DisposeAsync()
    {
        foreach (var (_, server) in servers)
        {
            await server.DisposeAsync();
        }
    }

    private static Uri Root((Hostile Kind, RawServer Server) item) => item.Kind.Tls ? new UriBuilder(item.Server.Root) { Scheme = "https" }.Uri : item.Server.Root;

    private async Task LooseAsync(Hostile kind, string head, Stream connection, CancellationToken cancellationToken)
    {
        if (!Loose)
        {
            await WriteAsync(connection, "HTTP/1.1 503 Later\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", cancellationToken);
        }
        else if (!kind.FromStart && !kind.Forge && head.Contains("/info/refs", StringComparison.Ordinal))
        {
            await AnswerAsync(connection, Advertisement, Hello, cancellationToken);
        }
        else
        {
            await kind.Answer(head, connection, cancellationToken);
        }
    }

    private static async Task RefsAsync(Stream to, int count, string name, CancellationToken cancellationToken)
    {
        await HeadAsync(to, Result, cancellationToken);
        var block = new StringBuilder();
        for (var number = 0; number < count; number++)
        {
            block.Append(MemoryGit.Packet(string.Create(CultureInfo.InvariantCulture, $"{Commit} refs/heads/{name}{number:D9}\n")));
            if (block.Length > 64_000)
            {
                await WriteAsync(to, block.ToString(), cancellationToken);
                block.Clear();
            }
        }

        await WriteAsync(to, block + "0000", cancellationToken);
    }

    private static async Task BombAsync(Stream to, string type, CancellationToken cancellationToken)
    {
        await WriteAsync(to, $"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n", cancellationToken);
        await using var packed = new GZipStream(to, CompressionLevel.Fastest, leaveOpen: true);
        var zeros = Encoding.ASCII.GetBytes(new string(' ', 1_000_000));
        for (var megabyte = 0; megabyte < 2000; megabyte++)
        {
            await packed.WriteAsync(zeros, cancellationToken);
        }
    }

    private static Task HeadAsync(Stream to, string type, CancellationToken cancellationToken) =>
        WriteAsync(to, $"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nConnection: close\r\n\r\n", cancellationToken);

    private static Task AnswerAsync(Stream to, string type, string body, CancellationToken cancellationToken) =>
        WriteAsync(to, $"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}", cancellationToken);

    private static Task WriteAsync(Stream to, string text, CancellationToken cancellationToken) => to.WriteAsync(Encoding.Latin1.GetBytes(text), cancellationToken).AsTask();
}

/// <param name="Word">What the error at the repository must say; empty for any sentence.</param>
/// <param name="FromStart">Hostile in the first question already.</param>
internal sealed record Hostile(string Name, string Word, Func<string, Stream, CancellationToken, Task> Answer, bool Tls = false, bool FromStart = false, bool Forge = false);
