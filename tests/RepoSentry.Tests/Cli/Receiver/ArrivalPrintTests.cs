using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using RepoSentry.Cli.Receiver;
using RepoSentry.Delivery.Payloads;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Cli.Receiver;

public sealed class ArrivalPrintTests : IDisposable
{
    private readonly StringWriter output = new();

    public void Dispose() => output.Dispose();

    [Theory]
    [InlineData("github", "push")]
    [InlineData("gitlab", "Push Hook")]
    [InlineData("cloudevents", "dev.reposentry.repository.branch_updated")]
    public void A_block_tells_event_ref_span_verdict_and_receipt_of_every_format(string format, string name)
    {
        Print(withBody: false).Text(Arrival(format));
        output.ToString().ShouldBe(
            $"""
            12:00:00 POST /hook -> 202
              event   {name} {Pushes.EventId}
              ref     refs/heads/main 111111111111..222222222222
              passes  {format}: signature valid
              eventID receipt-1


            """);
    }

    [Fact]
    public void A_failed_verdict_stands_out()
    {
        Print(withBody: false).Text(Arrival("github") with { Verdict = new Verdict(false, "github", "no X-Hub-Signature-256 header") });
        output.ToString().ShouldContain("  FAILS   github: no X-Hub-Signature-256 header\n");
    }

    [Fact]
    public void JSON_is_one_object_a_line_with_the_body_when_asked_for()
    {
        var print = Print(withBody: true);
        print.Json(Arrival("github"));
        print.Json(Arrival("github"));
        var lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Length.ShouldBe(2);
        using var json = JsonDocument.Parse(lines[0]);
        json.RootElement.Text("event").ShouldBe("push");
        json.RootElement.Text("delivery").ShouldBe(Pushes.EventId.ToString());
        json.RootElement.Text("before").ShouldBe(Build.Commit('1'));
        json.RootElement.Text("event_id").ShouldBe("receipt-1");
        json.RootElement.At("passes").GetBoolean().ShouldBeTrue();
        json.RootElement.Text("body.head_commit.id").ShouldBe(Build.Commit('2'));
    }

    [Theory]
    [InlineData("\u001b[31mnot JSON\u0007")]
    [InlineData("{\"ref\":\"refs/heads/\\u001b[31mred\\u202e\"}")]
    [InlineData("{\"ref\":\"\\ud800\"}")]
    [InlineData("[1]")]
    public void Nothing_that_moves_a_cursor_reaches_the_terminal(string body)
    {
        var arrival = Arrival("github") with { Body = Encoding.UTF8.GetBytes(body), Path = "/\u001b[2J" };
        Print(withBody: true).Text(arrival);
        Print(withBody: true).Json(arrival);
        output.ToString().ShouldNotContain('\u001b');
        output.ToString().ShouldNotContain('\u0007');
    }

    private ArrivalPrint Print(bool withBody) => new(output, new FakeTimeProvider(Build.Noon), withBody);

    private static Arrival Arrival(string format)
    {
        var message = PayloadFormats.Render(format, Pushes.Event());
        return new Arrival
        {
            Status = 202,
            EventId = "receipt-1",
            Method = "POST",
            Path = "/hook",
            Headers = message.Headers,
            Body = message.Body,
            Verdict = new Verdict(true, format, "signature valid"),
        };
    }
}
