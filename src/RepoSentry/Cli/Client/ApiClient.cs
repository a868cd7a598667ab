using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using RepoSentry.Network;

namespace RepoSentry.Cli.Client;

/// <summary>The HTTP API as the commands use it. Its errors carry what the user reads and the exit code.</summary>
internal sealed class ApiClient : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BulkLimit = TimeSpan.FromMinutes(10);

    // Many pages of a list reach the limit of requests by themselves; who waits longer than this is told why.
    private static readonly TimeSpan PatientFor = TimeSpan.FromSeconds(2);

    private readonly HttpClient http = OutboundHttp.CreateClient(new OutboundOptions());
    private readonly Uri server;

    public ApiClient(Uri server)
    {
        this.server = server;
        if (Token() is { Length: > 0 } token)
        {
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
    }

    public Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken) => SendAsync(HttpMethod.Get, path, Limit, cancellationToken);

    public Task<JsonElement> PostAsync(string path, CancellationToken cancellationToken) => SendAsync(HttpMethod.Post, path, Limit, cancellationToken);

    public Task<JsonElement> DeleteAsync(string path, CancellationToken cancellationToken) => SendAsync(HttpMethod.Delete, path, Limit, cancellationToken);

    /// <summary>For what takes as long as others let it take.</summary>
    public Task<JsonElement> PostSlowlyAsync(string path, TimeSpan limit, CancellationToken cancellationToken) => SendAsync(HttpMethod.Post, path, limit, cancellationToken);

    /// <summary>For orders on many things at once.</summary>
    /// <param name="fields">What stands in the JSON body; those that are null are left out.</param>
    public Task<JsonElement> PostAsync(string path, IEnumerable<(string Name, object? Value)> fields, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, path, BulkLimit, cancellationToken, JsonContent.Create(fields.Where(field => field.Value is not null).ToDictionary(field => field.Name, field => field.Value)));

    /// <summary>An answer as it came, whatever its status: for those who only carry it further.</summary>
    public async Task<(int Status, string Text)> AnswerAsync(string path, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var end = new CancellationTokenSource(limit);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(end.Token, cancellationToken);
        try
        {
            using var response = await http.GetAsync(new Uri(server, path), both.Token);
            return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(both.Token));
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            throw new ClientException(ExitCode.Unreachable, $"{server} gave no answer: {(e is HttpRequestException ? e.Message : $"nothing within {limit.TotalSeconds:0} s")}");
        }
    }

    /// <summary>The items of a list, page by page, up to a limit.</summary>
    public async Task<IReadOnlyList<JsonElement>> ListAsync(string path, IEnumerable<(string Name, string? Value)> query, int most, CancellationToken cancellationToken)
    {
        var items = new List<JsonElement>();
        var fixedQuery = query.Where(pair => pair.Value is not null).Select(pair => $"&{pair.Name}={Uri.EscapeDataString(pair.Value!)}");
        string? cursor = null;
        do
        {
            var page = await GetAsync($"{path}?limit={Math.Min(100, most - items.Count)}{string.Concat(fixedQuery)}{(cursor is null ? "" : $"&cursor={cursor}")}", cancellationToken);
            items.AddRange(page.GetProperty("items").EnumerateArray());
            cursor = page.GetProperty("next_cursor").GetString();
        }
        while (cursor is not null && items.Count < most);
        return items;
    }

    /// <summary>The messages of a stream that does not end by itself, from where it was left.</summary>
    /// <param name="after">The last id that came; null for none yet.</param>
    public async IAsyncEnumerable<StreamMessage> FollowAsync(string path, string? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server, path));
        request.Headers.Accept.ParseAdd("text/event-stream");
        request.Headers.TryAddWithoutValidation("Last-Event-ID", after);
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw Refused(response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken), http.DefaultRequestHeaders.Authorization is not null);
        }

        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        await foreach (var message in StreamMessage.ReadAsync(stream, cancellationToken))
        {
            yield return message;
        }
    }

    public void Dispose() => http.Dispose();

    // Where secrets are files, as in a pod, the file is named instead: an environment is easily shown.
    private static string? Token()
    {
        var file = Environment.GetEnvironmentVariable("REPOSENTRY_TOKEN_FILE");
        var token = Environment.GetEnvironmentVariable("REPOSENTRY_TOKEN");
        if (!string.IsNullOrEmpty(token) || string.IsNullOrEmpty(file))
        {
            return token;
        }

        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ClientException(ExitCode.Failed, $"REPOSENTRY_TOKEN_FILE: {file} cannot be read: {e.Message}");
        }
    }

    private async Task<JsonElement> SendAsync(HttpMethod method, string path, TimeSpan limit, CancellationToken cancellationToken, HttpContent? content = null)
    {
        using var end = new CancellationTokenSource(limit);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(end.Token, cancellationToken);
        try
        {
            using var request = new HttpRequestMessage(method, new Uri(server, path)) { Content = content };
            using var response = await http.SendAsync(request, both.Token);
            if (content is null && response.StatusCode == HttpStatusCode.TooManyRequests && response.Headers.RetryAfter?.Delta is { } wait && wait <= PatientFor)
            {
                await Task.Delay(wait, both.Token);
                return await SendAsync(method, path, limit, cancellationToken);
            }

            var text = await response.Content.ReadAsStringAsync(both.Token);
            return response.IsSuccessStatusCode ? Parse(text) : throw Refused(response.StatusCode, text, http.DefaultRequestHeaders.Authorization is not null);
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.SecureConnectionError)
        {
            throw new ClientException(ExitCode.Unreachable, $"{server} shows a certificate that is not trusted here ({(e.InnerException ?? e).Message.TrimEnd('.')}): SSL_CERT_FILE names a file with its authority");
        }
        catch (HttpRequestException e)
        {
            throw new ClientException(ExitCode.Unreachable, $"{server} cannot be reached: {e.Message}. Is the service running there? (--server, REPOSENTRY_SERVER)");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ClientException(ExitCode.TimedOut, $"{server} did not answer within {limit.TotalSeconds:0} s");
        }
    }

    private static JsonElement Parse(string text)
    {
        try
        {
            return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
        }
        catch (JsonException)
        {
            throw new ClientException(ExitCode.Failed, "the answer is no JSON: is it RepoSentry that listens there?");
        }
    }

    private static string Line(JsonElement error) => error.Text("hint") is { Length: > 0 } hint ? $"{error.Text("place")}: {error.Text("message")} ({hint})" : $"{error.Text("place")}: {error.Text("message")}";

    private static ClientException Refused(HttpStatusCode status, string text, bool withToken)
    {
        var detail = $"the service answered {(int)status}";
        try
        {
            using var problem = JsonDocument.Parse(text);
            detail = problem.RootElement.TryGetProperty("detail", out var said) ? said.GetString() ?? detail : detail;
            detail = status == HttpStatusCode.Unauthorized && withToken && detail.StartsWith("Send a token", StringComparison.Ordinal) ? "The service knows no such token: it is mistyped, or of another service" : detail;
            detail = problem.RootElement.TryGetProperty("errors", out var all) && all.GetArrayLength() > 0 ? string.Join('\n', all.EnumerateArray().Select(Line)) : detail;
        }
        catch (JsonException)
        {
            // an answer of something else: its status is all that can be told
        }

        return new ClientException(
            status switch
            {
                HttpStatusCode.NotFound => ExitCode.NotFound,
                HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => ExitCode.NotPermitted,
                HttpStatusCode.Conflict or HttpStatusCode.PreconditionFailed => ExitCode.Conflict,
                HttpStatusCode.BadRequest => ExitCode.Usage,
                HttpStatusCode.ServiceUnavailable => ExitCode.Unhealthy,
                _ => ExitCode.Failed,
            },
            status == HttpStatusCode.Unauthorized ? detail + " (REPOSENTRY_TOKEN)" : detail);
    }
}

/// <summary>A client command cannot go on.</summary>
internal sealed class ClientException(int exitCode, string message) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
