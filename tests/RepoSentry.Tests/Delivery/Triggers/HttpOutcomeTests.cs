using System.Net;
using RepoSentry.Abstractions;
using RepoSentry.Delivery.Triggers;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Delivery.Triggers;

public sealed class HttpOutcomeTests
{
    [Theory]
    [InlineData(HttpStatusCode.BadRequest)]
    [InlineData(HttpStatusCode.InternalServerError)]
    [InlineData(HttpStatusCode.Found)]
    public async Task A_secret_that_the_receiver_echoes_goes_no_further(HttpStatusCode status)
    {
        using var response = new HttpResponseMessage(status)
        {
            Content = new StringContent("""{"errorMessage":"bad token s3cret-value and header-value"}"""),
            ReasonPhrase = "no s3cret-value",
        };
        response.Headers.Location = new Uri("https://elsewhere.example/?token=s3cret-value");

        var outcome = await HttpOutcome.ReadAsync(response, TimeProvider.System, ["s3cret-value", "header-value", ""], TestContext.Current.CancellationToken);

        outcome.ToString().ShouldNotContain("s3cret-value");
        outcome.ToString().ShouldNotContain("header-value");
        outcome.Answer.ShouldNotBeNull().ShouldContain("***");
        (outcome is TriggerOutcome.Accepted).ShouldBeFalse();
    }

    [Theory]
    [InlineData(HttpRequestError.InvalidResponse)]
    [InlineData(HttpRequestError.HttpProtocolError)]
    public void What_is_no_HTTP_is_never_quoted(HttpRequestError error) =>
        HttpOutcome.Explain(new HttpRequestException(error, "Received an invalid status line: 's3cret-value'.", new HttpIOException(error, "s3cret-value"))).ShouldNotContain("s3cret-value");
}
