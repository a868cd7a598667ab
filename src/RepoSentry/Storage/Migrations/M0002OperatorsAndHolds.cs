using FluentMigrator;

namespace RepoSentry.Storage.Migrations;

/// <summary>What operators ask for (retries out of order, with an age of their own), held drops, moved and archived repositories, where an attempt's time went.</summary>
internal sealed class M0002OperatorsAndHolds : Migration
{
    public const long Number = 2;

    public override void Up() => IfDatabase("sqlite").Execute.Sql("""
        ALTER TABLE delivery_attempts ADD COLUMN phases TEXT;

        -- Asked for by an operator: exempt from order; its age counts from that moment.
        ALTER TABLE deliveries ADD COLUMN out_of_order INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE deliveries ADD COLUMN age_from DATETIME;

        ALTER TABLE repository_states ADD COLUMN archived INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE repository_states ADD COLUMN moved_to TEXT;

        -- How many refs the kind had at the last look at all of it, watched or not.
        ALTER TABLE snapshots ADD COLUMN whole_count INTEGER;

        -- Refs that one look lacked, too many to be believed at once. They stay in the snapshot meanwhile.
        CREATE TABLE held_drops (
            repository_id INTEGER NOT NULL REFERENCES repository_states(id) ON DELETE CASCADE,
            kind TEXT NOT NULL,
            missing BLOB NOT NULL,
            missing_count INTEGER NOT NULL,
            known_count INTEGER NOT NULL,
            looks INTEGER NOT NULL,
            since DATETIME NOT NULL,
            last_look_at DATETIME NOT NULL,
            released_at DATETIME,
            PRIMARY KEY (repository_id, kind)
        ) WITHOUT ROWID;
        """);

    public override void Down() => IfDatabase("sqlite").Execute.Sql("""
        DROP TABLE held_drops;
        ALTER TABLE snapshots DROP COLUMN whole_count;
        ALTER TABLE repository_states DROP COLUMN moved_to;
        ALTER TABLE repository_states DROP COLUMN archived;
        ALTER TABLE deliveries DROP COLUMN age_from;
        ALTER TABLE deliveries DROP COLUMN out_of_order;
        ALTER TABLE delivery_attempts DROP COLUMN phases;
        """);
}
