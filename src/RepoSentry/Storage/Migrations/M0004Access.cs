using FluentMigrator;

namespace RepoSentry.Storage.Migrations;

/// <summary>Who may ask, and who did what. A revoked token stays as a row, so that its use is told apart from a guess; its name is free again.</summary>
internal sealed class M0004Access : Migration
{
    public const long Number = 4;

    public override void Up() => IfDatabase("sqlite").Execute.Sql("""
        CREATE TABLE api_tokens (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL,
            prefix TEXT NOT NULL,
            digest TEXT NOT NULL UNIQUE,
            role TEXT NOT NULL,
            created_at TEXT NOT NULL,
            created_by TEXT NOT NULL,
            expires_at TEXT,
            revoked_at TEXT,
            last_used_at TEXT,
            last_used_from TEXT
        );
        CREATE UNIQUE INDEX ux_api_tokens_name ON api_tokens (name) WHERE revoked_at IS NULL;
        CREATE TABLE audit_log (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            started_at TEXT NOT NULL,
            actor TEXT NOT NULL,
            role TEXT,
            address TEXT,
            action TEXT NOT NULL,
            object TEXT,
            outcome TEXT NOT NULL,
            status INTEGER,
            request_id TEXT,
            detail TEXT
        );
        INSERT INTO sequences (name, value) VALUES ('tokens', 0);
        """);

    public override void Down() => IfDatabase("sqlite").Execute.Sql("""
        DELETE FROM sequences WHERE name = 'tokens';
        DROP TABLE audit_log;
        DROP TABLE api_tokens;
        """);
}
