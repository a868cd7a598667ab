using System.Diagnostics;
using System.Globalization;
using System.Text;
using RepoSentry.Abstractions;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Providers.PlainGit;

/// <summary>Servers that lie, stall and flood: each look ends with a named error.</summary>
public sealed class HostileServerTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nConnection: close\r\n";
    private const string Git = Ok + "Content-Type: application/x-git-upload-pack-advertisement\r\n";
    private const string Id = "3cf8a11e44b0b7ec44f3334ea57a30184952ff22";
    private const string Service = "001e# service=git-upload-pack\n0000";

    [Theory]
    [InlineData(Git + "\r\n" + Service, RefSourceError.Malformed)]
    [InlineData(Git + "Content-Length: 500\r\n\r\n" + Service + "003d" + Id + " refs/heads/main\n", RefSourceError.Malformed)]
    [InlineData(Git + "Transfer-Encoding: chunked\r\n\r\n22\r\n" + Service + "\r\n", RefSourceError.Malformed)]
    [InlineData(Git + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", RefSourceError.Malformed)]
    [InlineData(Git + "Content-Encoding: gzip\r\n\r\nxx", RefSourceError.Malformed)]
    [InlineData(Ok + "Content-Type: text/html\r\n\r\n<html>Please log in</html>", RefSourceError.Malformed)]
    [InlineData(Ok + "\r\n", RefSourceError.Malformed)]
    [InlineData("SSH-2.0-OpenSSH_9.2p1\r\n", RefSourceError.Malformed)]
    [InlineData("", RefSourceError.Unavailable)]
    public async Task A_wrong_answer_is_a_named_error(string answer, RefSourceError expected)
    {
        await using var server = RawServer.Text(answer);

        (await Looks.Source().FailureOf(server.Root)).Error.ShouldBe(expected);
    }

    [Theory]
    [InlineData("text/html", "text/html")]
    [InlineData("text/canary-2f", "another content type")]
    public async Task A_content_type_is_quoted_only_if_it_is_a_common_one(string type, string shown)
    {
        await using var server = RawServer.Text(Ok + $"Content-Type: {type}\r\n\r\nx");

        var message = (await Looks.Source().FailureOf(server.Root)).Message;

        message.ShouldContain(shown);
        message.ShouldNotContain("canary-2f");
    }

    [Fact]
    public async Task More_headers_than_fit_are_refused()
    {
        await using var server = RawServer.Text(Git + string.Concat(Enumerable.Range(0, 100_000).Select(index => $"X-{index}: y\r\n")) + "\r\n");

        (await Looks.Source().FailureOf(server.Root)).Error.ShouldBe(RefSourceError.Malformed);
    }

    [Fact]
    public async Task A_server_that_drips_one_byte_a_second_ends_at_the_callers_limit()
    {
        await using var server = new RawServer(async (_, connection, token) =>
        {
            await connection.WriteAsync(Encoding.ASCII.GetBytes(Git + "\r\n"), token);
            foreach (var letter in Service)
            {
                await connection.WriteAsync(new[] { (byte)letter }, token);
                await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, token);
            }
        });
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        var started = Stopwatch.GetTimestamp();

        await Should.ThrowAsync<OperationCanceledException>(() => Looks.Source().LookAsync(Looks.At(server.Root), limit.Token));

        Stopwatch.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(Service.Length - 5), "it would drip on");
    }

    [Fact]
    public async Task An_endless_list_ends_at_the_cap_and_does_not_grow_without_bound()
    {
        var filler = new string('x', 2000);
        await using var server = new RawServer(async (_, connection, token) =>
        {
            await connection.WriteAsync(Encoding.ASCII.GetBytes(Git + "\r\n" + Service), token);
            for (var index = 0; ; index++)
            {
                var line = string.Create(CultureInfo.InvariantCulture, $"{Id} refs/heads/{index:d9}{filler}\n");
                await connection.WriteAsync(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{line.Length + 4:x4}{line}")), token);
            }
        });

        (await Looks.Source().FailureOf(server.Root)).Message.ShouldContain("more than 64 MiB");
    }

    [Fact]
    public async Task A_server_that_never_greets_TLS_is_given_up()
    {
        await using var server = new RawServer((_, _, token) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token));

        (await Looks.Source(connectSeconds: 1).FailureOf(new Uri($"https://127.0.0.1:{server.Root.Port}/web"))).Error.ShouldBe(RefSourceError.Unavailable);
    }
}
