using System.CommandLine;
using RepoSentry.Abstractions;
using RepoSentry.Cli.Completion;
using RepoSentry.Configuration;
using RepoSentry.Polling;
using RepoSentry.Storage;
using RepoSentry.Storage.Sqlite;

namespace RepoSentry.Cli;

/// <summary>From the Go original: its configuration in our words, and the heads that it knew as our first snapshots. What is the original's is only read.</summary>
internal static class MigrateCommand
{
    public static Command Create()
    {
        var from = new Option<string>("--from-go") { Description = "Configuration of the Go original", HelpName = "CONFIG", Required = true }.Files();
        var database = new Option<string?>("--database") { Description = "SQLite file of the Go original (default: the one its configuration names, if it is there)", HelpName = "FILE" }.Files();
        var output = new Option<string?>("--output", "-o") { Description = "Configuration to write, - for standard output (default: reposentry.yaml beside the original)", HelpName = "FILE" }.Files();
        var force = new Option<bool>("--force") { Description = "Write over an existing configuration" };
        var replace = new Option<bool>("--replace") { Description = "Put the original's heads in the place of snapshots that are there already" };
        var command = new Command("migrate", "Take over the Go original's configuration and heads: equal heads are silent, moved heads fire, refs it never knew are a baseline") { from, database, output, force, replace };
        command.SetAction(async (result, token) =>
        {
            try
            {
                var file = result.GetValue(output) ?? Path.Combine(Path.GetDirectoryName(result.GetValue(from)!) ?? "", "reposentry.yaml");
                return await RunAsync(result.GetValue(from)!, result.GetValue(database), file, result.GetValue(force), result.GetValue(replace), token);
            }
            catch (Exception e) when (DatabaseFile.Explains(e))
            {
                var (code, words) = DatabaseFile.Explain(e);
                await Console.Error.WriteLineAsync(words);
                return code;
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(string from, string? database, string output, bool force, bool replace, CancellationToken cancellationToken)
    {
        var conversion = GoConversion.Of(from);
        if (conversion.Text is null || Read(conversion, output == "-" ? from : output) is not { } config)
        {
            conversion.Problems.Errors.ToList().ForEach(error => Console.Error.WriteLine(error.ToString()));
            return ExitCode.Failed;
        }

        if (Path.GetFullPath(output) == Path.GetFullPath(from))
        {
            await Console.Error.WriteLineAsync($"{output} is the original, which is never written: choose another file with -o");
            return ExitCode.Usage;
        }

        var isWritten = output != "-" && File.Exists(output) && await File.ReadAllTextAsync(output, cancellationToken) == conversion.Text;
        if (output != "-" && File.Exists(output) && !force && !isWritten)
        {
            await Console.Error.WriteLineAsync($"{output} exists and says something else: name another file with -o, or --force to write over it");
            return ExitCode.Conflict;
        }

        await TakeHeadsAsync(config, database, replace, cancellationToken);
        await WriteAsync(conversion, output, isWritten, cancellationToken);
        return ExitCode.Ok;
    }

    private static SentryConfig? Read(GoConversion conversion, string output)
    {
        var options = new LoadOptions();
        var loaded = ConfigLoader.LoadText(conversion.Text!, output, options with { Environment = options.Environment.Concat(conversion.Moved).DistinctBy(pair => pair.Key).ToDictionary() });
        loaded.Errors.ToList().ForEach(error => Console.Error.WriteLine($"as it would be written: {error}"));
        return loaded.Config;
    }

    private static async Task TakeHeadsAsync(SentryConfig config, string? database, bool replace, CancellationToken cancellationToken)
    {
        var configured = Path.GetFullPath(config.Storage.SqlitePath);
        if (database is null && SqliteStorage.Choose(configured) == configured)
        {
            await Console.Error.WriteLineAsync($"no database of the Go original at {configured}: the first looks are a silent baseline (--database names one elsewhere)");
            return;
        }

        var heads = GoDatabase.ReadHeads(database is null ? configured : Path.GetFullPath(database)).ToLookup(head => head.Repository, StringComparer.Ordinal);
        var seeds = config.Repositories.Where(repository => heads[repository.Name].Any()).Select(repository => SeedOf(repository, heads[repository.Name])).ToList();
        var target = SqliteStorage.Choose(configured);
        await using var opened = OperatorDatabase.Open(target, create: true, TimeProvider.System.GetUtcNow());
        if (opened.IsShared)
        {
            throw new StorageException($"{target} is used by {PollerLock.Holder(target)}: stop it first") { Trouble = StorageTrouble.InUse };
        }

        var written = await new SeedStore(opened.Database, TimeProvider.System).SeedAsync(seeds, replace, cancellationToken);
        var unknown = heads.Select(group => group.Key).Except(config.Repositories.Select(repository => repository.Name), StringComparer.Ordinal).ToList();
        await Console.Error.WriteLineAsync($"{target}: heads of {written.Count} repositories taken over, {seeds.Count - written.Count} had them already, {config.Repositories.Count - seeds.Count} begin with a silent baseline");
        if (unknown.Count > 0)
        {
            await Console.Error.WriteLineAsync($"not in the configuration, and left out: {string.Join(", ", unknown)}");
        }
    }

    // The filter says which refs the original knew: only of those can it be told that they moved.
    private static Seed SeedOf(RepositoryConfig repository, IEnumerable<GoHead> heads)
    {
        var known = heads.DistinctBy(head => head.Ref).OrderBy(head => head.Ref, StringComparer.Ordinal).ToList();
        List<GitRef> refs = [.. known.Select(head => new GitRef(head.Ref, head.CommitId, null))];
        var filter = RefFilter.Exactly(refs.Select(item => item.Name));
        return new Seed(repository, new KindCommit(new RefSnapshot(RefKind.Branch, refs), RefDigest.Of(refs), filter.Text, null), known.Max(head => head.At));
    }

    private static async Task WriteAsync(GoConversion conversion, string output, bool isWritten, CancellationToken cancellationToken)
    {
        if (output == "-")
        {
            await Console.Out.WriteAsync(conversion.Text);
        }
        else if (!isWritten)
        {
            await File.WriteAllTextAsync(output, conversion.Text, cancellationToken);
        }

        foreach (var (variable, place) in conversion.Asked)
        {
            await Console.Error.WriteLineAsync($"{place}: a secret stands here in plain text; set {variable} to it where the service starts");
        }

        if (output != "-")
        {
            await Console.Error.WriteLineAsync($"{output} is written; look through it, then: reposentry run -c {output}");
        }
    }
}
