using FluentMigrator;

namespace RepoSentry.Storage.Migrations;

/// <summary>An index for each filter of the lists, in the order of the pages; answers that are kept for callers who ask again.</summary>
internal sealed class M0007Api : Migration
{
    public const long Number = 7;

    public override void Up() => IfDatabase("sqlite").Execute.Sql("""
        DROP INDEX idx_events_repository;
        DROP INDEX idx_events_created_at;
        DROP INDEX idx_events_status;
        CREATE INDEX idx_events_repository ON events(repository_name, seq);
        CREATE INDEX idx_events_created_at ON events(created_at, seq);
        CREATE INDEX idx_events_status ON events(status, seq);
        CREATE INDEX idx_events_type ON events(event_type, seq);
        CREATE INDEX idx_events_branch ON events(branch_name, seq);
        CREATE INDEX idx_events_commit ON events(commit_sha);

        -- Of the event's repository: its name may change.
        ALTER TABLE deliveries ADD COLUMN repository_id INTEGER;
        UPDATE deliveries SET repository_id = (SELECT r.id FROM events e JOIN repository_states r ON r.name = e.repository_name WHERE e.id = deliveries.event_id);
        CREATE INDEX idx_deliveries_repository ON deliveries(repository_id, id);
        CREATE INDEX idx_deliveries_trigger ON deliveries(trigger_name, id);

        CREATE INDEX idx_repo_states_status ON repository_states(status, name);
        CREATE INDEX idx_audit_log_actor ON audit_log(actor, id);
        CREATE INDEX idx_audit_log_action ON audit_log(action, id);
        CREATE INDEX idx_audit_log_outcome ON audit_log(outcome, id);
        CREATE INDEX idx_audit_log_started_at ON audit_log(started_at, id);

        CREATE TABLE idempotency_keys (
            caller TEXT NOT NULL,
            name TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            boot_id TEXT NOT NULL,
            created_at TEXT NOT NULL,
            status INTEGER,
            content_type TEXT,
            location TEXT,
            body BLOB,
            PRIMARY KEY (caller, name)
        ) WITHOUT ROWID;
        CREATE INDEX idx_idempotency_keys_created_at ON idempotency_keys(created_at);
        """);

    public override void Down() => IfDatabase("sqlite").Execute.Sql("""
        DROP TABLE idempotency_keys;
        DROP INDEX idx_audit_log_started_at;
        DROP INDEX idx_audit_log_outcome;
        DROP INDEX idx_audit_log_action;
        DROP INDEX idx_audit_log_actor;
        DROP INDEX idx_repo_states_status;
        DROP INDEX idx_deliveries_trigger;
        DROP INDEX idx_deliveries_repository;
        ALTER TABLE deliveries DROP COLUMN repository_id;
        DROP INDEX idx_events_commit;
        DROP INDEX idx_events_branch;
        DROP INDEX idx_events_type;
        DROP INDEX idx_events_status;
        DROP INDEX idx_events_created_at;
        DROP INDEX idx_events_repository;
        CREATE INDEX idx_events_repository ON events(repository_name);
        CREATE INDEX idx_events_created_at ON events(created_at);
        CREATE INDEX idx_events_status ON events(status);
        """);
}
