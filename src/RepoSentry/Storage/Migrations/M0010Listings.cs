using FluentMigrator;

namespace RepoSentry.Storage.Migrations;

/// <summary>What the last listing of each organization told: a restart watches it before the next one.</summary>
internal sealed class M0010Listings : Migration
{
    public const long Number = 10;

    public override void Up() => IfDatabase("sqlite").Execute.Sql("""
        CREATE TABLE listings (
            discovery TEXT PRIMARY KEY,
            listed_at TEXT NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE listed_repositories (
            discovery TEXT NOT NULL REFERENCES listings(discovery) ON DELETE CASCADE,
            id TEXT NOT NULL,
            path TEXT NOT NULL,
            name TEXT NOT NULL,
            short_name TEXT NOT NULL,
            url TEXT NOT NULL,
            archived INTEGER NOT NULL,
            fork INTEGER NOT NULL,
            topics TEXT NOT NULL,
            PRIMARY KEY (discovery, id)
        ) WITHOUT ROWID;
        """);

    public override void Down() => IfDatabase("sqlite").Execute.Sql("""
        DROP TABLE listed_repositories;
        DROP TABLE listings;
        """);
}
