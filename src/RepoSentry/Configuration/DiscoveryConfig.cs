namespace RepoSentry.Configuration;

/// <summary>An organization, group, project or user whose repositories are watched as they come and go.</summary>
internal sealed record DiscoveryConfig
{
    /// <summary>The same in two loads that say the same of it.</summary>
    public string Identity { get; init; } = "";

    /// <summary>Provider and organization, such as <c>github/acme</c>; with a number where one organization stands in several entries.</summary>
    public required string Key { get; init; }

    /// <summary>Name of the <see cref="ProviderConfig"/> that lists.</summary>
    public required string Provider { get; init; }

    /// <summary>The type of that provider, such as github.</summary>
    public required string ProviderType { get; init; }

    public required string Organization { get; init; }

    /// <summary>Globs over the repositories' names.</summary>
    public IReadOnlyList<string> Include { get; init; } = ["**"];
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>A repository must have all of these; empty asks for none.</summary>
    public IReadOnlyList<string> Topics { get; init; } = [];

    /// <summary>Whether archived ones are watched too.</summary>
    public bool Archived { get; init; }

    /// <summary>Whether forks are watched too.</summary>
    public bool Forks { get; init; }

    /// <summary>How often it is listed.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>What each of its repositories has in common: the <c>defaults</c>.</summary>
    public required RepositoryConfig Template { get; init; }
}
