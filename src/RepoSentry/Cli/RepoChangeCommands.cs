using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using RepoSentry.Cli.Client;
using RepoSentry.Cli.Completion;

namespace RepoSentry.Cli;

/// <summary>What changes repositories while the service runs.</summary>
internal static class RepoChangeCommands
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(200);

    public static IEnumerable<Command> All(Argument<string> name) => [Add(), Remove(name), Pause(name), Resume(name), Poll(name)];

    private static Command Add()
    {
        var url = new Argument<string>("url") { Description = "URL of the repository" };
        var name = new Option<string?>("--name") { Description = "Its name here (default: the last part of the URL)" };
        var branches = new Option<string[]>("--branch") { Description = "Globs of branches to watch (default: all); may be repeated", AllowMultipleArgumentsPerToken = false };
        var tags = new Option<string[]>("--tag") { Description = "Globs of tags to watch (default: none); may be repeated" };
        var triggers = new Option<string[]>("--trigger") { Description = "Triggers to fire (default: all); may be repeated" }.Names("triggers");
        var provider = new Option<string?>("--provider") { Description = "Provider of the configuration whose credential is used (default: the first that matches the URL)" };
        var secret = new Option<string?>("--token-file") { Description = "File with a token of its own (- reads standard input), kept sealed by security.master_key (default: none)" };
        var interval = new Option<string?>("--interval") { Description = "Its own polling interval, such as 30s (default: polling.interval)" };
        var wait = new Option<bool>("--wait") { Description = "Wait for its first complete look" };
        var limit = Timeout();
        return new Command("add", "Watch another repository") { url, name, branches, tags, triggers, provider, secret, interval, wait, limit }.Orders(async (result, client, printer, token) =>
        {
            var called = result.GetValue(name) ?? LastPart(result.GetValue(url)!);
            var made = await client.PostAsync(
                "/api/v1/repositories",
                [
                    ("name", called),
                    ("url", result.GetValue(url)),
                    ("provider", result.GetValue(provider)),
                    ("token", result.GetValue(secret) is { } file ? await ReadTokenAsync(file, token) : null),
                    ("branches", Given(result.GetValue(branches))),
                    ("tags", Given(result.GetValue(tags))),
                    ("triggers", Given(result.GetValue(triggers))),
                    ("polling_interval", result.GetValue(interval)),
                ],
                token);
            if (result.GetValue(wait))
            {
                made = await UntilAsync(client, called, item => item.Text("status") is not "pending", result.GetValue(limit), token);
            }

            printer.One(made, called, ("Name", called), ("URL", made.Text("url")), ("Status", made.Text("status")), ("Branches", made.Text("branch_count")), ("Error", made.Text("error")));
            if (made.Text("status") is "error" or "gone")
            {
                throw new ClientException(ExitCode.Failed, $"{called} is watched, but its first look failed: {Printer.Safe(made.Text("error"))}");
            }
        });
    }

    private static async Task<string> ReadTokenAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            return (file == "-" ? await Console.In.ReadToEndAsync(cancellationToken) : await File.ReadAllTextAsync(file, cancellationToken)).Trim();
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new ClientException(ExitCode.Failed, $"--token-file {file} cannot be read: {unreadable.Message}");
        }
    }

    private static Command Remove(Argument<string> name) => new Command("remove", "Watch it no more; its history stays until retention") { name }.Orders(async (result, client, printer, token) =>
    {
        await client.DeleteAsync(RepoCommand.Path(result.GetValue(name)!), token);
        await TellAsync(client, printer, result.GetValue(name)!, "is watched no more", token);
    });

    private static Command Pause(Argument<string> name) => new Command("pause", "Look no more until it is resumed") { name }.Orders(async (result, client, printer, token) =>
    {
        await client.PostAsync(RepoCommand.Path(result.GetValue(name)!) + "/pause", token);
        await TellAsync(client, printer, result.GetValue(name)!, "is paused", token);
    });

    private static Command Resume(Argument<string> name) => new Command("resume", "Look again, at once") { name }.Orders(async (result, client, printer, token) =>
    {
        await client.PostAsync(RepoCommand.Path(result.GetValue(name)!) + "/resume", token);
        await TellAsync(client, printer, result.GetValue(name)!, "is looked at again", token);
    });

    private static async Task TellAsync(ApiClient client, Printer printer, string name, string words, CancellationToken cancellationToken) =>
        printer.Ordered(printer.IsData ? await client.GetAsync(RepoCommand.Path(name), cancellationToken) : default, name, $"{name} {words}");

    private static Command Poll(Argument<string> name)
    {
        var wait = new Option<bool>("--wait") { Description = "Wait for the look, and for the deliveries of what it finds" };
        var limit = Timeout();
        return new Command("poll", "Look at it now") { name, wait, limit }.Orders(async (result, client, printer, token) =>
        {
            var called = result.GetValue(name)!;
            var before = await client.GetAsync(RepoCommand.Path(called), token);
            var newest = (await client.ListAsync("/api/v1/events", [("repository", called)], 1, token)).Select(item => item.Text("id")).FirstOrDefault();
            await client.PostAsync(RepoCommand.Path(called) + "/poll", token);
            if (!result.GetValue(wait))
            {
                await TellAsync(client, printer, called, "is looked at now", token);
                return;
            }

            var polls = before.Text("last_checked");
            var after = await UntilAsync(client, called, item => item.Text("last_checked") != polls || (item.Text("status") == "error" && item.Text("error").Length > 0), result.GetValue(limit), token);
            if (after.Text("last_checked") == polls)
            {
                throw new ClientException(ExitCode.Failed, $"the look failed: {Printer.Safe(after.Text("error"))}");
            }

            await ShowAsync(client, called, newest, result.GetValue(limit), printer, token);
        });
    }

    private static async Task ShowAsync(ApiClient client, string repository, string? newest, int seconds, Printer printer, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        List<JsonElement> found;
        do
        {
            found = [.. (await client.ListAsync("/api/v1/events", [("repository", repository)], 100, cancellationToken)).TakeWhile(item => item.Text("id") != newest)];
            if (found.TrueForAll(item => item.Text("status") != "pending"))
            {
                break;
            }

            await Task.Delay(Every, cancellationToken);
        }
        while (!limit.IsCancellationRequested);

        if (found.Count == 0)
        {
            var now = await client.GetAsync(RepoCommand.Path(repository), cancellationToken);
            await Console.Error.WriteLineAsync(now.Text("status") == "held" ? $"{repository}: {Printer.Safe(now.Text("error"))}" : $"{repository}: nothing has changed since the last look (`repo explain {repository}` tells what it saw)");
        }

        EventCommand.List(found, printer);
        if (found.Exists(item => item.Text("status") == "pending"))
        {
            throw new ClientException(ExitCode.TimedOut, $"not every event was delivered within {seconds} s: `event show ID` tells why");
        }

        if (found.Exists(item => item.Text("status") == "failed"))
        {
            throw new ClientException(ExitCode.Failed, "an event failed: `event show ID` tells why");
        }
    }

    private static async Task<JsonElement> UntilAsync(ApiClient client, string name, Func<JsonElement, bool> holds, int seconds, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        while (true)
        {
            var item = await client.GetAsync(RepoCommand.Path(name), cancellationToken);
            if (holds(item))
            {
                return item;
            }

            if (limit.IsCancellationRequested)
            {
                throw new ClientException(ExitCode.TimedOut, $"{name} was not looked at within {seconds} s: `repo show {name}` tells how it stands");
            }

            await Task.Delay(Every, cancellationToken);
        }
    }

    private static Option<int> Timeout()
    {
        var limit = new Option<int>("--timeout") { Description = "Seconds to wait at most", DefaultValueFactory = _ => 120 };
        limit.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && int.TryParse(text, CultureInfo.InvariantCulture, out var seconds) && seconds is < 1 or > 86_400)
            {
                result.AddError("--timeout takes 1 to 86400 seconds");
            }
        });
        return limit;
    }

    private static string[]? Given(string[]? values) => values is { Length: > 0 } ? values : null;

    private static string LastPart(string url)
    {
        var part = url.TrimEnd('/').Split('/', ':')[^1];
        return part.EndsWith(".git", StringComparison.Ordinal) ? part[..^4] : part;
    }
}
