using System.Text.Json;

namespace RepoSentry.Delivery.Payloads;

/// <summary>
/// The repository and the accounts of GitHub's webhooks. Most of it are URLs of its API, which follow from the repository's name; counts and switches that
/// nobody has asked the forge for are zero and off.
/// </summary>
internal static class GitHubRepository
{
    // name of the field, what follows /repos/OWNER/NAME
    private static readonly (string Name, string Path)[] ApiUrls =
    [
        ("forks_url", "/forks"), ("keys_url", "/keys{/key_id}"), ("collaborators_url", "/collaborators{/collaborator}"), ("teams_url", "/teams"),
        ("hooks_url", "/hooks"), ("issue_events_url", "/issues/events{/number}"), ("events_url", "/events"), ("assignees_url", "/assignees{/user}"),
        ("branches_url", "/branches{/branch}"), ("tags_url", "/tags"), ("blobs_url", "/git/blobs{/sha}"), ("git_tags_url", "/git/tags{/sha}"),
        ("git_refs_url", "/git/refs{/sha}"), ("trees_url", "/git/trees{/sha}"), ("statuses_url", "/statuses/{sha}"), ("languages_url", "/languages"),
        ("stargazers_url", "/stargazers"), ("contributors_url", "/contributors"), ("subscribers_url", "/subscribers"), ("subscription_url", "/subscription"),
        ("commits_url", "/commits{/sha}"), ("git_commits_url", "/git/commits{/sha}"), ("comments_url", "/comments{/number}"),
        ("issue_comment_url", "/issues/comments{/number}"), ("contents_url", "/contents/{+path}"), ("compare_url", "/compare/{base}...{head}"),
        ("merges_url", "/merges"), ("archive_url", "/{archive_format}{/ref}"), ("downloads_url", "/downloads"), ("issues_url", "/issues{/number}"),
        ("pulls_url", "/pulls{/number}"), ("milestones_url", "/milestones{/number}"), ("notifications_url", "/notifications{?since,all,participating}"),
        ("labels_url", "/labels{/name}"), ("releases_url", "/releases{/id}"), ("deployments_url", "/deployments"),
    ];

    private static readonly (string Name, string Path)[] AccountUrls =
    [
        ("followers_url", "/followers"), ("following_url", "/following{/other_user}"), ("gists_url", "/gists{/gist_id}"),
        ("starred_url", "/starred{/owner}{/repo}"), ("subscriptions_url", "/subscriptions"), ("organizations_url", "/orgs"), ("repos_url", "/repos"),
        ("events_url", "/events{/privacy}"), ("received_events_url", "/received_events"),
    ];

    private static readonly string[] Counts =
        ["size", "stargazers_count", "stargazers", "watchers_count", "watchers", "forks_count", "forks", "open_issues_count", "open_issues"];

    private static readonly string[] Nothings = ["description", "homepage", "language", "mirror_url", "license"];

    private static readonly string[] Switches =
        ["archived", "disabled", "has_issues", "has_projects", "has_downloads", "has_wiki", "has_pages", "is_template", "web_commit_signoff_required"];

    /// <summary>The properties <c>repository</c> and <c>organization</c>.</summary>
    public static void Write(Utf8JsonWriter json, PushFacts push)
    {
        Write(json, "repository", push.Repository, push.Event.DetectedAt, push.Repository.HtmlUrl, isFork: false); // a push has the page as its url, other events the API
        WriteOrganization(json, push.Repository);
    }

    public static void WriteOrganization(Utf8JsonWriter json, RepositoryFacts repository)
    {
        var api = $"{ApiRoot(repository)}/orgs/{RepositoryFacts.Escape(repository.Owner)}";
        json.WriteStartObject("organization");
        json.Text("login", repository.Owner);
        json.WriteNumber("id", repository.OwnerId);
        json.WriteString("node_id", "");
        json.WriteString("url", api);
        WriteUrls(json, api, [("repos_url", "/repos"), ("events_url", "/events"), ("hooks_url", "/hooks"), ("issues_url", "/issues"),
            ("members_url", "/members{/member}"), ("public_members_url", "/public_members{/member}")]);
        json.WriteString("avatar_url", $"{repository.OwnerUrl}.png");
        json.WriteString("description", "");
        json.WriteEndObject();
    }

    /// <param name="url">The property of that name.</param>
    public static void Write(Utf8JsonWriter json, string property, RepositoryFacts repository, DateTimeOffset at, string url, bool isFork)
    {
        var api = ApiUrl(repository);
        json.WriteStartObject(property);
        json.WriteNumber("id", repository.Id);
        json.Text("node_id", repository.IdKnown ? "" : repository.Info.ForgeId ?? "");
        json.Text("name", repository.Name);
        json.Text("full_name", repository.FullName);
        json.WriteBoolean("private", repository.Private);
        WriteAccount(json, "owner", repository, repository.Owner, repository.OwnerId, "Organization");
        json.WriteString("html_url", repository.HtmlUrl);
        json.WriteString("url", url);
        WriteUrls(json, api, ApiUrls);
        json.WriteNumber("created_at", 0);
        json.WriteString("updated_at", PayloadJson.Time(at.ToUniversalTime()));
        json.WriteNumber("pushed_at", at.ToUnixTimeSeconds());
        json.WriteString("git_url", repository.GitUrl);
        json.WriteString("ssh_url", repository.SshUrl);
        json.WriteString("clone_url", repository.CloneUrl);
        json.WriteString("svn_url", repository.HtmlUrl);
        Array.ForEach(Counts, name => json.WriteNumber(name, 0));
        Array.ForEach(Nothings, json.WriteNull);
        json.WriteBoolean("fork", isFork);
        Array.ForEach(Switches, name => json.WriteBoolean(name, false));
        json.Texts("topics", []);
        json.WriteStartObject("custom_properties");
        json.WriteEndObject();
        json.WriteString("visibility", repository.Private ? "private" : "public");
        json.Text("default_branch", repository.DefaultBranch);
        json.Text("master_branch", repository.DefaultBranch);
        json.Text("organization", repository.Owner);
        json.WriteEndObject();
    }

    /// <summary>Of the repository in GitHub's interface.</summary>
    public static string ApiUrl(RepositoryFacts repository) => $"{ApiRoot(repository)}/repos/{repository.EscapedFullName}";

    /// <summary>The property <c>sender</c>: who pushed is unknown to a poller.</summary>
    public static void WriteSender(Utf8JsonWriter json, RepositoryFacts repository) =>
        WriteAccount(json, "sender", repository, PushFacts.UnknownLogin, 0, "User");

    public static void WriteAccount(Utf8JsonWriter json, string property, RepositoryFacts repository, string login, long id, string type)
    {
        var escaped = RepositoryFacts.Escape(login);
        var api = $"{ApiRoot(repository)}/users/{escaped}";
        json.WriteStartObject(property);
        json.Text("login", login);
        json.Text("name", login);
        json.WriteString("email", "");
        json.WriteNumber("id", id);
        json.WriteString("node_id", "");
        json.WriteString("avatar_url", $"{repository.Root}/{escaped}.png");
        json.WriteString("gravatar_id", "");
        json.WriteString("url", api);
        json.WriteString("html_url", $"{repository.Root}/{escaped}");
        WriteUrls(json, api, AccountUrls);
        json.WriteString("type", type);
        json.WriteBoolean("site_admin", false);
        json.WriteEndObject();
    }

    private static void WriteUrls(Utf8JsonWriter json, string start, (string Name, string Path)[] urls) =>
        Array.ForEach(urls, url => json.WriteString(url.Name, start + url.Path));

    private static string ApiRoot(RepositoryFacts repository) => repository switch
    {
        { Root: "https://github.com" } => "https://api.github.com",
        { Info.Provider: "gitea" } => repository.Root + "/api/v1",
        _ => repository.Root + "/api/v3",
    };
}
