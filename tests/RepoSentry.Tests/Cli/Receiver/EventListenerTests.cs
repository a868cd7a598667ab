using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using RepoSentry.Abstractions;
using RepoSentry.Cli.Receiver;
using RepoSentry.Network;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Cli.Receiver;

/// <summary>The stand-in answers as a real EventListener was seen to.</summary>
public sealed class EventListenerTests
{
    private readonly List<Arrival> arrivals = [];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"ref\":\"refs/heads/main\"}")]
    public async Task Any_JSON_object_is_accepted_with_a_fresh_eventID(string body)
    {
        var (status, answer) = await PostAsync("/", body);
        status.ShouldBe(202);
        using var json = JsonDocument.Parse(answer);
        json.RootElement.EnumerateObject().Select(item => item.Name).ShouldBe(["eventListener", "namespace", "eventListenerUID", "eventID"]);
        json.RootElement.Text("eventID").ShouldBe(arrivals[0].EventId);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[1]")]
    [InlineData("\"text\"")]
    [InlineData("{\"cut\":")]
    [InlineData("\ufeff{}")]
    public async Task Anything_else_is_refused_with_an_errorMessage(string body)
    {
        var (status, answer) = await PostAsync("/", body);
        status.ShouldBe(400);
        using var json = JsonDocument.Parse(answer);
        json.RootElement.EnumerateObject().Select(item => item.Name).ShouldBe(["eventListener", "namespace", "eventListenerUID", "errorMessage"]);
        json.RootElement.Text("eventListenerUID").ShouldBe("");
    }

    [Fact]
    public async Task Any_path_and_query_is_an_event()
    {
        (await PostAsync("/hooks/web.git?x=1", "{}")).Status.ShouldBe(202);
        arrivals[0].Path.ShouldBe("/hooks/web.git?x=1");
    }

    [Fact]
    public async Task Live_is_never_an_event()
    {
        (await PostAsync("/live", "{}")).ShouldBe((200, "ok"));
        arrivals.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_double_slash_is_redirected_to_the_clean_path()
    {
        await using var listener = await StartAsync();
        using var http = OutboundHttp.CreateClient(new OutboundOptions());
        using var response = await http.PostAsync(new Uri(listener.Url, "//hooks//web?x=1".Insert(0, listener.Url.GetLeftPart(UriPartial.Authority))), new StringContent("{}"), Stop);
        response.StatusCode.ShouldBe(HttpStatusCode.TemporaryRedirect);
        response.Headers.Location!.ToString().ShouldBe("/hooks/web?x=1");
        arrivals.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_body_that_dawdles_is_answered_503_and_cut()
    {
        await using var listener = await StartAsync(new ReceiverOptions { BodyTime = TimeSpan.FromMilliseconds(200) });
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, listener.Url.Port, Stop);
        await client.GetStream().WriteAsync("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{"u8.ToArray(), Stop);
        using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
        var answer = await reader.ReadToEndAsync(Stop);
        answer.ShouldStartWith("HTTP/1.1 503");
        answer.ShouldContain("Connection: close");
        arrivals.ShouldBeEmpty();
    }

    [Fact]
    public async Task Headers_above_a_mebibyte_are_answered_431()
    {
        await using var listener = await StartAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, listener.Url.Port, Stop);
        var sending = client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"POST / HTTP/1.1\r\nHost: x\r\nX-Long: {new string('x', 1100 * 1024)}\r\nContent-Length: 2\r\n\r\n{{}}"), Stop);
        var first = new byte[12];
        await client.GetStream().ReadExactlyAsync(first, Stop);
        Encoding.ASCII.GetString(first).ShouldBe("HTTP/1.1 431");
        await Should.NotThrowAsync(async () => await Task.WhenAny(sending.AsTask()));
    }

    [Fact]
    public async Task A_script_decides_what_is_answered_request_by_request()
    {
        var statuses = new Queue<int?>([500, 503, null]);
        await using var listener = await StartAsync(new ReceiverOptions { Fail = _ => statuses.Dequeue() });
        (await PostAsync(listener, "/", "{}")).ShouldBe((500, ""));
        (await PostAsync(listener, "/", "{}")).ShouldBe((503, ""));
        (await PostAsync(listener, "/", "{}")).Status.ShouldBe(202);
        arrivals.Select(arrival => arrival.EventId is null).ShouldBe([true, true, false]);
    }

    [Theory]
    [InlineData("X-GitHub-Event: push|X-Hub-Signature-256: sha256={256}", "github", true)]
    [InlineData("X-GitHub-Event: push|X-Hub-Signature: sha1={1}", "github", true)]
    [InlineData("X-GitHub-Event: push|X-Hub-Signature-256: sha256=00", "github", false)]
    [InlineData("X-GitHub-Event: push|X-Gitlab-Token: s3cret", "github", false)]
    [InlineData("X-Gitlab-Event: Push Hook|X-Gitlab-Token: s3cret", "gitlab", true)]
    [InlineData("X-Gitlab-Event: Push Hook|X-Gitlab-Token: S3CRET", "gitlab", false)]
    [InlineData("X-Gitlab-Event: Push Hook|X-Hub-Signature-256: sha256={256}", "gitlab", false)]
    [InlineData("X-Event-Key: repo:push|X-Hub-Signature: sha256={256}", "bitbucket", true)]
    [InlineData("X-Event-Key: repo:push|X-Hub-Signature-256: sha256={256}", "bitbucket", false)]
    [InlineData("X-Other: 1", "cel", false)]
    public async Task Each_interceptor_reads_its_own_header(string headers, string interceptor, bool passes)
    {
        // HMACs of {} under s3cret, made with openssl
        var filled = headers
            .Replace("{256}", "adbde1ce40c89c14215687d5d762a47df6dfaefcfad61e2e86718ffc8498571b", StringComparison.Ordinal)
            .Replace("{1}", "e7e0225292f975eab7d48999ea520020ef91b18d", StringComparison.Ordinal);
        await using var listener = await StartAsync(new ReceiverOptions { Secret = new Secret("s3cret") });
        await PostAsync(listener, "/", "{}", filled.Split('|'));
        arrivals[0].Verdict.Interceptor.ShouldBe(interceptor);
        arrivals[0].Verdict.Passes.ShouldBe(passes, arrivals[0].Verdict.Reason);
    }

    private async Task<(int Status, string Answer)> PostAsync(string path, string body)
    {
        await using var listener = await StartAsync();
        return await PostAsync(listener, path, body);
    }

    private static async Task<(int Status, string Answer)> PostAsync(EventListener listener, string path, string body, params string[] headers)
    {
        using var http = OutboundHttp.CreateClient(new OutboundOptions());
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(listener.Url, path)) { Content = new StringContent(body) };
        foreach (var header in headers)
        {
            request.Headers.TryAddWithoutValidation(header.Split(": ")[0], header.Split(": ")[1]);
        }

        using var response = await http.SendAsync(request, Stop);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Stop));
    }

    private Task<EventListener> StartAsync(ReceiverOptions? options = null) => EventListener.StartAsync((options ?? new ReceiverOptions()) with { Received = arrivals.Add }, Stop);
}
