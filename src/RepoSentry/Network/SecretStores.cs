using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace RepoSentry.Network;

/// <summary>
/// Reads single values from where platforms keep secrets: <c>k8s:NAMESPACE/NAME#KEY</c> from the Kubernetes API of the cluster that the process runs in, and
/// <c>vault:PATH#KEY</c> from HashiCorp Vault or OpenBao (engines kv 1 and 2; the path is that of the HTTP interface without <c>/v1/</c>).
/// </summary>
/// <param name="environment">Looked up for KUBERNETES_SERVICE_HOST and _PORT, VAULT_ADDR, VAULT_TOKEN, VAULT_TOKEN_FILE, VAULT_NAMESPACE and VAULT_CACERT.</param>
/// <param name="account">Folder of the service account: <c>token</c> and <c>ca.crt</c>.</param>
internal sealed class SecretStores(Func<string, string?> environment, string account = "/var/run/secrets/kubernetes.io/serviceaccount")
{
    private const int MaxBytes = 1024 * 1024;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>Those of this process.</summary>
    public static SecretStores OfTheProcess { get; } = new(Environment.GetEnvironmentVariable);

    /// <summary>Waits for the answer, at most 5 s. The problem is the end of a sentence and never has the value in it.</summary>
    public (string? Value, string? Problem) Fetch(string reference)
    {
        try
        {
            return reference.StartsWith("k8s:", StringComparison.Ordinal) ? FromKubernetes(reference[4..]) : FromVault(reference["vault:".Length..]);
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
        {
            return (null, failure is OperationCanceledException ? $"did not come within {Limit.TotalSeconds:0} s" : $"cannot be read: {failure.Message}");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return (null, $"cannot be read: {failure.Message}");
        }
        catch (Exception failure) when (failure is JsonException or FormatException or InvalidOperationException or UriFormatException)
        {
            return (null, "got an answer that is none of such a store");
        }
    }

    private (string? Value, string? Problem) FromKubernetes(string place)
    {
        var (path, key) = Split(place);
        var parts = path.Split('/');
        if (environment("KUBERNETES_SERVICE_HOST") is not { Length: > 0 } host)
        {
            return (null, "needs a cluster: KUBERNETES_SERVICE_HOST is not set");
        }

        var authority = host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;
        var url = new Uri($"https://{authority}:{environment("KUBERNETES_SERVICE_PORT") ?? "443"}/api/v1/namespaces/{Uri.EscapeDataString(parts[0])}/secrets/{Uri.EscapeDataString(parts[1])}");
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", File.ReadAllText(Path.Combine(account, "token")).Trim());
        var (status, json) = Send(request, Path.Combine(account, "ca.crt"));
        return status switch
        {
            HttpStatusCode.OK when json.TryGetProperty("data", out var data) && data.ValueKind == JsonValueKind.Object && data.TryGetProperty(key, out var value) =>
                (Encoding.UTF8.GetString(value.GetBytesFromBase64()).TrimEnd('\r', '\n'), null),
            HttpStatusCode.OK => (null, $"has no key {key}"),
            HttpStatusCode.NotFound => (null, "is not there"),
            HttpStatusCode.Forbidden => (null, "may not be read: give the service account a Role with get on that Secret, and mount its token"),
            _ => (null, $"was answered with {(int)status}"),
        };
    }

    private (string? Value, string? Problem) FromVault(string place)
    {
        var (path, key) = Split(place);
        if (environment("VAULT_ADDR") is not { Length: > 0 } address)
        {
            return (null, "needs VAULT_ADDR");
        }

        var token = environment("VAULT_TOKEN_FILE") is { Length: > 0 } file ? File.ReadAllText(file).Trim() : environment("VAULT_TOKEN");
        if (string.IsNullOrEmpty(token))
        {
            return (null, "needs VAULT_TOKEN_FILE or VAULT_TOKEN");
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{address.TrimEnd('/')}/v1/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}"));
        request.Headers.TryAddWithoutValidation("X-Vault-Token", token);
        request.Headers.TryAddWithoutValidation("X-Vault-Request", "true");
        if (environment("VAULT_NAMESPACE") is { Length: > 0 } space)
        {
            request.Headers.TryAddWithoutValidation("X-Vault-Namespace", space);
        }

        var (status, json) = Send(request, environment("VAULT_CACERT") ?? "");
        if (status != HttpStatusCode.OK)
        {
            return (null, status switch
            {
                HttpStatusCode.NotFound => "is not there (engine kv 2 has its data under MOUNT/data/NAME)",
                HttpStatusCode.Forbidden => "may not be read: the token is expired, or its policy lacks read on that path",
                _ => $"was answered with {(int)status}",
            });
        }

        var data = json.GetProperty("data");
        data = data.TryGetProperty("data", out var second) && second.ValueKind == JsonValueKind.Object ? second : data;
        return data.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? (value.GetString(), null) : (null, $"has no key {key}");
    }

    // The configuration is read synchronously, and a refresh has a thread of the pool: so this waits.
    private static (HttpStatusCode Status, JsonElement Json) Send(HttpRequestMessage request, string caFile)
    {
        using var http = OutboundHttp.CreateClient(new OutboundOptions { CaFile = caFile });
        using var limit = new CancellationTokenSource(Limit);
        return Task.Run(() => SendAsync(http, request, limit.Token), limit.Token).GetAwaiter().GetResult();
    }

    private static async Task<(HttpStatusCode Status, JsonElement Json)> SendAsync(HttpClient http, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            return (response.StatusCode, default);
        }

        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[MaxBytes];
        var length = await body.ReadAtLeastAsync(buffer, MaxBytes, throwOnEndOfStream: false, cancellationToken);
        using var json = JsonDocument.Parse(buffer.AsMemory(0, length));
        return (response.StatusCode, json.RootElement.Clone());
    }

    private static (string Path, string Key) Split(string place) => place.LastIndexOf('#') is var at ? (place[..at], place[(at + 1)..]) : default;
}
