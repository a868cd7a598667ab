using System.CommandLine;
using System.CommandLine.Completions;
using RepoSentry.Cli.Client;

namespace RepoSentry.Cli.Completion;

/// <summary>What may stand in the place of a word: names that a running service knows, files of this machine.</summary>
internal static class Completions
{
    private const int MostNames = 500;

    // Whoever presses Tab does not wait for a service that is not there.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(300);

    public static Argument<T> Names<T>(this Argument<T> argument, string list)
    {
        argument.HelpName ??= argument.Name; // --help would ask for the words otherwise
        argument.CompletionSources.Add(context => Ask(context, list));
        return argument;
    }

    public static Option<T> Names<T>(this Option<T> option, string list)
    {
        option.HelpName ??= "NAME"; // --help would ask for the words otherwise
        option.CompletionSources.Add(context => Ask(context, list));
        return option;
    }

    /// <summary>Nothing but these values, which are offered too.</summary>
    public static Option<T> OneOf<T>(this Option<T> option, params string[] values)
    {
        option.AcceptOnlyFromAmong(values);
        return option;
    }

    public static Argument<T> Files<T>(this Argument<T> argument)
    {
        argument.HelpName ??= "FILE"; // --help would ask for the words otherwise
        argument.CompletionSources.Add(Entries);
        return argument;
    }

    public static Option<T> Files<T>(this Option<T> option)
    {
        option.HelpName ??= "FILE"; // --help would ask for the words otherwise
        option.CompletionSources.Add(Entries);
        return option;
    }

    private static IEnumerable<CompletionItem> Ask(CompletionContext context, string list)
    {
        using var end = new CancellationTokenSource(Patience);
        try
        {
            if (!ClientOptions.TryServer(context.ParseResult, out var server))
            {
                return [];
            }

            var asked = Task.Run(() => NamesAsync(server, list, end.Token), end.Token);
            return asked.Wait(Patience) ? asked.Result.Where(name => name.StartsWith(context.WordToComplete, StringComparison.Ordinal)).Select(name => new CompletionItem(name)) : [];
        }
        catch (Exception e) when (e is AggregateException or ClientException or OperationCanceledException or InvalidOperationException)
        {
            return [];
        }
    }

    private static async Task<IReadOnlyList<string>> NamesAsync(Uri server, string list, CancellationToken cancellationToken)
    {
        using var client = new ApiClient(server);
        return [.. (await client.ListAsync("/api/v1/" + list, [], MostNames, cancellationToken)).Select(item => item.Text("name")).Where(name => !name.Any(char.IsControl))];
    }

    private static IEnumerable<CompletionItem> Entries(CompletionContext context)
    {
        var typed = context.WordToComplete;
        var folder = typed[..(typed.LastIndexOf('/') + 1)];
        try
        {
            return [.. new DirectoryInfo(folder.Length == 0 ? "." : folder).EnumerateFileSystemInfos(typed[folder.Length..].Replace("*", "", StringComparison.Ordinal) + "*")
                .Where(entry => typed.Length > folder.Length || !entry.Name.StartsWith('.'))
                .OrderBy(entry => entry.Name, StringComparer.Ordinal).Take(MostNames)
                .Select(entry => new CompletionItem(folder + entry.Name + (entry is DirectoryInfo ? "/" : "")))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
