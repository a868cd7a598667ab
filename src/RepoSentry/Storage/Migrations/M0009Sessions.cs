using FluentMigrator;

namespace RepoSentry.Storage.Migrations;

/// <summary>Browser sessions: the sealed keys of their cookies, and those that were signed out before their end.</summary>
internal sealed class M0009Sessions : Migration
{
    public const long Number = 9;

    public override void Up() => IfDatabase("sqlite").Execute.Sql("""
        CREATE TABLE key_ring (
            name TEXT PRIMARY KEY,
            sealed TEXT NOT NULL,
            created_at TEXT NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE ended_sessions (
            id TEXT PRIMARY KEY,
            expires_at TEXT NOT NULL
        ) WITHOUT ROWID;
        """);

    public override void Down() => IfDatabase("sqlite").Execute.Sql("""
        DROP TABLE ended_sessions;
        DROP TABLE key_ring;
        """);
}
