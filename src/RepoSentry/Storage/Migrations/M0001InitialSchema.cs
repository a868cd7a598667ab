using FluentMigrator;

namespace RepoSentry.Storage.Migrations;

/// <summary>
/// The brief's two tables and five indexes with our columns beside, and what they lacked: refs, snapshots, deliveries with attempts, ownership.
/// Times are UTC text (<c>yyyy-MM-dd HH:mm:ss.fff</c>), which sorts, compares with CURRENT_TIMESTAMP and can be read in a shell.
/// </summary>
internal sealed class M0001InitialSchema : Migration
{
    public const long Number = 1;

    public override void Up() => IfDatabase("sqlite").Execute.Sql("""
        CREATE TABLE sequences (
            name TEXT PRIMARY KEY,
            value INTEGER NOT NULL
        ) WITHOUT ROWID;
        INSERT INTO sequences (name, value) VALUES ('events', 0), ('deliveries', 0), ('commands', 0);

        CREATE TABLE repository_states (
            id INTEGER PRIMARY KEY,
            name TEXT UNIQUE NOT NULL,
            url TEXT NOT NULL,
            provider TEXT NOT NULL,
            source TEXT NOT NULL DEFAULT 'file',
            last_checked DATETIME,
            last_changed DATETIME,
            last_commit_sha TEXT,
            branch_count INTEGER,
            default_branch TEXT,
            forge_id TEXT,
            labels TEXT NOT NULL DEFAULT '{}',
            status TEXT NOT NULL DEFAULT 'pending',
            error TEXT,
            created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
            updated_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
        );
        CREATE INDEX idx_repo_states_last_checked ON repository_states(last_checked) WHERE status = 'active';

        -- One row per repository and ref kind. The filter is the one that was in force; a validator belongs to exactly these refs.
        CREATE TABLE snapshots (
            repository_id INTEGER NOT NULL REFERENCES repository_states(id) ON DELETE CASCADE,
            kind TEXT NOT NULL,
            digest BLOB NOT NULL,
            filter TEXT NOT NULL,
            validator TEXT,
            ref_count INTEGER NOT NULL,
            packed_refs BLOB,
            taken_at DATETIME NOT NULL,
            PRIMARY KEY (repository_id, kind)
        ) WITHOUT ROWID;

        CREATE TABLE refs (
            repository_id INTEGER NOT NULL REFERENCES repository_states(id) ON DELETE CASCADE,
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            commit_sha TEXT NOT NULL,
            tag_object_sha TEXT,
            PRIMARY KEY (repository_id, kind, name)
        ) WITHOUT ROWID;

        CREATE TABLE events (
            id TEXT PRIMARY KEY,
            seq INTEGER NOT NULL UNIQUE,
            repository_name TEXT NOT NULL,
            event_type TEXT NOT NULL,
            ref TEXT NOT NULL,
            branch_name TEXT NOT NULL,
            before_sha TEXT,
            commit_sha TEXT NOT NULL,
            status TEXT NOT NULL DEFAULT 'pending',
            metadata TEXT,
            error_message TEXT,
            created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
            processed_at DATETIME,
            FOREIGN KEY (repository_name) REFERENCES repository_states(name) ON UPDATE CASCADE
        );
        CREATE INDEX idx_events_repository ON events(repository_name);
        CREATE INDEX idx_events_created_at ON events(created_at);
        CREATE INDEX idx_events_status ON events(status);
        CREATE INDEX idx_events_composite ON events(repository_name, created_at, status);

        CREATE TABLE deliveries (
            id INTEGER PRIMARY KEY,
            event_id TEXT NOT NULL REFERENCES events(id) ON DELETE CASCADE,
            trigger_name TEXT NOT NULL,
            status TEXT NOT NULL DEFAULT 'waiting',
            attempts INTEGER NOT NULL DEFAULT 0,
            replay INTEGER NOT NULL DEFAULT 0,
            next_attempt_at DATETIME,
            headers TEXT,
            body BLOB,
            receipt_id TEXT,
            last_status INTEGER,
            last_error TEXT,
            created_at DATETIME NOT NULL,
            finished_at DATETIME
        );
        CREATE INDEX idx_deliveries_event ON deliveries(event_id);
        CREATE INDEX idx_deliveries_owed ON deliveries(trigger_name, id) WHERE status IN ('waiting', 'in_flight');
        CREATE INDEX idx_deliveries_status ON deliveries(status, id);
        CREATE INDEX idx_deliveries_receipt ON deliveries(receipt_id) WHERE receipt_id IS NOT NULL;

        CREATE TABLE delivery_attempts (
            id INTEGER PRIMARY KEY,
            delivery_id INTEGER NOT NULL REFERENCES deliveries(id) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            probes INTEGER NOT NULL DEFAULT 0,
            started_at DATETIME NOT NULL,
            duration_ms REAL,
            outcome TEXT NOT NULL,
            http_status INTEGER,
            error TEXT,
            answer TEXT,
            ambiguous INTEGER NOT NULL DEFAULT 0
        );
        CREATE INDEX idx_delivery_attempts_delivery ON delivery_attempts(delivery_id, id);

        -- Spans in which a trigger did not send: an open breaker, a pause. Left out of a delivery's age.
        CREATE TABLE trigger_halts (
            id INTEGER PRIMARY KEY,
            trigger_name TEXT NOT NULL,
            kind TEXT NOT NULL,
            reason TEXT NOT NULL,
            started_at DATETIME NOT NULL,
            ended_at DATETIME
        );
        CREATE INDEX idx_trigger_halts_trigger ON trigger_halts(trigger_name, id);

        CREATE TABLE poll_outcomes (
            id INTEGER PRIMARY KEY,
            repository_id INTEGER NOT NULL REFERENCES repository_states(id) ON DELETE CASCADE,
            started_at DATETIME NOT NULL,
            duration_ms REAL NOT NULL,
            outcome TEXT NOT NULL,
            source TEXT NOT NULL,
            changes INTEGER NOT NULL DEFAULT 0,
            error TEXT
        );
        CREATE INDEX idx_poll_outcomes_repository ON poll_outcomes(repository_id, id);

        CREATE TABLE nodes (
            name TEXT PRIMARY KEY,
            boot_id TEXT NOT NULL,
            started_at DATETIME NOT NULL,
            heartbeat_at DATETIME NOT NULL,
            roles TEXT NOT NULL,
            version TEXT NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE shards (
            name TEXT PRIMARY KEY,
            owner TEXT,
            epoch INTEGER NOT NULL,
            blocked_until DATETIME
        ) WITHOUT ROWID;

        CREATE TABLE commands (
            seq INTEGER PRIMARY KEY,
            kind TEXT NOT NULL,
            target TEXT NOT NULL,
            created_at DATETIME NOT NULL,
            done_at DATETIME
        );
        """);

    public override void Down() => IfDatabase("sqlite").Execute.Sql("""
        DROP TABLE commands;
        DROP TABLE shards;
        DROP TABLE nodes;
        DROP TABLE poll_outcomes;
        DROP TABLE trigger_halts;
        DROP TABLE delivery_attempts;
        DROP TABLE deliveries;
        DROP TABLE events;
        DROP TABLE refs;
        DROP TABLE snapshots;
        DROP TABLE repository_states;
        DROP TABLE sequences;
        """);
}
