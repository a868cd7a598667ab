using System.Text.RegularExpressions;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Deploy;

/// <summary>The alert rules, judged by Prometheus' own tool.</summary>
public sealed partial class AlertTests
{
    [Fact]
    public void Each_alert_rises_when_it_should_and_not_before()
    {
        var promtool = TestGit.Find("promtool");
        Assert.SkipWhen(promtool is null, "prometheus is not installed (tests/apt-packages.txt)");

        TestGit.Run(promtool!, Helm.Chart, ["check", "rules", Alerts.File]).ShouldContain($"{Alerts.Names.Count} rules found");
        TestGit.Run(promtool!, Helm.Chart, ["test", "rules", "alerts.test.yaml"]).ShouldContain("SUCCESS");
        var tested = File.ReadAllText(Path.Combine(Helm.Chart, "alerts.test.yaml"));
        Alerts.Names.Where(name => !Regex.IsMatch(tested, $"alertname: {name}\n +exp_alerts:\n +- exp_labels", RegexOptions.None, TimeSpan.FromSeconds(5))).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("docs/en/runbooks.md")]
    [InlineData("docs/zh/runbooks.md")]
    public void Each_alert_has_a_runbook(string page) =>
        File.ReadLines(SourceTree.At(page)).Where(line => line.StartsWith("## RepoSentry", StringComparison.Ordinal)).Select(line => line[3..]).ShouldBe(Alerts.Names);

    [Fact]
    public void The_alerts_ask_for_metrics_that_exist()
    {
        var source = string.Concat(((string[])["src/RepoSentry/Telemetry/SentryMetrics.cs", "src/RepoSentry/Api/SentryGauges.cs"]).Select(file => File.ReadAllText(SourceTree.At(file))));
        var asked = Metric.Matches(File.ReadAllText(Alerts.File)).Select(match => match.Groups["name"].Value).Distinct(StringComparer.Ordinal).ToList();

        asked.Count.ShouldBeGreaterThan(6);
        asked.Where(name => !source.Contains($"\"{name}\"", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [GeneratedRegex("(?<name>reposentry_[a-z_]+?)(_seconds)?(_bucket|_total)?(?![a-z_])", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Metric { get; }
}
