using RepoSentry.Dashboard.Parts;
using RepoSentry.Tests.Api;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Dashboard;

/// <summary>Names and answers from outside cannot look like others.</summary>
public sealed class UnseenTests
{
    [Fact]
    public void Marks_of_direction_and_what_takes_no_room_are_seen()
    {
        Show.Visible("rtl/&#x202E;gnp.exe").ShouldBe(@"rtl/\u202Egnp.exe");
        Show.Visible("a&#x200B;b&#xAD;c&#xFEFF;d&#xE0041;").ShouldBe(@"a\u200Bb\u00ADc\uFEFFd\uE0041");
        Show.Visible("&#x1F469;&#x200D;&#x1F680; a&#x200D;b").ShouldBe(@"&#x1F469;&#x200D;&#x1F680; a\u200Db");
        Show.Visible("&#x4E3B;&#xE9;").ShouldBe("&#x4E3B;&#xE9;");
        Show.Meant(@"rtl/\u202Egnp.exe\u0041").ShouldBe("rtl/\u202Egnp.exe\\u0041");
    }

    [Fact]
    public async Task A_ref_that_looks_like_another_does_not_on_any_page()
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        var html = (await surfer.GetAsync("/rules?repository=web&refs=" + Uri.EscapeDataString("rtl/\u202Egnp.exe\nzero\u200Bwidth"))).Html;
        html.ShouldContain(@"<code class=""ref"">rtl/\u202Egnp.exe</code>");
        html.ShouldContain(@"<code class=""ref"">zero\u200Bwidth</code>");
        html.ShouldNotContain("\u202E");
        html.ShouldNotContain("\u200B");
    }
}
