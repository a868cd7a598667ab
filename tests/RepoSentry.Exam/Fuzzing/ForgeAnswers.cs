namespace RepoSentry.Exam.Fuzzing;

internal enum Ask
{
    Repository,
    Branches,
    Tags,
    Pulls,
    Pull,
    Compare,
    Difference,
    Commit,
    Recent,
    List,
    Batch,
    Histories,
    Sweep,
}

/// <param name="Name">Of the answer.</param>
/// <param name="Marker">What the address of its question contains; the first that fits is the one. Empty fits all.</param>
/// <param name="Ask">What makes the product ask it.</param>
internal sealed record ForgeAnswerSeed(string Name, string Marker, Ask Ask, string Json);

/// <summary>Right answers of forges, in small: their shapes are those of the forges' own documents.</summary>
internal static class ForgeAnswers
{
    public static readonly string One = new('1', 40);
    public static readonly string Two = new('2', 40);

    private static readonly string Person = """{"name":"Ada","email":"ada@example.org","date":"2026-11-29T10:00:00Z"}""";
    private static readonly string GitHubCommit = $$$"""
        {"sha":"{{{One}}}","html_url":"https://forge.example/c","commit":{"message":"m","author":{{{Person}}},"committer":{{{Person}}} },"author":{"login":"ada"},"committer":null,"parents":[{"sha":"{{{Two}}}"}],
        "files":[{"filename":"a","status":"added"},{"filename":"b","status":"renamed","previous_filename":"c"},{"filename":"d","status":"removed"}]}
        """;
    private static readonly string GitHubPull = $$$"""
        {"number":7,"id":70,"state":"open","title":"t","body":null,"html_url":"https://forge.example/p","draft":false,"user":{"login":"ada","full_name":"Ada"},"head":{"ref":"topic","sha":"{{{One}}}","repo_id":1,
        "repo":{"id":1,"full_name":"acme/web","clone_url":"https://forge.example/acme/web.git"}},"base":{"ref":"main","sha":"{{{Two}}}","repo_id":1,"repo":{"id":1,"full_name":"acme/web"}},
        "labels":[{"name":"l"}],"created_at":"2026-11-29T10:00:00Z","updated_at":"2026-11-29T10:00:00Z","closed_at":null,"merged_at":null,"merged":false,"merge_commit_sha":null}
        """;

    public static IReadOnlyList<ForgeAnswerSeed> GitHub =>
    [
        new("pull request", "/pulls/7", Ask.Pull, GitHubPull),
        new("pull requests", "/pulls?", Ask.Pulls, $"[{GitHubPull},{GitHubPull.Replace(":7,", ":8,", StringComparison.Ordinal)}]"),
        new("branches", "/branches?", Ask.Branches, $$$"""[{"name":"main","commit":{"sha":"{{{One}}}"}},{"name":"feature/x","commit":{"sha":"{{{Two}}}"}}]"""),
        new("tags", "/tags?", Ask.Tags, $$$"""[{"name":"v1","commit":{"sha":"{{{One}}}"}}]"""),
        new("compare", "/compare/", Ask.Compare, $$$"""{"status":"ahead","total_commits":1,"commits":[{{{GitHubCommit}}}],"files":[{"filename":"a","status":"added"},{"filename":"b","status":"renamed","previous_filename":"c"}]}"""),
        new("commit", "/commits/", Ask.Commit, GitHubCommit),
        new("commits", "/commits?", Ask.Recent, $"[{GitHubCommit}]"),
        new("repositories", "/orgs/", Ask.List, """[{"id":1,"full_name":"acme/web","archived":false,"disabled":false,"fork":false,"topics":["t"]},{"id":2,"full_name":"acme/shop"}]"""),
        new("repository", "", Ask.Repository, """{"id":1,"full_name":"acme/web","html_url":"https://github.com/acme/web","default_branch":"main","private":true,"archived":false}"""),
    ];

    public static IReadOnlyList<ForgeAnswerSeed> GitHubGraph =>
    [
        new("batch", "/graphql", Ask.Batch, $$$"""
            {"data":{"r0":{"databaseId":1,"nameWithOwner":"acme/web","url":"https://github.com/acme/web","isArchived":false,"isPrivate":true,"defaultBranchRef":{"name":"main"},
            "heads":{"pageInfo":{"hasNextPage":false},"nodes":[{"name":"main","target":{"__typename":"Commit","oid":"{{{One}}}"}},{"name":"x","target":{"__typename":"Commit","oid":"{{{Two}}}"}}]},
            "tags":{"pageInfo":{"hasNextPage":false},"nodes":[{"name":"v1","target":{"__typename":"Tag","oid":"{{{Two}}}","target":{"__typename":"Commit","oid":"{{{One}}}"} }}]},
            "pulls":{"pageInfo":{"hasNextPage":false},"nodes":[{"number":7,"title":"t","url":"https://github.com/acme/web/pull/7","isDraft":false,"isCrossRepository":false,"headRefName":"x","headRefOid":"{{{Two}}}",
            "baseRefName":"main","baseRefOid":"{{{One}}}","author":{"login":"ada"},"headRepository":{"nameWithOwner":"acme/web","url":"https://github.com/acme/web"},"createdAt":"2026-11-29T10:00:00Z","updatedAt":null}]}},
            "r1":null},"errors":[{"type":"NOT_FOUND","message":"gone"}]}
            """),
        new("histories", "/graphql", Ask.Histories, """{"data":{"r0":{"defaultBranchRef":{"target":{"history":{"nodes":[{"committedDate":"2026-11-29T10:00:00Z"},{"committedDate":"2026-11-28T10:00:00Z"}]}}}},"r1":null},"errors":null}"""),
        new("sweep", "/graphql", Ask.Sweep, """
            {"data":{"o0":{"repositories":{"pageInfo":{"hasNextPage":true,"endCursor":"Y3Vyc29y"},"nodes":[{"databaseId":1,"pushedAt":"2026-11-29T10:00:00Z"},{"databaseId":2,"pushedAt":null}]}},"o1":null},"errors":null}
            """),
    ];

    private static readonly string GitLabCommit = $$$"""
        {"id":"{{{One}}}","message":"m","web_url":"https://gitlab.com/c","author_name":"Ada","author_email":"ada@example.org","committer_name":"Ada","committer_email":null,"committed_date":"2026-11-29T10:00:00Z","parent_ids":["{{{Two}}}"]}
        """;
    private static readonly string GitLabDiffs = """[{"old_path":"a","new_path":"a","new_file":true,"renamed_file":false,"deleted_file":false},{"old_path":"b","new_path":"c","new_file":false,"renamed_file":true,"deleted_file":false}]""";
    private static readonly string GitLabPull = $$$"""
        {"iid":7,"id":70,"state":"opened","title":"t","description":"d","web_url":"https://gitlab.com/p","draft":false,"author":{"name":"Ada","username":"ada"},"source_branch":"x","target_branch":"main","sha":"{{{One}}}",
        "source_project_id":1,"target_project_id":1,"labels":["l"],"created_at":"2026-11-29T10:00:00Z","updated_at":null,"closed_at":null,"merged_at":null,"merge_commit_sha":null,"squash_commit_sha":null}
        """;

    public static IReadOnlyList<ForgeAnswerSeed> GitLab =>
    [
        new("merge request", "/merge_requests/7", Ask.Pull, GitLabPull),
        new("merge requests", "/merge_requests?", Ask.Pulls, $"[{GitLabPull},{GitLabPull.Replace(":7,", ":8,", StringComparison.Ordinal)}]"),
        new("branches", "/repository/branches", Ask.Branches, $$$"""[{"name":"main","commit":{"id":"{{{One}}}"}},{"name":"x","commit":{"id":"{{{Two}}}"}}]"""),
        new("tags", "/repository/tags", Ask.Tags, $$$"""[{"name":"v1","target":"{{{Two}}}","commit":{"id":"{{{One}}}"}}]"""),
        new("compare", "/compare?", Ask.Compare, $$$"""{"commits":[{{{GitLabCommit}}}],"diffs":{{{GitLabDiffs}}},"compare_timeout":false}"""),
        new("merge base", "/merge_base?", Ask.Compare, $$$"""{"id":"{{{Two}}}"}"""),
        new("diff", "/diff?", Ask.Commit, GitLabDiffs),
        new("commit", "/repository/commits/", Ask.Commit, GitLabCommit),
        new("commits", "/repository/commits?", Ask.Recent, $"[{GitLabCommit}]"),
        new("projects", "/groups/", Ask.List, """[{"id":1,"path_with_namespace":"acme/web","archived":false,"marked_for_deletion_on":null,"forked_from_project":null,"topics":["t"],"tag_list":null},{"id":2,"path_with_namespace":"acme/sub/shop","tag_list":["t"]}]"""),
        new("project", "", Ask.Repository, """{"id":1,"path_with_namespace":"acme/web","web_url":"https://gitlab.com/acme/web","default_branch":"main","visibility":"private","empty_repo":false,"archived":false}"""),
    ];

    public static IReadOnlyList<ForgeAnswerSeed> Gitea =>
    [
        new("pull request", "/pulls/7", Ask.Pull, GitHubPull),
        new("pull requests", "/pulls?", Ask.Pulls, $"[{GitHubPull},{GitHubPull.Replace(":7,", ":8,", StringComparison.Ordinal)}]"),
        new("branches", "/branches?", Ask.Branches, $$$"""[{"name":"main","commit":{"id":"{{{One}}}"}},{"name":"x","commit":{"id":"{{{Two}}}"}}]"""),
        new("tags", "/tags?", Ask.Tags, $$$"""[{"name":"v1","id":"{{{Two}}}","commit":{"sha":"{{{One}}}"}}]"""),
        new("lost commits", $"/compare/{One}", Ask.Compare, """{"total_commits":0,"commits":[]}"""),
        new("compare", "/compare/", Ask.Compare, $$$"""{"total_commits":1,"commits":[{{{GitHubCommit}}}]}"""),
        new("commit", "/git/commits/", Ask.Commit, GitHubCommit),
        new("commits", "/commits?", Ask.Recent, $"[{GitHubCommit}]"),
        new("repositories", "/orgs/", Ask.List, """[{"id":1,"full_name":"acme/web","archived":false,"fork":false,"topics":["t"]},{"id":2,"full_name":"acme/shop"}]"""),
        new("repository", "", Ask.Repository, """{"id":1,"full_name":"acme/web","html_url":"https://gitea.com/acme/web","default_branch":"main","private":true,"archived":false,"empty":false}"""),
    ];

    private static readonly string CloudCommit = $$$"""{"hash":"{{{One}}}","message":"m","date":"2026-11-29T10:00:00Z","author":{"raw":"Ada <ada@example.org>","user":{"nickname":"ada"}},"links":{"html":{"href":"https://bitbucket.org/c"}},"parents":[{"hash":"{{{Two}}}"}]}""";
    private static readonly string CloudFiles = """{"values":[{"status":"added","old":null,"new":{"path":"a"}},{"status":"renamed","old":{"path":"b"},"new":{"path":"c"}},{"status":"removed","old":{"path":"d"},"new":null}]}""";
    private static readonly string CloudPull = $$$"""
        {"id":7,"title":"t","description":"d","state":"OPEN","draft":false,"created_on":"2026-11-29T10:00:00Z","updated_on":"2026-11-29T10:00:00Z","author":{"display_name":"Ada","nickname":"ada"},
        "source":{"branch":{"name":"x"},"commit":{"hash":"{{{One[..12]}}}"},"repository":{"full_name":"acme/web","uuid":"{1}"}},"destination":{"branch":{"name":"main"},"commit":{"hash":"{{{Two[..12]}}}"},"repository":{"uuid":"{1}"}},
        "merge_commit":null,"links":{"html":{"href":"https://bitbucket.org/p"}} }
        """;

    public static IReadOnlyList<ForgeAnswerSeed> BitbucketCloud =>
    [
        new("pull request", "/pullrequests/7", Ask.Pull, CloudPull),
        new("pull requests", "/pullrequests?", Ask.Pulls, $$$"""{"values":[{{{CloudPull}}}]}"""),
        new("branches", "/refs/branches", Ask.Branches, $$$"""{"values":[{"name":"main","target":{"hash":"{{{One}}}"}},{"name":"x","target":{"hash":"{{{Two}}}"}}]}"""),
        new("tags", "/refs/tags", Ask.Tags, $$$"""{"values":[{"name":"v1","target":{"hash":"{{{One}}}"}}]}"""),
        new("lost commits", $"/commits?include={Two}", Ask.Compare, """{"values":[]}"""),
        new("compare", $"/commits?include={One}", Ask.Compare, $$$"""{"values":[{{{CloudCommit}}}]}"""),
        new("difference", $"/diffstat/{One}..", Ask.Difference, CloudFiles),
        new("files", "/diffstat/", Ask.Commit, CloudFiles),
        new("commit", "/commit/", Ask.Commit, CloudCommit),
        new("commits", "/commits?", Ask.Recent, $$$"""{"values":[{{{CloudCommit}}}]}"""),
        new("repositories", "/repositories/acme?", Ask.List, """{"values":[{"uuid":"{1}","full_name":"acme/web","parent":null},{"uuid":"{2}","full_name":"acme/shop","parent":{"uuid":"{1}"}}]}"""),
        new("repository", "", Ask.Repository, """{"uuid":"1","full_name":"acme/web","is_private":true,"mainbranch":{"name":"main"},"links":{"html":{"href":"https://bitbucket.org/acme/web"}}}"""),
    ];

    private static readonly string ServerPerson = """{"name":"ada","emailAddress":"ada@example.org","displayName":"Ada"}""";
    private static readonly string ServerCommit = $$$"""{"id":"{{{One}}}","message":"m","author":{{{ServerPerson}}},"committer":{{{ServerPerson}}},"authorTimestamp":1764410400000,"committerTimestamp":1764410400000,"parents":[{"id":"{{{Two}}}"}]}""";
    private static readonly string ServerRepository = """{"id":1,"slug":"web","public":false,"archived":false,"project":{"key":"acme"},"links":{"self":[{"href":"https://bitbucket.example/projects/acme/repos/web/browse"}],"clone":[{"name":"http","href":"https://bitbucket.example/scm/acme/web.git"}]}}""";
    private static readonly string ServerPull = $$$"""
        {"id":7,"title":"t","description":"d","state":"OPEN","draft":false,"createdDate":1764410400000,"updatedDate":1764410400000,"closedDate":null,"fromRef":{"displayId":"x","latestCommit":"{{{One}}}","repository":{{{ServerRepository}}} },
        "toRef":{"displayId":"main","latestCommit":"{{{Two}}}","repository":{"id":1}},"author":{"user":{{{ServerPerson}}} },"properties":{"mergeCommit":{"id":"{{{One}}}"}},"links":{"self":[{"href":"https://bitbucket.example/p"}]}}
        """;

    public static IReadOnlyList<ForgeAnswerSeed> BitbucketServer =>
    [
        new("pull request", "/pull-requests/7", Ask.Pull, ServerPull),
        new("pull requests", "/pull-requests?", Ask.Pulls, $$$"""{"values":[{{{ServerPull}}}],"isLastPage":true}"""),
        new("branches", "/branches?", Ask.Branches, $$$"""{"values":[{"displayId":"main","latestCommit":"{{{One}}}","isDefault":true},{"displayId":"x","latestCommit":"{{{Two}}}","isDefault":false}],"isLastPage":true,"nextPageStart":null}"""),
        new("tags", "/tags?", Ask.Tags, $$$"""{"values":[{"displayId":"v1","latestCommit":"{{{One}}}","hash":"{{{Two}}}"}],"isLastPage":true}"""),
        new("lost commits", $"/commits?since={One}", Ask.Compare, """{"values":[],"isLastPage":true}"""),
        new("compare", $"/commits?since={Two}", Ask.Compare, $$$"""{"values":[{{{ServerCommit}}}],"isLastPage":true}"""),
        new("files", "/changes?", Ask.Commit, """{"values":[{"type":"ADD","path":{"toString":"a"}},{"type":"MOVE","path":{"toString":"b"},"srcPath":{"toString":"c"}},{"type":"DELETE","path":{"toString":"d"}}],"isLastPage":true}"""),
        new("commit", "/commits/", Ask.Commit, ServerCommit),
        new("commits", "/commits?", Ask.Recent, $$$"""{"values":[{{{ServerCommit}}}],"isLastPage":true}"""),
        new("repositories", "/repos?", Ask.List, """{"values":[{"id":1,"slug":"web","archived":false,"project":{"key":"acme"},"origin":null},{"id":2,"slug":"shop","project":{"key":"acme"},"origin":{"id":1}}],"isLastPage":true}"""),
        new("repository", "", Ask.Repository, ServerRepository),
    ];

    private static readonly string AzureChanges = """[{"item":{"path":"/a","isFolder":false,"gitObjectType":"blob"},"changeType":"add"},{"item":{"path":"/b","gitObjectType":"blob"},"changeType":"edit, rename","sourceServerItem":"/c"},{"item":{"path":"/d"},"changeType":"delete"}]""";
    private static readonly string AzureCommit = $$$"""{"commitId":"{{{One}}}","comment":"m","remoteUrl":"https://dev.azure.com/c","author":{{{Person}}},"committer":{{{Person}}},"changes":{{{AzureChanges}}},"parents":["{{{Two}}}"]}""";
    private static readonly string AzurePull = $$$"""
        {"pullRequestId":7,"status":"active","title":"t","description":"d","isDraft":false,"sourceRefName":"refs/heads/x","targetRefName":"refs/heads/main","lastMergeSourceCommit":{"commitId":"{{{One}}}"},"lastMergeTargetCommit":{"commitId":"{{{Two}}}"},
        "lastMergeCommit":null,"createdBy":{"displayName":"Ada","uniqueName":"ada@example.org"},"creationDate":"2026-11-29T10:00:00Z","closedDate":null,"labels":[{"name":"l","active":true}],
        "repository":{"id":"1","name":"web","webUrl":"https://dev.azure.com/acme/shop/_git/web","project":{"name":"shop"}},"forkSource":{"repository":{"id":"2","name":"fork","project":{"name":"shop"} }} }
        """;

    public static IReadOnlyList<ForgeAnswerSeed> Azure =>
    [
        new("pull request", "/pullrequests/7", Ask.Pull, AzurePull),
        new("pull requests", "/pullrequests?", Ask.Pulls, $$$"""{"value":[{{{AzurePull}}}],"count":1}"""),
        new("branches", "/refs?filter=heads/", Ask.Branches, $$$"""{"value":[{"name":"refs/heads/main","objectId":"{{{One}}}"},{"name":"refs/heads/x","objectId":"{{{Two}}}"}],"count":2}"""),
        new("tags", "/refs?filter=tags/", Ask.Tags, $$$"""{"value":[{"name":"refs/tags/v1","objectId":"{{{Two}}}","peeledObjectId":"{{{One}}}"}],"count":1}"""),
        new("difference", "diffCommonCommit=false", Ask.Difference, $$$"""{"aheadCount":1,"behindCount":0,"allChangesIncluded":true,"changes":{{{AzureChanges}}} }"""),
        new("compare", "/diffs/commits?", Ask.Compare, $$$"""{"aheadCount":2,"behindCount":0,"commonCommit":"{{{Two}}}","allChangesIncluded":false,"changes":[]}"""),
        new("commit", "/commits/", Ask.Commit, AzureCommit),
        new("commits", "/commits?", Ask.Recent, $$$"""{"value":[{{{AzureCommit}}}],"count":1}"""),
        new("repositories", "/repositories?", Ask.List, """{"value":[{"id":"1","name":"web","isDisabled":false,"isFork":false,"project":{"name":"shop","visibility":"private"},"parentRepository":null}],"count":1}"""),
        new("repository", "", Ask.Repository, """{"id":"1","name":"web","defaultBranch":"refs/heads/main","webUrl":"https://dev.azure.com/acme/shop/_git/web","isDisabled":false,"project":{"name":"shop","visibility":"private"}}"""),
    ];
}
