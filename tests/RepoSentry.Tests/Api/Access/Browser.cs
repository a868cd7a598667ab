using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Shouldly;

namespace RepoSentry.Tests.Api.Access;

/// <summary>Keeps cookies and says where its page comes from, as a browser does.</summary>
internal sealed class Browser : IDisposable
{
    private readonly HttpClientHandler handler = new() { CookieContainer = new CookieContainer() };

    public Browser(Uri server) => Http = new HttpClient(handler) { BaseAddress = server };

    public HttpClient Http { get; }

    /// <summary>What the last sign-in answered for writes.</summary>
    public string? Proof { get; set; }

    public Cookie? Cookie => handler.CookieContainer.GetAllCookies().SingleOrDefault();

    public void Take(Cookie cookie) => handler.CookieContainer.Add(cookie);

    public async Task<JsonElement> SignInAsync(string token)
    {
        var (status, json) = await SendAsync(HttpMethod.Post, "/api/v1/session", new { token });
        status.ShouldBe(200, json.ToString());
        Proof = json.GetProperty("csrf_token").GetString();
        return json;
    }

    /// <param name="site">Sec-Fetch-Site; null for an old browser that does not send it.</param>
    public async Task<(int Status, JsonElement Json)> SendAsync(HttpMethod method, string path, object? body = null, string? site = "same-origin", string? origin = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = body is null ? null : JsonContent.Create(body) };
        foreach (var (name, value) in new[] { ("Sec-Fetch-Site", site), ("Origin", origin), ("X-CSRF-Token", Proof) }.Where(header => header.Item2 is not null))
        {
            request.Headers.Add(name, value);
        }

        using var response = await Http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return ((int)response.StatusCode, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement);
    }

    public async Task<int> StatusAsync(string path = "/api/v1/status") => (await SendAsync(HttpMethod.Get, path)).Status;

    public void Dispose()
    {
        Http.Dispose();
        handler.Dispose();
    }
}
