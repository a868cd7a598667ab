using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Storage;
using Shouldly;

namespace RepoSentry.Tests.Api.Access;

/// <summary>A service that asks for tokens, and callers with tokens of every kind.</summary>
internal sealed class AccessStory(RunningHost host) : IAsyncDisposable
{
    public const string Bootstrap = "bootstrap-token-of-the-tests";

    public RunningHost Host => host;

    public TokenStore Tokens => host.Services.GetRequiredService<TokenStore>();

    public static async Task<AccessStory> StartAsync(Func<ApiConfig, ApiConfig>? change = null, string? masterKey = null) => new(await RunningHost.StartAsync(config =>
    {
        var api = config.Api with { Auth = "token", BootstrapToken = new Secret(Bootstrap) };
        return config with { Api = change?.Invoke(api) ?? api, Security = config.Security with { MasterKey = masterKey is null ? null : new Secret(masterKey) } };
    }));

    /// <summary>Makes a token as another process would: nothing tells the service.</summary>
    public async Task<string> CreateAsync(string name, Role role, TimeSpan? lifetime = null)
    {
        var secret = TokenSecret.Create();
        (await Tokens.CreateAsync(name, secret, role, lifetime is { } span ? TimeProvider.System.GetUtcNow() + span : null, "test", CancellationToken.None)).ShouldNotBeNull();
        return secret;
    }

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? token, object? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await host.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead); // a stream of events never ends
    }

    public async Task<int> StatusAsync(HttpMethod method, string path, string? token, object? body = null)
    {
        using var response = await SendAsync(method, path, token, body);
        return (int)response.StatusCode;
    }

    public async Task<JsonElement> JsonAsync(HttpMethod method, string path, string? token, object? body = null)
    {
        using var response = await SendAsync(method, path, token, body);
        var text = await response.Content.ReadAsStringAsync();
        response.IsSuccessStatusCode.ShouldBeTrue($"{path}: {(int)response.StatusCode} {text}");
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
    }

    public async Task<IReadOnlyList<JsonElement>> AuditAsync(string query = "") =>
        [.. (await JsonAsync(HttpMethod.Get, "/api/v1/audit?limit=100" + query, Bootstrap)).GetProperty("items").EnumerateArray()];

    public ValueTask DisposeAsync() => host.DisposeAsync();
}
