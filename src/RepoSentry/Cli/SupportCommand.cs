using System.CommandLine;
using System.Globalization;
using RepoSentry.Cli.Client;
using RepoSentry.Cli.Completion;
using RepoSentry.Cli.Support;

namespace RepoSentry.Cli;

/// <summary>What somebody needs who is asked for help: of the service, and of this machine. No secret is in it.</summary>
internal static class SupportCommand
{
    public static Command Create()
    {
        var file = ConfigFile.Option();
        var output = new Option<string?>("--output", "-o") { Description = "Archive to write (default: reposentry-support-TIME.tar.gz here)", HelpName = "FILE.tar.gz" }.Files();
        var dump = new Command("dump", "Put what is needed for an inquiry into one archive, without secrets") { output, file, ClientOptions.Server };
        dump.SetAction(async (result, token) =>
        {
            if (!ClientOptions.TryServer(result, out var server))
            {
                await Console.Error.WriteLineAsync($"--server {result.GetValue(ClientOptions.Server)} is no http(s) address");
                return ExitCode.Usage;
            }

            var path = result.GetValue(output) ?? string.Create(CultureInfo.InvariantCulture, $"reposentry-support-{TimeProvider.System.GetUtcNow():yyyyMMdd-HHmmss}.tar.gz");
            try
            {
                return await DumpAsync(path, result.GetValue(file), server, token);
            }
            catch (ClientException e)
            {
                await Console.Error.WriteLineAsync(e.Message);
                return e.ExitCode;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                await Console.Error.WriteLineAsync($"{path} cannot be written: {e.Message} Name another file with -o");
                return File.Exists(path) ? ExitCode.Conflict : ExitCode.Failed;
            }
        });
        return new Command("support", "What is needed when you ask for help") { dump };
    }

    private static async Task<int> DumpAsync(string path, string? config, Uri server, CancellationToken cancellationToken)
    {
        await using var target = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
        var dump = new SupportDump();
        LocalParts.Add(dump, config);
        using (var client = new ApiClient(server))
        {
            await new ServiceParts(client, dump).AddAsync(cancellationToken);
        }

        await dump.WriteAsync(target, TimeProvider.System.GetUtcNow(), cancellationToken);
        foreach (var missing in dump.Missing)
        {
            await Console.Error.WriteLineAsync($"not in it: {missing}");
        }

        await Console.Error.WriteLineAsync($"{dump.Count} files, none with a secret; its README tells what each of them is. Names of repositories and branches are in it: look through it before you give it away");
        Console.WriteLine(path);
        return ExitCode.Ok;
    }
}
