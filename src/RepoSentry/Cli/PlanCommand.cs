using System.CommandLine;
using System.ComponentModel;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using RepoSentry.Configuration;
using RepoSentry.Polling;
using RepoSentry.Polling.Discovery;
using RepoSentry.Polling.Replay;
using RepoSentry.Polling.Strategies;
using RepoSentry.Storage.Sqlite;

namespace RepoSentry.Cli;

/// <summary>What polling will cost and how soon it will see: of a configuration, or of a history that is replayed.</summary>
internal static class PlanCommand
{
    private static readonly Option<string?> Config = ConfigFile.Option();
    private static readonly Option<string?> Csv = new("--replay") { Description = "Replay a history of pushes through the scheduler on a virtual clock: CSV, also .gz, with repo,push_time_seconds from a Monday 00:00 UTC on (default: plan the configuration)", HelpName = "CSV" };
    private static readonly Option<string[]> Clones = new("--from-git") { Description = "Replay the histories of local clones in place of a CSV", HelpName = "DIR", AllowMultipleArgumentsPerToken = true };
    private static readonly Option<int?> Fleet = new("--fleet") { Description = "Draw a fleet of so many repositories from the history (default: the history's own)" };
    private static readonly Option<double> PerHour = new("--per-hour") { Description = "Looks for each repository and hour", DefaultValueFactory = _ => 20 };
    private static readonly Option<double> Weeks = new("--weeks") { Description = "Weeks that are measured, the last ones of the history", DefaultValueFactory = _ => 4 };
    private static readonly Option<double> WarmUp = new("--warm-up") { Description = "Weeks before them that are played and not measured", DefaultValueFactory = _ => 2 };
    private static readonly Option<string> Least = new("--min-interval") { Description = "No two looks at a repository are closer", DefaultValueFactory = _ => "10s" };
    private static readonly Option<string> Most = new("--max-interval") { Description = "No two looks at a repository are farther apart", DefaultValueFactory = _ => "1h" };
    private static readonly Option<int> Seed = new("--seed") { Description = "Of the drawing: the same number draws the same fleet", DefaultValueFactory = _ => 1 };
    private static readonly Option<string> Output = new("--output", "-o") { Description = "table or json", DefaultValueFactory = _ => "table" };

    static PlanCommand() => Output.AcceptOnlyFromAmong("table", "text", "json");

    public static Command Create()
    {
        var command = new Command("plan", "What polling will cost and how soon it will see, before anything is deployed") { Config, Csv, Clones, Fleet, PerHour, Weeks, WarmUp, Least, Most, Seed, Output };
        command.SetAction(async (result, token) =>
        {
            try
            {
                return IsReplay(result) ? await ReplayAsync(result, token) : Plan(result);
            }
            catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException or InvalidDataException or Win32Exception)
            {
                await Console.Error.WriteLineAsync(e.Message);
                return ExitCode.Failed;
            }
        });
        return command;
    }

    private static bool IsReplay(ParseResult result) => result.GetValue(Csv) is not null || result.GetValue(Clones) is { Length: > 0 };

    private static int Plan(ParseResult result)
    {
        Option[] ofReplays = [Fleet, PerHour, Weeks, WarmUp, Least, Most, Seed];
        if (Array.Find(ofReplays, option => result.GetResult(option) is { Implicit: false }) is { } misplaced)
        {
            Console.Error.WriteLine($"{misplaced.Name} is for replays: add --replay or --from-git");
            return ExitCode.Usage;
        }

        var loaded = ConfigFile.Load(result.GetValue(Config), Console.Error.WriteLine, offline: true);
        if (loaded.Config is null)
        {
            return ExitCode.Failed;
        }

        var config = WithDiscovered(loaded);

        var credentials = LookBudget.Of(config).OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => CredentialPlan.Of(one.Key, one.Value, config)).ToList();
        if (result.GetValue(Output) == "json")
        {
            Console.WriteLine(JsonSerializer.Serialize(new PlanReport(config.Polling.Strategy, credentials), PlanJson.Default.PlanReport));
            return ExitCode.Ok;
        }

        Console.WriteLine($"{"CREDENTIAL",-24} {"REPOSITORIES",12} {"LOOKS/H",9} {"REQUESTS/H",11} {"MEAN DELAY",11} {"LONGEST",9} {"WAY",7}  PROMISE");
        foreach (var one in credentials)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{one.Credential,-24} {one.Repositories,12} {one.LooksPerHour,9:0} {one.RequestsPerHour,11:0} {one.MeanDelayS,9:0.0} s {one.MaxDelayS,7:0} s {one.Way,7}  {one.Says}"));
        }

        return ExitCode.Ok;
    }

    // How many an organization has is known once the service has listed it.
    private static SentryConfig WithDiscovered(LoadedConfig loaded)
    {
        var config = loaded.Config!;
        if (config.Discovery.Count == 0)
        {
            return config;
        }

        try
        {
            var listed = SqliteMaintenance.Listings(SqliteStorage.Choose(Path.GetFullPath(config.Storage.SqlitePath)));
            foreach (var unlisted in config.Discovery.Where(discovery => !listed.Contains(discovery.Key)))
            {
                Console.Error.WriteLine($"the repositories of {unlisted.Key} are not counted: nothing in the database tells how many there are");
            }

            var names = new Dictionary<(string, string), string>();
            return loaded.Entries!.With(DiscoveredRepositories.Of(config.Discovery, key => [.. listed[key]], config.Repositories, [], names));
        }
        catch (Exception e) when (DatabaseFile.Explains(e))
        {
            Console.Error.WriteLine($"discovered repositories are not counted: {e.Message}");
            return config;
        }
    }

    private static async Task<int> ReplayAsync(ParseResult result, CancellationToken cancellationToken)
    {
        if (result.GetValue(Csv) is not null && result.GetValue(Clones) is { Length: > 0 })
        {
            await Console.Error.WriteLineAsync("--replay and --from-git are two histories: give one of them");
            return ExitCode.Usage;
        }

        var history = result.GetValue(Csv) is { } csv ? CsvHistory.Read(csv) : await GitHistory.ReadAsync(result.GetValue(Clones)!, cancellationToken);
        if (!Durations.TryParse(result.GetValue(Least)!, out var least) || !Durations.TryParse(result.GetValue(Most)!, out var most) || least <= TimeSpan.Zero || most < least)
        {
            await Console.Error.WriteLineAsync("--min-interval and --max-interval are durations like 10s and 1h, the first not longer than the second");
            return ExitCode.Usage;
        }

        if (result.GetValue(PerHour) is not (> 0 and <= 3600) || result.GetValue(Weeks) is not > 0 || result.GetValue(WarmUp) is not >= 0 || result.GetValue(Fleet) is < 1 or > 1_000_000)
        {
            await Console.Error.WriteLineAsync("--per-hour is above 0 and at most 3600, --weeks above 0, --warm-up not below 0, --fleet from 1 to 1000000");
            return ExitCode.Usage;
        }

        if (history.Weeks == 0)
        {
            throw new FormatException("there is no push in this history");
        }

        if (result.GetValue(Fleet) is { } count)
        {
            history = history.Resample(count, new Random(result.GetValue(Seed)));
        }

        var warmUp = Math.Min(result.GetValue(WarmUp), history.Weeks - Math.Min(result.GetValue(Weeks), history.Weeks));
        var plan = new ReplayPlan(result.GetValue(PerHour), Math.Min(result.GetValue(Weeks), history.Weeks), warmUp, least.TotalSeconds, most.TotalSeconds);
        if (plan.Weeks < result.GetValue(Weeks) || plan.WarmUp < result.GetValue(WarmUp))
        {
            await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"the history has {history.Weeks} weeks: {plan.WarmUp:0.##} are played, {plan.Weeks:0.##} measured"));
        }

        if (plan.LooksPerSecond(1) < 1 / most.TotalSeconds)
        {
            await Console.Error.WriteLineAsync("so few looks cannot keep --max-interval: nobody waits longer than the budget makes necessary");
        }

        Show(await RunAsync(history, plan), result.GetValue(Output) == "json");
        return ExitCode.Ok;
    }

    private static async Task<ReplayReport> RunAsync(PushHistory history, ReplayPlan plan)
    {
        var run = new ReplayRun(history, plan);
        var adaptive = Task.Run(() => run.Run((limits, profile) => new AdaptiveStrategy(limits, profile)));
        var uniform = Task.Run(() => run.Run((limits, _) => new UniformStrategy(limits with { MaxInterval = limits.MinInterval })));
        var policies = new Dictionary<string, ReplayFigures>(StringComparer.Ordinal) { ["adaptive"] = ReplayFigures.Of(await adaptive), ["uniform"] = ReplayFigures.Of(await uniform) };
        return new ReplayReport(policies, run.Bound, (long)run.BudgetLooks);
    }

    private static void Show(ReplayReport report, bool json)
    {
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(report, PlanJson.Default.ReplayReport));
            return;
        }

        Console.WriteLine($"{"POLICY",-10} {"MEAN",9} {"P50",9} {"P95",9} {"P99",9} {"LONGEST GAP",12} {"LOOKS",12}");
        foreach (var (name, figures) in report.Policies)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-10} {figures.MeanS,7:0.0} s {figures.P50S,7:0.0} s {figures.P95S,7:0.0} s {figures.P99S,7:0.0} s {figures.MaxGapS,10:0} s {figures.Polls,12}"));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"bound",-10} {report.BoundMeanS,7:0.0} s   least mean of any policy if pushes came at random at the measured rates; budget {report.BudgetPolls} looks"));
    }
}

/// <param name="Strategy">adaptive or fixed.</param>
internal sealed record PlanReport(string Strategy, IReadOnlyList<CredentialPlan> Credentials);

/// <summary>What is expected of one credential before anything is known of its repositories.</summary>
/// <param name="RequestsPerHour">Of looks that find nothing new; a change costs some more.</param>
/// <param name="MeanDelayS">Of looks at equal intervals; the adaptive policy is below it once it knows the repositories.</param>
/// <param name="MaxDelayS">Nobody waits longer.</param>
/// <param name="Way">single: each repository with a request of its own; batch: many with one; sweep: those that a list of pushes tells of.</param>
internal sealed record CredentialPlan(string Credential, int Repositories, double LooksPerHour, double RequestsPerHour, double MeanDelayS, double MaxDelayS, bool KeepsInterval, string Way, string Says)
{
    public static CredentialPlan Of(string credential, LookBudget budget, SentryConfig config)
    {
        var own = config.Repositories.Where(repository => repository.Provider == credential && repository.Enabled).ToList();
        var isFixed = config.Polling.Strategy == "fixed";
        var perSecond = isFixed ? Math.Min(budget.Needed, budget.Spent) : budget.Spent;
        var pinned = budget.Pinned / budget.PinStretch;
        var keeps = budget.KeepsInterval && (budget.PinStretch <= 1 || budget.Pinned <= 0);
        if (budget.Sweeps is { } sweeps)
        {
            var round = sweeps.Longest.TotalSeconds / Math.Max(1, sweeps.Share);
            return new CredentialPlan(credential, own.Count, (perSecond + pinned) * 3600, budget.RequestsPerHour, round / 2, sweeps.Longest.TotalSeconds, keeps, budget.WayName, budget.Explain(credential));
        }

        var looks = (perSecond + pinned) * 3600;
        var interval = perSecond > 0 ? budget.Repositories / perSecond : own.Max(repository => repository.PollingInterval!.Value.TotalSeconds) * budget.PinStretch;
        return new CredentialPlan(credential, own.Count, looks, budget.Way == LookWay.Single ? looks * own.Average(LookBudget.RequestsOf) : budget.RequestsPerHour, interval / 2, isFixed || budget.Repositories == 0 ? interval : Math.Max(interval, budget.Longest.TotalSeconds), keeps, budget.WayName, budget.Explain(credential));
    }
}

/// <param name="Policies">By name.</param>
/// <param name="BoundMeanS">The least mean delay of any policy for memoryless pushes at the measured rates.</param>
internal sealed record ReplayReport(IReadOnlyDictionary<string, ReplayFigures> Policies, double BoundMeanS, long BudgetPolls);

/// <summary>Seconds from a push to the look that saw it.</summary>
internal sealed record ReplayFigures(
    double MeanS,
    [property: JsonPropertyName("p50_s")] double P50S,
    [property: JsonPropertyName("p95_s")] double P95S,
    [property: JsonPropertyName("p99_s")] double P99S,
    double MaxGapS,
    long Polls)
{
    public static ReplayFigures Of(ReplayResult result) => new(result.Mean, result.P50, result.P95, result.P99, result.MaxGap, result.Polls);
}

[JsonSerializable(typeof(ReplayReport))]
[JsonSerializable(typeof(PlanReport))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
internal sealed partial class PlanJson : JsonSerializerContext;
