using FluentMigrator;

namespace RepoSentry.Storage.Migrations;

/// <summary>What the adaptive policy has learnt of each repository's changes.</summary>
internal sealed class M0008Policy : Migration
{
    public const long Number = 8;

    public override void Up() => IfDatabase("sqlite").Execute.Sql("ALTER TABLE repository_states ADD COLUMN policy_state BLOB;");

    public override void Down() => IfDatabase("sqlite").Execute.Sql("ALTER TABLE repository_states DROP COLUMN policy_state;");
}
