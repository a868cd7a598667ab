using System.Globalization;
using System.Text;
using RepoSentry.Abstractions;
using RepoSentry.Network;

namespace RepoSentry.Providers.PlainGit;

/// <summary>
/// Tells of commits without a forge's interface: fetches them without the contents of their files, and not all of the past, then asks git. Only ids reach its
/// arguments, never a name that a stranger chose, and what reads the commits may speak to nobody.
/// </summary>
internal sealed class GitHistory(PlainGitOptions options, OutboundOptions outbound, GitCache cache, TimeProvider time) : ICommitSource
{
    /// <summary>Commits of the past that are fetched.</summary>
    private const int Depth = 300;
    private const int MaxCommits = 250;
    private const int MaxFiles = 10_000;

    /// <summary>Of one answer of git.</summary>
    private const int MaxBytes = 16 * 1024 * 1024;

    private readonly GitCredential credential = new(options, time);

    public Task<CommitRange?> CompareAsync(Uri repositoryUrl, Uri? apiBaseUrl, string before, string after, CancellationToken cancellationToken) =>
        AskAsync(repositoryUrl, [after, before], RangeAsync, cancellationToken);

    public Task<IReadOnlyList<string>?> DifferenceAsync(Uri repositoryUrl, Uri? apiBaseUrl, string before, string after, CancellationToken cancellationToken) =>
        AskAsync(repositoryUrl, [after, before], asked => asked.DifferenceAsync(), cancellationToken);

    public Task<CommitInfo?> CommitAsync(Uri repositoryUrl, Uri? apiBaseUrl, string commitId, CancellationToken cancellationToken) =>
        AskAsync(repositoryUrl, [commitId], async asked => (await asked.LogAsync("--max-count=1", commitId)) is [var commit] ? commit : null, cancellationToken);

    public Task<IReadOnlyList<DateTimeOffset>> RecentAsync(Uri repositoryUrl, Uri? apiBaseUrl, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<DateTimeOffset>>([]);

    public RepositoryFacts? Known(Uri repositoryUrl, Uri? apiBaseUrl) => null;

    // Where the past was cut off, an ancestor may lie beyond: then at least as many commits as were fetched lie between.
    private static async Task<CommitRange?> RangeAsync(Question asked)
    {
        var (before, after) = (asked.Ids[1], asked.Ids[0]);
        var isAncestor = await asked.ExitOfAsync("merge-base", "--is-ancestor", before, after) == 0;
        var count = int.Parse(await asked.TextOfAsync("rev-list", "--count", after, "^" + before), CultureInfo.InvariantCulture);
        bool? forced = isAncestor ? false : count < Depth ? true : null;
        var commits = await asked.LogAsync($"--max-count={MaxCommits}", after, "^" + before);
        return commits is null ? null : new CommitRange(commits, forced is null ? null : count, forced) { Files = forced == false ? await asked.DifferenceAsync() : null };
    }

    private async Task<T?> AskAsync<T>(Uri url, string[] ids, Func<Question, Task<T?>> ask, CancellationToken cancellationToken)
        where T : class
    {
        GitRemote.ThrowUnlessAllowed(url, options);
        if (ids.Any(id => ForgeHttp.CommitId(id) != id || id.Length != ids[0].Length))
        {
            return null;
        }

        return await cache.UseAsync(options.Provider, url, ids[0].Length, async folder =>
        {
            var http = url.Scheme is "http" or "https" ? await GitHttpConfig.ForAsync(url, outbound, credential, cancellationToken) : null;
            using var workspace = GitWorkspace.Create(url, options, http);
            var asked = new Question(folder, url, ids, workspace, cancellationToken);
            try
            {
                return await asked.HasAllAsync() || await asked.FetchAsync() ? await ask(asked) : null;
            }
            finally
            {
                GitCache.DeleteIfBroken(folder);
            }
        }, cancellationToken);
    }

    /// <summary>Some commits of one remote, and git's answers about them.</summary>
    private sealed class Question(string folder, Uri url, string[] ids, GitWorkspace workspace, CancellationToken cancellationToken)
    {
        // Fields with a zero behind each; the message is the last of them, so nothing in it can look like the next one.
        private const string Format = "--format=format:%x01%H%x00%P%x00%an%x00%ae%x00%cn%x00%ce%x00%cI%x00%B%x00";
        private const int Fields = 8;

        public string[] Ids => ids;

        public async Task<bool> HasAllAsync() => Directory.Exists(folder) && await ExitOfAsync(["rev-list", "--no-walk", "--quiet", .. ids]) == 0;

        /// <returns>False where the server does not give one of them.</returns>
        public async Task<bool> FetchAsync()
        {
            if (!Directory.Exists(folder) && await RunAsync(["init", "--bare", "--quiet", "--template=", ids[0].Length == 64 ? "--object-format=sha256" : "--object-format=sha1", folder], null) != 0)
            {
                throw new RefSourceException(RefSourceError.Unavailable, "no repository for fetched commits can be made below app.data_dir");
            }

            // A server may give only what a ref points to: then what was before comes as a part of the past.
            return await FetchAsync(ids) == 0 ? await HasAllAsync() : ids.Length > 1 && await FetchAsync(ids[..1]) == 0 && await HasAllAsync();
        }

        /// <summary>Paths that differ between the second commit and the first; null where they are too many.</summary>
        public async Task<IReadOnlyList<string>?> DifferenceAsync()
        {
            var tokens = await TokensOfAsync("diff-tree", "-r", "-z", "--name-status", "--no-renames", ids[1], ids[0]);
            return tokens is null || tokens.Count / 2 > MaxFiles ? null : [.. tokens.Where((_, at) => at % 2 == 1)];
        }

        /// <summary>Oldest first; null where the answer is too long.</summary>
        public async Task<IReadOnlyList<CommitInfo>?> LogAsync(params string[] range)
        {
            var tokens = await TokensOfAsync(["log", "-z", Format, "--name-status", "--no-renames", "--diff-merges=first-parent", "--topo-order", "--reverse", .. range, "--"]);
            var roots = await CutAtAsync();
            return tokens is null ? null : Read(tokens, roots);
        }

        public Task<int> ExitOfAsync(params string[] arguments) => RunAsync(["--git-dir", folder, .. arguments], null);

        public async Task<string> TextOfAsync(params string[] arguments)
        {
            using var output = new MemoryStream();
            return await RunAsync(["--git-dir", folder, .. arguments], output) == 0
                ? Encoding.UTF8.GetString(output.ToArray()).Trim()
                : throw new RefSourceException(RefSourceError.Malformed, $"git cannot read what it fetched of {SafeText.Of(url)}");
        }

        // Commits whose parents were not fetched look like first ones.
        private async Task<HashSet<string>> CutAtAsync() =>
            File.Exists(Path.Combine(folder, "shallow")) ? [.. await File.ReadAllLinesAsync(Path.Combine(folder, "shallow"), cancellationToken)] : [];

        private Task<int> FetchAsync(string[] wanted) => RunAsync(
            [
                "--git-dir", folder, "-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "transfer.bundleURI=false",
                "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", $"--depth={Depth}", "--filter=blob:none", "--",
                url.GetComponents(UriComponents.SchemeAndServer | UriComponents.UserInfo | UriComponents.Path, UriFormat.UriEscaped), .. wanted.Select((id, at) => $"+{id}:refs/kept/{at}"),
            ],
            null,
            mayDial: true);

        private async Task<List<string>?> TokensOfAsync(params string[] arguments)
        {
            using var output = new MemoryStream();
            if (await RunAsync(["--git-dir", folder, .. arguments], output) != 0)
            {
                throw new RefSourceException(RefSourceError.Malformed, $"git cannot read what it fetched of {SafeText.Of(url)}");
            }

            return output.Length > MaxBytes ? null : [.. Encoding.UTF8.GetString(output.GetBuffer(), 0, (int)output.Length).Split('\0', StringSplitOptions.None)[..^1]];
        }

        private async Task<int> RunAsync(string[] arguments, MemoryStream? output, bool mayDial = false)
        {
            var protocols = workspace.Environment["GIT_ALLOW_PROTOCOL"];
            workspace.Environment["GIT_ALLOW_PROTOCOL"] = mayDial ? protocols : "none"; // what reads may fetch nothing by itself
            try
            {
                using var child = GitProcess.Start(workspace, arguments, cancellationToken);
                var buffer = new byte[16 * 1024];
                while (await child.Output.ReadAsync(buffer, cancellationToken) is var count and > 0)
                {
                    if (output?.Length <= MaxBytes)
                    {
                        output.Write(buffer, 0, count);
                    }
                }

                return await child.EndAsync();
            }
            finally
            {
                workspace.Environment["GIT_ALLOW_PROTOCOL"] = protocols;
            }
        }

        private static List<CommitInfo> Read(List<string> tokens, HashSet<string> cutAt)
        {
            var commits = new List<CommitInfo>();
            var at = 0;
            while (at + Fields <= tokens.Count)
            {
                var field = tokens.GetRange(at, Fields);
                at += Fields;
                var files = new List<(char Status, string Path)>();
                while (at < tokens.Count && !tokens[at].StartsWith('\u0001'))
                {
                    if (tokens[at].Trim('\n') is [var status] && at + 1 < tokens.Count)
                    {
                        files.Add((status, tokens[at + 1]));
                        at++;
                    }

                    at++;
                }

                var id = field[0].TrimStart('\u0001', '\n');
                commits.Add(Commit(id, field, cutAt.Contains(id) ? null : files));
            }

            return commits;
        }

        private static CommitInfo Commit(string id, List<string> field, List<(char Status, string Path)>? files) => new()
        {
            Id = id,
            Parents = files is null ? null : field[1].Split(' ', StringSplitOptions.RemoveEmptyEntries),
            Author = new PersonInfo(field[2], field[3]),
            Committer = new PersonInfo(field[4], field[5]),
            Timestamp = DateTimeOffset.TryParse(field[6], CultureInfo.InvariantCulture, out var committed) ? committed : null,
            Message = field[7].TrimEnd('\n'),
            Added = Paths(files, 'A'),
            Modified = files is null ? null : [.. files.Where(file => file.Status is not ('A' or 'D')).Select(file => file.Path)],
            Removed = Paths(files, 'D'),
        };

        private static string[]? Paths(List<(char Status, string Path)>? files, char status) => files is null ? null : [.. files.Where(file => file.Status == status).Select(file => file.Path)];
    }
}
