using System.Text.Json;
using RepoSentry.Cli.Client;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Cli.Client;

public sealed class CellsTests
{
    [Theory]
    [InlineData("""{"phases":{"dns":0.04,"connect":1.26,"wait":1234.5}}""", "dns 0, connect 1.3, wait 1234.5")]
    [InlineData("""{"phases":null}""", "")]
    [InlineData("{}", "")]
    public void Phases_are_told_in_their_order_and_in_milliseconds(string attempt, string expected)
    {
        using var json = JsonDocument.Parse(attempt);
        json.RootElement.Phases().ShouldBe(expected);
    }
}
