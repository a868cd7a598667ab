using System.Net;
using System.Text.RegularExpressions;
using Shouldly;

namespace RepoSentry.Tests.Dashboard;

/// <summary>A browser without scripts: it keeps cookies, sends forms with what stands in them, and does not follow where it is led.</summary>
internal sealed partial class Surfer(Uri server) : IDisposable
{
    private readonly HttpClientHandler handler = new() { CookieContainer = new CookieContainer(), AllowAutoRedirect = false };
    private HttpClient? http;

    /// <summary>The page that forms stand on.</summary>
    public string? From { get; init; }

    public HttpClient Http => http ??= new HttpClient(handler) { BaseAddress = server };

    public async Task SignInAsync(string token)
    {
        var (status, _, location) = await PostAsync("/sign-in", proof: false, ("token", token), ("next", "/events"));
        status.ShouldBe(303);
        location.ShouldBe("/events");
    }

    public async Task<(int Status, string Html, string? Location)> GetAsync(string path, string? language = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Accept-Language", language ?? "en");
        request.Headers.TryAddWithoutValidation("Accept", "text/html");
        using var response = await Http.SendAsync(request);
        return ((int)response.StatusCode, WebUtility.HtmlDecode(await response.Content.ReadAsStringAsync()), response.Headers.Location?.OriginalString);
    }

    /// <param name="proof">Whether the hidden field of the settings page is sent, as each form has it.</param>
    /// <param name="site">Sec-Fetch-Site.</param>
    public async Task<(int Status, string Html, string? Location)> PostAsync(string path, bool proof, string site, params (string Name, string Value)[] fields)
    {
        var sent = fields.Select(field => KeyValuePair.Create(field.Name, field.Value)).ToList();
        if (proof)
        {
            sent.Add(new("csrf", Hidden.Match((await GetAsync("/settings")).Html).Groups["value"].Value));
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = new FormUrlEncodedContent(sent) };
        request.Headers.Add("Sec-Fetch-Site", site);
        request.Headers.TryAddWithoutValidation("Accept", "text/html");
        request.Headers.Referrer = From is null ? null : new Uri(server, From);
        using var response = await Http.SendAsync(request);
        return ((int)response.StatusCode, WebUtility.HtmlDecode(await response.Content.ReadAsStringAsync()), response.Headers.Location?.OriginalString);
    }

    public Task<(int Status, string Html, string? Location)> PostAsync(string path, bool proof, params (string Name, string Value)[] fields) => PostAsync(path, proof, "same-origin", fields);

    public void Dispose()
    {
        http?.Dispose();
        handler.Dispose();
    }

    [GeneratedRegex("name=\"csrf\" value=\"(?<value>[^\"]+)\"", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Hidden { get; }
}
