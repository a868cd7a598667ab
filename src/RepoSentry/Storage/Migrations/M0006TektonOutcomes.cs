using FluentMigrator;

namespace RepoSentry.Storage.Migrations;

/// <summary>What Tekton says it did with what an EventListener accepted.</summary>
internal sealed class M0006TektonOutcomes : Migration
{
    public const long Number = 6;

    public override void Up() => IfDatabase("sqlite").Execute.Sql("""
        -- One row for each run, and one without a run (object '') for what the EventListener itself says. Joined to deliveries by receipt_id.
        CREATE TABLE tekton_outcomes (
            receipt_id TEXT NOT NULL,
            object TEXT NOT NULL,
            kind TEXT NOT NULL,
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            state TEXT NOT NULL,
            reason TEXT,
            message TEXT,
            updated_at DATETIME NOT NULL,
            PRIMARY KEY (receipt_id, object)
        ) WITHOUT ROWID;
        CREATE INDEX idx_tekton_outcomes_updated ON tekton_outcomes(updated_at);
        """);

    public override void Down() => IfDatabase("sqlite").Execute.Sql("DROP TABLE tekton_outcomes;");
}
