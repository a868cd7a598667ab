using RepoSentry.Abstractions;
using RepoSentry.Network;
using RepoSentry.Providers.PlainGit;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Providers.PlainGit;

internal static class Looks
{
    public static PlainGitRefSource Source(PlainGitOptions? options = null, string caFile = "", int connectSeconds = 60) =>
        new(options ?? new PlainGitOptions { Provider = "forge", AllowFile = true },
            OutboundHttp.CreateClient(new OutboundOptions { CaFile = caFile, ConnectTimeout = TimeSpan.FromSeconds(connectSeconds) }),
            TimeProvider.System);

    public static RefLookRequest At(Uri url, string? branches = null, string? tags = null) =>
        new(url, [new KindRequest(RefKind.Branch, [], branches), new KindRequest(RefKind.Tag, [], tags)]);

    public static RefSnapshot? Of(this RefLook look, RefKind kind) => look.Kinds.Single(answer => answer.Kind == kind).Snapshot;

    public static async Task<RefSourceException> FailureOf(this IRefSource source, Uri url) =>
        await Should.ThrowAsync<RefSourceException>(() => source.LookAsync(At(url), TestContext.Current.CancellationToken));

    /// <summary>The look in the words of <c>git ls-remote</c>, in bytewise order.</summary>
    public static string[] Lines(RefLook look) =>
    [
        .. look.Kinds.SelectMany(kind => kind.Snapshot!.Refs)
            .SelectMany(item => item.TagObjectId is null
                ? (string[])[$"{item.CommitId}\t{Raw(item.Name)}"]
                : [$"{item.TagObjectId}\t{Raw(item.Name)}", $"{item.CommitId}\t{Raw(item.Name)}^{{}}"])
            .Order(StringComparer.Ordinal),
    ];

    public static string[] GitLines(string remote) =>
        [.. TestGit.Run(Path.GetTempPath(), "ls-remote", "--heads", "--tags", "--", remote).Split('\n').Order(StringComparer.Ordinal)];

    /// <summary>The same without tag objects: each tag with its commit alone.</summary>
    public static string[] PeeledGitLines(string remote)
    {
        var lines = GitLines(remote);
        var peeled = lines.Where(line => line.EndsWith("^{}", StringComparison.Ordinal)).Select(line => line[..^3]).ToList();
        var names = peeled.Select(line => line.Split('\t')[1]).ToHashSet(StringComparer.Ordinal);
        return [.. lines.Where(line => !line.EndsWith("^{}", StringComparison.Ordinal) && !names.Contains(line.Split('\t')[1])).Concat(peeled).Order(StringComparer.Ordinal)];
    }

    private static string Raw(string name) => System.Text.Encoding.UTF8.GetString(RefName.ToBytes(name));
}
