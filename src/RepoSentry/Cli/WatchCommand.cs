using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Threading.Channels;
using RepoSentry.Abstractions;
using RepoSentry.Cli.Client;
using RepoSentry.Configuration;
using RepoSentry.Hosting;
using RepoSentry.Storage;

namespace RepoSentry.Cli;

/// <summary>Watches without a configuration: prints each ref change as it is seen, or runs a command for it.</summary>
internal static class WatchCommand
{
    private static readonly (string Host, string Variable)[] KnownTokens = [("github.com", "GITHUB_TOKEN"), ("gitlab.com", "GITLAB_TOKEN")];

    private static readonly string[] AllTags = ["**"];

    public static Command Create()
    {
        var urls = new Argument<string[]>("url") { Description = "Repositories to watch", Arity = ArgumentArity.OneOrMore };
        var branches = new Option<string[]>("--branch") { Description = "Only branches that match this glob; may be given again", DefaultValueFactory = _ => ["**"] };
        var tags = new Option<bool>("--tags") { Description = "Tags too" };
        var interval = new Option<string>("--interval") { Description = "Time between looks, such as 500ms, 10s or 1m", DefaultValueFactory = _ => "10s" };
        var exec = new Option<string?>("--exec") { Description = "Command to run for each change; it finds the change in REPOSENTRY_* variables" };
        var output = new Option<string>("--output", "-o") { Description = "Form of the output: text or json", DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        var command = new Command("watch", "Watch repositories without any configuration") { urls, branches, tags, interval, exec, output };
        command.SetAction((result, token) => RunAsync(
            Describe(result.GetValue(urls)!, result.GetValue(branches)!, result.GetValue(tags), result.GetValue(interval)!),
            result.GetValue(exec),
            result.GetValue(output) == "json",
            token));
        return command;
    }

    private static async Task<int> RunAsync(string yaml, string? exec, bool json, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("reposentry-watch-").FullName;
        try
        {
            var loaded = ConfigLoader.LoadText(yaml, "watch");
            if (loaded.Config is null)
            {
                loaded.Errors.ToList().ForEach(error => Console.Error.WriteLine(error.Hint is null ? error.Message : $"{error.Message} ({error.Hint})"));
                return ExitCode.Usage;
            }

            var config = loaded.Config with
            {
                App = loaded.Config.App with { LogLevel = "fatal", ShutdownTimeout = TimeSpan.FromSeconds(2) },
                Storage = new StorageConfig { SqlitePath = Path.Combine(folder, "reposentry.db") },
            };
            await ShowAsync(config, exec, json, cancellationToken);
            return ExitCode.Ok;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task ShowAsync(SentryConfig config, string? exec, bool json, CancellationToken cancellationToken)
    {
        await using var app = SentryHost.Build(config);
        var notes = Channel.CreateUnbounded<LiveNote>();
        app.Services.GetRequiredService<LiveFeed>().Subscribe(note => notes.Writer.TryWrite(note));
        await app.StartAsync(cancellationToken);
        try
        {
            await foreach (var note in notes.Reader.ReadAllAsync(cancellationToken))
            {
                await ShowAsync(note, exec, json, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Ctrl-C is how it ends
        }

        await app.StopAsync(CancellationToken.None);
    }

    private static async Task ShowAsync(LiveNote note, string? exec, bool json, CancellationToken cancellationToken)
    {
        switch (note)
        {
            case LiveNote.Baseline baseline:
                await Console.Error.WriteLineAsync($"watching {baseline.Repository}: {baseline.Refs} refs");
                break;
            case LiveNote.LookFailed failed:
                await Console.Error.WriteLineAsync(Printer.Safe($"{failed.Repository}: {failed.Error}"));
                break;
            case LiveNote.Changed { Event: var change }:
                Console.WriteLine(json ? Json(change) : Text(change));
                if (exec is not null)
                {
                    await ExecuteAsync(exec, change, cancellationToken);
                }

                break;
            default:
                break;
        }
    }

    // What strangers chose (a ref's name) goes into variables, never into the text of the command.
    private static async Task ExecuteAsync(string command, ChangeEvent change, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", command]) { UseShellExecute = false };
        start.Environment["REPOSENTRY_EVENT_ID"] = change.Id.ToString();
        start.Environment["REPOSENTRY_EVENT_TYPE"] = change.Change.Type.Name();
        start.Environment["REPOSENTRY_REPOSITORY"] = change.Repository.Name;
        start.Environment["REPOSENTRY_URL"] = change.Repository.Url.AbsoluteUri;
        start.Environment["REPOSENTRY_REF"] = RefName.ToText(change.Change.Ref);
        start.Environment["REPOSENTRY_BEFORE"] = change.Change.Before ?? "";
        start.Environment["REPOSENTRY_AFTER"] = change.Change.After ?? "";
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            await Console.Error.WriteLineAsync($"the command ended with {process.ExitCode} for {change.Repository.Name} {Printer.Safe(change.Change.Ref)}");
        }
    }

    private static string Text(ChangeEvent change) => Printer.Safe(string.Create(
        CultureInfo.InvariantCulture,
        $"{change.DetectedAt:yyyy-MM-ddTHH:mm:ssZ} {change.Repository.Name} {change.Change.Type.Name()} {change.Change.Ref} {Short(change.Change.Before)} -> {Short(change.Change.After)}"));

    private static string Json(ChangeEvent change) => JsonSerializer.Serialize(new
    {
        id = change.Id,
        type = change.Change.Type.Name(),
        repository = change.Repository.Name,
        url = change.Repository.Url,
        @ref = change.Change.Ref,
        before = change.Change.Before,
        after = change.Change.After,
        detected_at = change.DetectedAt,
    });

    private static string Short(string? commit) => commit is null ? "-" : commit[..Math.Min(12, commit.Length)];

    // JSON is YAML: the loader that every configuration goes through resolves forges and checks the values.
    private static string Describe(string[] urls, string[] branches, bool tags, string interval)
    {
        var providers = KnownTokens.Where(known => Environment.GetEnvironmentVariable(known.Variable) is { Length: > 0 })
            .Select(known => new { name = known.Host, type = known.Host.Split('.')[0], token = "env:" + known.Variable });
        return JsonSerializer.Serialize(new
        {
            api = new { listen = "127.0.0.1:0" },
            polling = new { strategy = "fixed", interval, min_interval = "1s" },
            providers,
            repositories = Names(urls).Select(pair => new { name = pair.Name, url = pair.Url, branches, tags = tags ? AllTags : [] }),
        });
    }

    private static IEnumerable<(string Name, string Url)> Names(string[] urls)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var url in urls.Distinct(StringComparer.Ordinal))
        {
            var last = url.TrimEnd('/').Split('/', ':')[^1];
            var plain = new string([.. (last.EndsWith(".git", StringComparison.Ordinal) ? last[..^4] : last).Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-')]);
            var name = plain.Length == 0 ? "repository" : plain;
            for (var number = 2; !taken.Add(name); number++)
            {
                name = string.Create(CultureInfo.InvariantCulture, $"{plain}-{number}");
            }

            yield return (name, url);
        }
    }
}
