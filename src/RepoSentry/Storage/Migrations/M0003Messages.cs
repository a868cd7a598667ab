using FluentMigrator;

namespace RepoSentry.Storage.Migrations;

/// <summary>What is sent stands apart from its delivery: a delivery's row changes with each attempt, the message never, and lists of deliveries do not read it.</summary>
internal sealed class M0003Messages : Migration
{
    public const long Number = 3;

    public override void Up() => IfDatabase("sqlite").Execute.Sql("""
        CREATE TABLE delivery_messages (
            delivery_id INTEGER PRIMARY KEY REFERENCES deliveries(id) ON DELETE CASCADE,
            headers TEXT NOT NULL,
            body BLOB NOT NULL
        );
        INSERT INTO delivery_messages (delivery_id, headers, body) SELECT id, headers, body FROM deliveries WHERE body IS NOT NULL AND headers IS NOT NULL;
        ALTER TABLE deliveries DROP COLUMN headers;
        ALTER TABLE deliveries DROP COLUMN body;
        """);

    public override void Down() => IfDatabase("sqlite").Execute.Sql("""
        ALTER TABLE deliveries ADD COLUMN headers TEXT;
        ALTER TABLE deliveries ADD COLUMN body BLOB;
        UPDATE deliveries SET headers = m.headers, body = m.body FROM delivery_messages m WHERE m.delivery_id = deliveries.id;
        DROP TABLE delivery_messages;
        """);
}
