using System.Text.Json;
using System.Text.Json.Serialization;
using RepoSentry.Abstractions;
using RepoSentry.Api.Access;
using RepoSentry.Configuration;
using RepoSentry.Delivery;
using RepoSentry.Events;
using RepoSentry.Polling;
using RepoSentry.Providers;
using RepoSentry.Storage;

namespace RepoSentry.Api;

/// <summary>The repositories: what is watched, how it stands, what was seen.</summary>
internal static class RepositoryEndpoints
{
    public static void MapRepositories(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/repositories").WithTags("repositories");
        group.MapGet("", ListAsync).RequireRole(Role.Viewer).WithName("listRepositories").WithSummary("Repositories by name, or by their last change").Produces<ListAnswer<RepositoryView>>();
        group.MapGet("/{name}", ShowAsync).RequireRole(Role.Viewer).WithName("getRepository").WithSummary("One repository").Produces<RepositoryView>().ProducesProblem(404);
        group.MapGet("/{name}/refs", RefsAsync).RequireRole(Role.Viewer).WithName("listRefs").WithSummary("The refs of the last look").Produces<ListAnswer<StoredRef>>().ProducesProblem(404);
        group.MapGet("/{name}/polls", PollsAsync).RequireRole(Role.Viewer).WithName("listPolls").WithSummary("Looks, newest first").Produces<ListAnswer<PollView>>().ProducesProblem(404);
        group.MapRepositoryChanges();
        group.MapPost("/{name}/poll", Poll).Writes(Role.Operator, "repository.poll").WithName("pollRepository").WithSummary("Look now").Produces(202).ProducesProblem(404).ProducesProblem(409);
        group.MapPost("/{name}/release", ReleaseAsync).Writes(Role.Operator, "repository.release").WithName("releaseRepository").WithSummary("Believe the deletions that are held").Produces<ReleaseAnswer>(202).ProducesProblem(404).ProducesProblem(409);
        group.MapGet("/{name}/explain", ExplainAsync).RequireRole(Role.Viewer).WithName("explainRepository").WithSummary("What the last look saw, and why each rule fired or not").Produces<Explanation>().ProducesProblem(404);
    }

    internal static async Task<IResult> ListAsync(
        RepositoryLog log, PollWorker polling, TimeProvider time, HttpContext context, string? status, string? standing, string? q, string? sort, CancellationToken cancellationToken)
    {
        if (!Paging.TryRead(context.Request, out var limit, out var after, out var refusal))
        {
            return refusal!;
        }

        if (status is not null && !RepositoryStatus.All.Contains(status, StringComparer.Ordinal))
        {
            return Problems.BadRequest($"status is one of {string.Join(", ", RepositoryStatus.All)}");
        }

        if (standing is not null && !FleetStanding.States.Contains(standing, StringComparer.Ordinal))
        {
            return Problems.BadRequest($"standing is one of {string.Join(", ", FleetStanding.States)}");
        }

        if (sort is not (null or "name" or "changed"))
        {
            return Problems.BadRequest("sort is name or changed");
        }

        var names = standing is null ? null : FleetStanding.NamesOf(standing, polling, time.GetUtcNow());
        var query = new RepositoryQuery(limit + 1) { Status = status, Search = q, Names = names, ByChange = sort == "changed", After = after };
        if (query.ByChange && after is not null)
        {
            if (after.IndexOf('|', StringComparison.Ordinal) is not (>= 0 and var bar))
            {
                return Problems.BadRequest("cursor is not one that this API gave");
            }

            query = query with { Changed = after[..bar], After = after[(bar + 1)..] };
        }

        var rows = await log.ListAsync(query, cancellationToken);
        var items = rows.Take(limit).Select(row => RepositoryView.Of(row, polling)).ToList();
        string Key(RepositoryView item) => query.ByChange ? $"{(item.LastChanged is { } at ? SqlTime.Text(at) : "")}|{item.Name}" : item.Name;
        return TypedResults.Ok(Paging.Answer(context, items, rows.Count > limit ? Key(items[^1]) : null, Key));
    }

    internal static async Task<IResult> ShowAsync(string name, RepositoryLog log, PollWorker polling, CancellationToken cancellationToken) =>
        await log.FindAsync(Decode(name), cancellationToken) is { } row ? TypedResults.Ok(RepositoryView.Of(row, polling)) : Missing(name);

    internal static async Task<IResult> RefsAsync(string name, RepositoryLog log, HttpContext context, string? kind, string? q, CancellationToken cancellationToken)
    {
        if (!Paging.TryRead(context.Request, out var limit, out var after, out var refusal))
        {
            return refusal!;
        }

        if (kind is not (null or "branch" or "tag" or "pull_request"))
        {
            return Problems.BadRequest("kind is one of branch, tag, pull_request");
        }

        if (await log.FindAsync(Decode(name), cancellationToken) is not { } row)
        {
            return Missing(name);
        }

        var refs = await log.RefsAsync(row.Id, kind, q, after, limit + 1, cancellationToken);
        return TypedResults.Ok(Paging.Answer(context, refs.Take(limit).ToList(), refs.Count > limit ? refs[limit - 1].Name : null, item => item.Name));
    }

    internal static async Task<IResult> PollsAsync(string name, RepositoryLog log, PollWorker polling, HttpContext context, CancellationToken cancellationToken)
    {
        if (!Paging.TryRead(context.Request, out var limit, out var cursor, out var refusal))
        {
            return refusal!;
        }

        var after = PollPages.Place.Newest;
        if (cursor is not null && !PollPages.Place.TryParse(cursor, out after))
        {
            return Problems.BadRequest("cursor is not one that this API gave");
        }

        if (await log.FindAsync(Decode(name), cancellationToken) is not { } row)
        {
            return Missing(name);
        }

        var looks = await PollPages.ReadAsync(log, row.Id, polling.Repositories.GetValueOrDefault(row.Name), after, limit, cancellationToken);
        return TypedResults.Ok(Paging.Answer(context, looks.Take(limit).ToList(), looks.Count > limit ? looks[limit - 1].Place : null, look => look.Place));
    }

    internal static IResult Poll(string name, PollWorker polling)
    {
        if (!polling.Repositories.ContainsKey(Decode(name)))
        {
            return Missing(name);
        }

        if (!polling.Repositories[Decode(name)].IsWatched)
        {
            return Problems.Conflict($"{Decode(name)} is paused: {(polling.Repositories[Decode(name)].Paused ? "resume it" : "enabled is false in the configuration")}.");
        }

        polling.PollNow(Decode(name));
        return TypedResults.Accepted((string?)null);
    }

    internal static async Task<IResult> ReleaseAsync(string name, RepositoryStore store, PollWorker polling, CancellationToken cancellationToken)
    {
        if (!polling.Repositories.TryGetValue(Decode(name), out var repository))
        {
            return Missing(name);
        }

        if (await store.ReleaseAsync(repository.Id, cancellationToken) is not (> 0 and var count))
        {
            return Problems.Conflict($"Nothing of {Decode(name)} is held.");
        }

        polling.Release(Decode(name));
        return TypedResults.Json(new ReleaseAnswer(count), ApiJson.Default.ReleaseAnswer, statusCode: StatusCodes.Status202Accepted);
    }

    internal static async Task<IResult> ExplainAsync(
        string name, string? @ref, PollWorker polling, SentryConfig config, DeliveryWorkers deliveries, EventLog log, RepositoryLog stored, CancellationToken cancellationToken)
    {
        if (!polling.Repositories.TryGetValue(Decode(name), out var repository))
        {
            return await stored.FindAsync(Decode(name), cancellationToken) is null
                ? Missing(name)
                : Problems.NotFound($"Repository {Decode(name)} is not watched any more: the configuration does not name it, and no discovery lists it. What is kept of it: repo show, event list --repo.");
        }

        if (EventEndpoints.PullRequestOf(@ref) is { } number)
        {
            @ref = PullRequestRefs.Of(repository.Config.ProviderType, number);
        }

        var last = await log.ListEventsAsync(new EventQuery(3) { Repository = repository.Config.Name, Ref = @ref }, cancellationToken);
        var refs = @ref is null ? null : await stored.RefsAsync(repository.Config.Name, cancellationToken);
        return TypedResults.Ok(Explanation.Of(repository, polling, config, deliveries, last.Items, refs ?? [], @ref));
    }

    // A name may hold a slash, which the server leaves encoded so that it does not end the segment.
    public static string Decode(string name) => name.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    public static IResult Missing(string name) => Problems.NotFound($"There is no repository {Decode(name)}.");
}

/// <summary>A repository as the API shows it.</summary>
internal sealed record RepositoryView(
    string Name,
    string Url,
    string Provider,
    string Status,
    string Source,
    DateTimeOffset? LastChecked,
    DateTimeOffset? LastChanged,
    DateTimeOffset? NextPollAt,
    double? IntervalSeconds,
    string? LastCommitSha,
    int? BranchCount,
    string? DefaultBranch,
    string? ForgeId,
    bool Archived,
    string? MovedTo,
    string? Error,
    IReadOnlyDictionary<string, string> Labels,
    IReadOnlyList<string> Branches,
    string? BranchRegex,
    IReadOnlyList<string> Tags,
    string PullRequests,
    IReadOnlyList<string> Paths,
    IReadOnlyList<string> SkipMessages,
    IReadOnlyList<string> IgnoreAuthors,
    string LoopGuard)
{
    /// <summary>The first part of its ETag.</summary>
    [JsonIgnore]
    public string? ConfigVersion { get; private init; }

    public static RepositoryView Of(StoredRepository row, PollWorker polling)
    {
        var live = polling.Repositories.GetValueOrDefault(row.Name) is { IsWatched: true } watched ? watched : null;
        var rules = polling.Repositories.GetValueOrDefault(row.Name)?.Config;
        return new RepositoryView(
            row.Name,
            row.Url,
            row.Provider,
            row.Status,
            row.Source,
            live?.LastLookedAt ?? row.LastChecked,
            row.LastChanged,
            live is null ? null : polling.NextLookAt(live),
            live is null ? null : polling.IntervalOf(live).TotalSeconds,
            row.LastCommitSha,
            row.BranchCount,
            row.DefaultBranch is null ? null : GitRef.Shorten(row.DefaultBranch),
            row.ForgeId,
            row.Archived,
            row.MovedTo,
            row.Error,
            JsonSerializer.Deserialize(row.Labels, ApiJson.Default.DictionaryStringString)!,
            rules is null or { BranchRegex: not null } ? [] : rules.Branches,
            rules?.BranchRegex,
            rules?.Tags ?? [],
            PullRequestScopes.NameOf(rules?.PullRequests ?? PullRequestScope.None),
            rules?.Paths ?? [],
            rules?.SkipMessages ?? [],
            rules?.IgnoreAuthors ?? [],
            rules?.LoopGuard ?? "off")
        {
            ConfigVersion = EntryVersion.Of(row.Entry ?? row.Url),
        };
    }
}

/// <param name="Released">Refs that were held: their deletions fire at the next look, which is made now.</param>
internal sealed record ReleaseAnswer(int Released);

/// <param name="Outcome">baseline, changed, unchanged, held, or the kind of error.</param>
/// <param name="Source">What was asked: the provider's type, or git for plain Git.</param>
internal sealed record PollView(DateTimeOffset StartedAt, double DurationMs, string Outcome, string Source, int Changes, string? Error)
{
    /// <summary>Looks right before it were not kept, or none was made: the time since the one before it is no interval.</summary>
    public bool GapBefore { get; init; }

    /// <summary>The cursor of a page that ends with it.</summary>
    [JsonIgnore]
    public string? Place { get; init; }

    public static PollView Of(StoredPoll poll) => new(poll.StartedAt, poll.DurationMs, poll.Outcome, poll.Source, poll.Changes, poll.Error);

    public static PollView Of(PollOutcome poll) => new(poll.StartedAt, poll.Duration.TotalMilliseconds, poll.Outcome, poll.Source, poll.Changes, poll.Error);
}
