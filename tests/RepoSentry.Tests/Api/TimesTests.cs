using System.Globalization;
using System.Text.Json;
using RepoSentry.Api;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Api;

public sealed class TimesTests
{
    [Theory]
    [InlineData("2026-11-24T12:00:00.1234567+00:00", "2026-11-24T12:00:00.123+00:00")]
    [InlineData("2026-11-24T12:00:00.1239999+00:00", "2026-11-24T12:00:00.123+00:00")]
    [InlineData("2026-11-24T12:00:00+00:00", "2026-11-24T12:00:00+00:00")]
    public void Times_are_shown_to_the_millisecond(string time, string shown)
    {
        var view = new SessionView("ada", "viewer", DateTimeOffset.Parse(time, CultureInfo.InvariantCulture), null);
        var json = JsonSerializer.SerializeToElement(view, ApiJson.Default.SessionView);
        json.GetProperty("expires_at").GetRawText().Replace("\\u002B", "+", StringComparison.Ordinal).ShouldBe($"\"{shown}\"");
    }

    [Fact]
    public async Task The_next_look_which_no_row_has_is_shown_so_too()
    {
        await using var host = await RunningHost.StartAsync();
        var times = new List<string>();
        await RunningHost.UntilAsync(async () => Find(await host.JsonAsync("/api/v1/repositories/web")) && Find(await host.JsonAsync("/api/v1/repositories/web/explain")));
        Find(await host.JsonAsync("/api/v1/status"));

        times.ShouldNotBeEmpty();
        times.Where(time => time[19] == '.' && time[20..].TakeWhile(char.IsAsciiDigit).Count() > 3).ShouldBeEmpty();

        bool Find(JsonElement item)
        {
            var found = item.ValueKind == JsonValueKind.Object ? item.EnumerateObject().SelectMany(property => Texts(property.Value)) : [];
            var before = times.Count;
            times.AddRange(found.Where(text => text.Length > 18 && text[4] == '-' && text[10] == 'T'));
            return times.Count > before;
        }

        static IEnumerable<string> Texts(JsonElement value) => value.ValueKind switch
        {
            JsonValueKind.String => [value.GetString()!],
            JsonValueKind.Object => value.EnumerateObject().SelectMany(property => Texts(property.Value)),
            JsonValueKind.Array => value.EnumerateArray().SelectMany(Texts),
            _ => [],
        };
    }
}
