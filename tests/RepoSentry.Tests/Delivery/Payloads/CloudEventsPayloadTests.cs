using System.Globalization;
using CloudNative.CloudEvents;
using CloudNative.CloudEvents.Http;
using CloudNative.CloudEvents.SystemTextJson;
using RepoSentry.Abstractions;
using RepoSentry.Delivery.Payloads;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Delivery.Payloads;

public sealed class CloudEventsPayloadTests
{
    [Theory]
    [InlineData("repository.provider", "github")]
    [InlineData("repository.organization", "acme")]
    [InlineData("repository.name", "web")]
    [InlineData("repository.full_name", "acme/web")]
    [InlineData("repository.url", "https://github.com/acme/web")]
    [InlineData("repository.id", "186853002")]
    [InlineData("branch.name", "main")]
    [InlineData("branch.ref", "refs/heads/main")]
    [InlineData("commit.sha", "2222222222222222222222222222222222222222")]
    [InlineData("commit.short_sha", "22222222")]
    [InlineData("commit.message", "Second\n\nWith a body")]
    [InlineData("event.type", "branch_updated")]
    [InlineData("event.trigger_source", "reposentry")]
    [InlineData("event.trigger_id", "019abf00-0000-7000-8000-000000000001")]
    [InlineData("event.detection_time", "2026-11-24T12:00:00Z")]
    [InlineData("previous_commit.sha", "1111111111111111111111111111111111111111")]
    [InlineData("previous_commit.short_sha", "11111111")]
    public void The_body_has_the_shape_of_the_Go_original(string path, string expected) =>
        Pushes.Body("cloudevents", Pushes.Event().Known()).Text(path).ShouldBe(expected);

    [Fact]
    public void Zeros_stand_where_there_is_no_commit()
    {
        Pushes.Body("cloudevents", Pushes.Event(before: null)).Text("previous_commit.sha").ShouldBe(new string('0', 40));
        Pushes.Body("cloudevents", Pushes.Event(after: null)).Text("commit.sha").ShouldBe(new string('0', 40));
    }

    [Theory]
    [InlineData("cloudevents", "refs/heads/main")]
    [InlineData("github", "refs/heads/füße/日本")]
    [InlineData("native", "refs/heads/main")]
    [InlineData("gitlab", "refs/tags/100%-\"quoted\"-%0A")]
    public async Task The_CloudEvents_SDK_reads_every_format_as_a_binary_event(string format, string name)
    {
        var message = PayloadFormats.Render(format, Pushes.Event(name));
        using var response = new HttpResponseMessage { Content = new ByteArrayContent(message.Body) };
        foreach (var (header, value) in message.Headers)
        {
            (response.Headers.TryAddWithoutValidation(header, value) || response.Content.Headers.TryAddWithoutValidation(header, value)).ShouldBeTrue();
        }

        response.IsCloudEvent().ShouldBeTrue();
        var read = await response.ToCloudEventAsync(new JsonEventFormatter(), extensionAttributes: null);
        read.IsValid.ShouldBeTrue();
        read.SpecVersion.ShouldBe(CloudEventsSpecVersion.V1_0);
        read.Id.ShouldBe(Pushes.EventId.ToString());
        read.Type.ShouldBe("dev.reposentry.repository." + Pushes.Event(name).Change.Type.Name());
        read.Source!.ToString().ShouldBe("https://github.com/acme/web");
        read.Subject.ShouldBe(name);
        read.Time!.Value.ToString("O", CultureInfo.InvariantCulture).ShouldBe("2026-11-24T12:00:00.0000000+00:00");
        read.DataContentType.ShouldBe("application/json");
        read.Data.ShouldNotBeNull();
    }
}
