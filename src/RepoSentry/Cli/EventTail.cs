using System.CommandLine;
using System.Text.Json;
using RepoSentry.Cli.Client;

namespace RepoSentry.Cli;

/// <summary>Prints events as they come, and goes on by itself where the connection ended.</summary>
internal static class EventTail
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    public static Command Create(Option<string?> repository, Option<string?> gitRef, Option<string?> type, Option<string?> status, Option<string?> since) =>
        new Command("tail", "Events as they come, and what becomes of them; -o text or json, one line each") { repository, gitRef, type, status, since }.Orders((result, client, printer, token) => TailAsync(
            [("repository", result.GetValue(repository)), ("ref", result.GetValue(gitRef)), ("type", result.GetValue(type)), ("status", result.GetValue(status)), ("since", Spans.ToTime(result.GetValue(since)))],
            client,
            printer,
            token));

    private static async Task TailAsync((string Name, string? Value)[] filter, ApiClient client, Printer printer, CancellationToken cancellationToken)
    {
        var path = "/api/v1/events/stream?" + string.Join('&', filter.Where(field => field.Value is not null).Select(field => $"{field.Name}={Uri.EscapeDataString(field.Value!)}"));
        var (last, connected, pause) = ((string?)null, false, FirstPause);
        while (true)
        {
            try
            {
                await foreach (var message in client.FollowAsync(path, last, cancellationToken))
                {
                    (connected, pause) = (true, FirstPause);
                    last = message.Id ?? last;
                    Show(message, printer);
                }

                connected = true;
            }
            catch (Exception e) when (e is HttpRequestException or IOException or TimeoutException or ClientException { ExitCode: ExitCode.Unhealthy })
            {
                if (!connected)
                {
                    throw e as ClientException ?? new ClientException(ExitCode.Unreachable, $"the service cannot be reached: {e.Message} (--server, REPOSENTRY_SERVER)");
                }

                await Console.Error.WriteLineAsync($"the stream ended ({Printer.Safe(e.Message)}): trying again in {pause.TotalSeconds:0} s");
            }

            await Task.Delay(pause, cancellationToken);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private static void Show(StreamMessage message, Printer printer)
    {
        if (message.Type is not ("event" or "status"))
        {
            return;
        }

        using var document = JsonDocument.Parse(message.Data);
        var item = document.RootElement;
        if (message.Type == "event")
        {
            printer.Next(item, item.Text("id"), $"{item.Text("created_at")}  {item.Text("repository")}  {item.Text("type")} {item.Moved()} {item.Sha("before")}..{item.Sha("commit_sha")}  {item.Text("status")}  {item.Text("id")}");
        }
        else if (item.Text("status") != "pending")
        {
            printer.Next(item, item.Text("event_id"), $"{item.Text("processed_at")}  {item.Text("repository")}  {item.Text("status")}  {item.Text("event_id")}  {item.Text("error_message")}".TrimEnd());
        }
    }
}
