using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using RepoSentry.Abstractions;
using RepoSentry.Providers.PlainGit;
using Shouldly;

namespace RepoSentry.Tests.Providers.PlainGit;

/// <summary>Answers the requests it was told of, in their order, and fails on any other.</summary>
internal sealed class ScriptedGitServer : HttpMessageHandler
{
    public const string Advertisement = "application/x-git-upload-pack-advertisement";
    public const string Result = "application/x-git-upload-pack-result";

    private readonly Queue<(string Expected, Func<HttpResponseMessage> Answer)> script = new();

    /// <summary>Method, URL, authorization and body of each request.</summary>
    public List<(string Line, string? Authorization, string Body)> Requests { get; } = [];

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public ScriptedGitServer On(string methodAndUrl, Func<HttpResponseMessage> answer)
    {
        script.Enqueue((methodAndUrl, answer));
        return this;
    }

    public ScriptedGitServer OnGet(string url, string body) => On($"GET {url}/info/refs?service=git-upload-pack", () => Answer(Advertisement, Encoding.Latin1.GetBytes(body)));

    public ScriptedGitServer OnPost(string url, string body) => On($"POST {url}/git-upload-pack", () => Answer(Result, Encoding.Latin1.GetBytes(body)));

    public static HttpResponseMessage Answer(string contentType, byte[] body) => Answer(contentType, new MemoryStream(body));

    public static HttpResponseMessage Answer(string contentType, Stream body)
    {
        var answer = new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(body) };
        answer.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        return answer;
    }

    public static HttpResponseMessage Status(int status, params (string Name, string Value)[] headers)
    {
        var answer = new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent("") };
        Array.ForEach(headers, header => answer.Headers.TryAddWithoutValidation(header.Name, header.Value));
        return answer;
    }

    public PlainGitRefSource Source(PlainGitOptions? options = null, TimeProvider? clock = null) =>
        new(options ?? new PlainGitOptions { Provider = "forge" }, new HttpClient(this, disposeHandler: false), clock ?? Time);

    public void ShouldBeDone() => script.ShouldBeEmpty();

    /// <summary>Packets of the texts given; <c>0000</c>, <c>0001</c> and <c>0002</c> stand for themselves.</summary>
    public static string Packets(params string[] texts) =>
        string.Concat(texts.Select(text => text is "0000" or "0001" or "0002" ? text : (text.Length + 4).ToString("x4", CultureInfo.InvariantCulture) + text));

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var line = $"{request.Method} {request.RequestUri}";
        var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        Requests.Add((line, request.Headers.TryGetValues("Authorization", out var values) ? values.Single() : null, body));
        script.TryDequeue(out var next).ShouldBeTrue($"unexpected request {line}");
        line.ShouldBe(next.Expected);
        return next.Answer();
    }
}

internal static class Looks
{
    public static readonly CancellationToken Never = CancellationToken.None;

    public static RefLookRequest At(string url, string? branches = null, string? tags = null) =>
        new(new Uri(url), [new KindRequest(RefKind.Branch, [], branches), new KindRequest(RefKind.Tag, [], tags)]);

    public static RefSnapshot? Of(this RefLook look, RefKind kind) => look.Kinds.Single(answer => answer.Kind == kind).Snapshot;

    public static async Task<RefSourceException> FailureOf(this IRefSource source, string url) =>
        await Should.ThrowAsync<RefSourceException>(() => source.LookAsync(At(url), Never));
}
