using FluentMigrator;

namespace RepoSentry.Storage.Migrations;

/// <summary>Repositories that came through the API, as they were given, and what operators paused.</summary>
internal sealed class M0005RunTimeRepositories : Migration
{
    public const long Number = 5;

    public override void Up() => IfDatabase("sqlite").Execute.Sql("""
        -- The entry as JSON; null for one of the file.
        ALTER TABLE repository_states ADD COLUMN entry TEXT;

        -- An operator's pause; it outlives reloads and restarts.
        ALTER TABLE repository_states ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;
        """);

    public override void Down() => IfDatabase("sqlite").Execute.Sql("""
        ALTER TABLE repository_states DROP COLUMN paused;
        ALTER TABLE repository_states DROP COLUMN entry;
        """);
}
