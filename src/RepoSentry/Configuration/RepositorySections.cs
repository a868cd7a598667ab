namespace RepoSentry.Configuration;

/// <summary>The <c>repositories</c> list.</summary>
internal sealed class RepositorySections(ProviderResolution providers, IReadOnlyCollection<string> triggers, SecurityConfig security)
{
    private readonly Names names = new("repository");

    public IReadOnlyList<RepositoryConfig> Read(SectionReader root) => [.. root.Entries("repositories").Select(Repository).OfType<RepositoryConfig>()];

    /// <summary>One entry. Null where it is refused, which has been said.</summary>
    public RepositoryConfig? Repository(SectionReader entry)
    {
        var name = names.Read(entry, mayHaveSlashes: true);
        var url = Url(entry);
        var token = entry.Secret("token");
        var labels = entry.Section("labels");
        var standard = new RepositoryConfig { Name = name ?? "?", Url = url ?? new Uri("file:///"), Provider = "", ProviderType = "" };
        var repository = standard with
        {
            ApiBaseUrl = ProviderSections.Url(entry, "api_base_url", ["https", "http"]),
            Enabled = entry.Flag("enabled", standard.Enabled),
            Branches = entry.Texts("branches", [.. standard.Branches]),
            BranchRegex = Regex(entry),
            Tags = entry.Texts("tags"),
            PullRequests = entry.Read("pull_requests", standard.PullRequests, PullRequestScopes.Expected, PullRequestScopes.TryParse, "false"),
            Triggers = entry.Texts("triggers"),
            PollingInterval = entry.Has("polling_interval") ? entry.Duration("polling_interval", TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(1), TimeSpan.FromDays(30)) : null,
            Priority = entry.Integer("priority", standard.Priority, 1, 1000),
            Labels = labels.Keys.ToDictionary(key => key, key => labels.Text(key), StringComparer.Ordinal),
            EmitOnFirstPoll = entry.Choice("on_first_poll", "baseline", ["baseline", "emit"]) == "emit",
        };
        repository = RuleSections.Read(entry, repository);
        RefPatterns.Check(entry, "branches", repository.Branches);
        RefPatterns.Check(entry, "tags", repository.Tags);
        CheckTriggers(entry, repository.Triggers);
        var provider = url is null ? null : providers.Resolve(entry, repository.Name, url, token, repository.ApiBaseUrl);
        CheckTransport(entry, repository, provider);
        if (provider is { Type: "github" } && url!.Scheme is "http" or "https" && Uri.UnescapeDataString(url.AbsolutePath).Trim('/').Split('/') is not [{ Length: > 0 }, { Length: > 0 }])
        {
            entry.Error("url", $"{entry.Load.Quote(url.AbsolutePath)} names no repository of GitHub", "its path is OWNER/NAME; all of an organization are watched by discovery");
        }

        if (repository.PullRequests != PullRequestScope.None && provider is { Type: "git" })
        {
            entry.Error("pull_requests", "plain Git knows no pull requests", "name the provider whose forge this is: " + string.Join(", ", ProviderSections.Types.Where(type => type != "git")));
        }

        entry.Know("provider", "polling_interval").Done();
        return name is null || url is null || provider is null ? null : repository with { Provider = provider.Name, ProviderType = provider.Type, Identity = entry.Identity() };
    }

    private static Uri? Url(SectionReader entry)
    {
        if (entry.Required("url") is not { } text)
        {
            return null;
        }

        if (!Urls.TryRepository(text, out var url, out var problem, out var hint))
        {
            entry.Error("url", problem, hint);
        }

        return url;
    }

    private static string? Regex(SectionReader entry)
    {
        var pattern = entry.Text("branch_regex");
        if (pattern.Length == 0)
        {
            return null;
        }

        if (entry.Has("branches"))
        {
            entry.Error("branch_regex", "stands beside branches", "keep one of the two");
        }

        if (BranchRegex.TryCompile(pattern, out var problem) is null)
        {
            entry.Error("branch_regex", problem, "globs do most of it: branches: [main, \"release/*\", \"!wip/**\"]");
        }

        return pattern;
    }

    private void CheckTriggers(SectionReader entry, IReadOnlyList<string> wanted)
    {
        foreach (var trigger in wanted.Where(trigger => !triggers.Contains(trigger, StringComparer.Ordinal)))
        {
            entry.Error("triggers", $"there is no trigger named {entry.Load.Quote(trigger)}", Wording.DidYouMean(trigger, triggers) ?? (triggers.Count == 0 ? "no trigger is configured: add a tekton section" : "known: " + string.Join(", ", triggers)));
        }
    }

    private void CheckTransport(SectionReader entry, RepositoryConfig repository, ProviderConfig? provider)
    {
        if (provider is not { HasCredential: true } && !entry.Says("token"))
        {
            return;
        }

        foreach (var (key, url) in (ReadOnlySpan<(string, Uri?)>)[("url", repository.Url), ("api_base_url", repository.ApiBaseUrl)])
        {
            if (url is not null && TriggerSections.IsUnsafe(url, security))
            {
                entry.Error(key, "a token must not travel over plain http", TriggerSections.UseHttps(url));
            }
        }
    }
}
