using System.Globalization;
using RepoSentry.Abstractions;

namespace RepoSentry.Delivery.Payloads;

/// <summary>What happened to a pull request.</summary>
internal enum PullRequestStep
{
    Opened,
    Reopened,
    Updated,
    Merged,
    Closed,
}

/// <summary>A change of a pull request in the words of a webhook, with honest stand-ins for what is not known.</summary>
internal sealed class PullRequestFacts(PushFacts push)
{
    private const int MaxLabels = 100;
    private const int WordLimit = 256;

    public PullRequestInfo Told { get; } = push.Event.PullRequest!;

    public PullRequestStep Step => (push.Event.Change.Type, Told) switch
    {
        (EventType.PullRequestOpened, { Reopened: true }) => PullRequestStep.Reopened,
        (EventType.PullRequestOpened, _) => PullRequestStep.Opened,
        (EventType.PullRequestUpdated, _) => PullRequestStep.Updated,
        (_, { State: PullRequestState.Merged }) => PullRequestStep.Merged,
        _ => PullRequestStep.Closed,
    };

    public bool IsClosed => Step is PullRequestStep.Merged or PullRequestStep.Closed;

    public string Title => PayloadJson.Clean(Told.Title is { Length: > 0 } title ? title : PushFacts.UnknownText, PayloadJson.NameLimit);

    public string Body => push.Shorten(Told.Body ?? "");

    /// <summary>Who asks for it to be merged.</summary>
    public string Login => Told.Author?.Username is { Length: > 0 } login ? PayloadJson.Clean(login, WordLimit) : PushFacts.UnknownLogin;

    /// <summary>Who did this: known for certain only of the one who opened it.</summary>
    public string Sender => Step == PullRequestStep.Opened ? Login : PushFacts.UnknownLogin;

    public DateTimeOffset CreatedAt => Told.CreatedAt ?? push.Event.DetectedAt;
    public DateTimeOffset UpdatedAt => Told.UpdatedAt ?? push.Event.DetectedAt;

    /// <summary>Null while it is open.</summary>
    public DateTimeOffset? ClosedAt => IsClosed ? Told.ClosedAt ?? push.Event.DetectedAt : null;

    public IReadOnlyList<string> Labels => [.. (Told.Labels ?? []).Take(MaxLabels).Select(label => PayloadJson.Clean(label, WordLimit))];

    public string BaseSha => Told.BaseSha is { Length: > 0 } sha ? sha : push.NoCommit;

    /// <summary>The forge's own number; the pull request's where that is not told.</summary>
    public long Id => long.TryParse(Told.ForgeId, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : Told.Number;

    /// <summary>Page that shows it.</summary>
    public string Url => Told.Url is { Length: > 0 and < PayloadJson.NameLimit } url && Uri.IsWellFormedUriString(url, UriKind.Absolute) ? url
        : string.Create(CultureInfo.InvariantCulture, $"{push.Repository.HtmlUrl}/{PathOf(push.Repository.Info.Provider)}/{Told.Number}");

    /// <summary>Where its branch is; null where that is not known, or no more.</summary>
    public RepositoryFacts? Head => !Told.Fork ? push.Repository
        : Uri.TryCreate(Told.HeadCloneUrl, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? RepositoryFacts.Of(new RepositoryInfo(Told.HeadRepository ?? url.AbsolutePath.Trim('/'), url, push.Repository.Info.Provider))
        : null;

    private static string PathOf(string provider) => provider switch { "gitlab" => "-/merge_requests", "gitea" => "pulls", "bitbucket" => "pull-requests", "azure" => "pullrequest", _ => "pull" };
}
