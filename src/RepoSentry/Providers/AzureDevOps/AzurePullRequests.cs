using System.Globalization;
using System.Text.RegularExpressions;
using RepoSentry.Abstractions;

namespace RepoSentry.Providers.AzureDevOps;

/// <summary>Pull requests as Azure DevOps tells of them. Its pages are counted by what stands before them, and a list cuts texts off.</summary>
internal static partial class AzurePullRequests
{
    /// <summary>Those that are open.</summary>
    public static string Query(string version) => $"?searchCriteria.status=active&$top={RefPages.PageSize}&{version}";

    public static string Path(long number, string version) => string.Create(CultureInfo.InvariantCulture, $"/pullrequests/{number}?{version}");

    /// <summary>Query of the page after this one; null after the last.</summary>
    public static string? Next(ForgeAnswer answer, int count, string first)
    {
        var skipped = Skipped.Match(answer.At.Query) is { Success: true } match ? int.Parse(match.Groups["count"].ValueSpan, CultureInfo.InvariantCulture) : 0;
        return count < RefPages.PageSize ? null : string.Create(CultureInfo.InvariantCulture, $"{first}&$skip={skipped + count}");
    }

    /// <summary>Null for one whose commits are not there yet.</summary>
    public static PullRequestInfo? Read(AzurePullRequest? told, ForgeAnswer answer)
    {
        if (told is not { PullRequestId: { } number })
        {
            throw answer.MalformedPull(null);
        }

        if (told.LastMergeSourceCommit?.CommitId is not { } sha)
        {
            return null;
        }

        return new PullRequestInfo
        {
            Number = number,
            ForgeId = number.ToString(CultureInfo.InvariantCulture),
            State = told.Status switch { "completed" => PullRequestState.Merged, "abandoned" => PullRequestState.Closed, _ => PullRequestState.Open },
            Title = told.Title,
            Body = told.Description ?? "",
            Url = told.Repository?.WebUrl is { } page ? string.Create(CultureInfo.InvariantCulture, $"{page}/pullrequest/{number}") : null,
            Draft = told.IsDraft,
            Author = told.CreatedBy is { } author ? new PersonInfo(author.DisplayName, author.UniqueName?.Contains('@', StringComparison.Ordinal) == true ? author.UniqueName : null, author.UniqueName) : null,
            HeadBranch = Branch(told.SourceRefName),
            HeadSha = ForgeHttp.CommitId(sha) ?? throw answer.MalformedPull(number),
            HeadRepository = told.ForkSource?.Repository is { Project.Name: { } project, Name: { } name } ? $"{project}/{name}" : null,
            HeadCloneUrl = told.ForkSource?.Repository?.WebUrl,
            Fork = told.ForkSource is not null,
            BaseBranch = Branch(told.TargetRefName),
            BaseSha = told.LastMergeTargetCommit?.CommitId,
            Labels = [.. (told.Labels ?? []).Where(label => label is { Active: not false }).Select(label => label!.Name).OfType<string>()],
            CreatedAt = told.CreationDate,
            ClosedAt = told.ClosedDate,
            MergeSha = told.Status == "completed" ? told.LastMergeCommit?.CommitId : null,
        };
    }

    private static string Branch(string? name) => name?.StartsWith(GitRef.BranchPrefix, StringComparison.Ordinal) == true ? name[GitRef.BranchPrefix.Length..] : "";

    [GeneratedRegex(@"\$skip=(?<count>\d{1,9})", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Skipped { get; }
}
