using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Data.Sqlite;

namespace RepoSentry.Storage.Sqlite;

/// <summary>
/// A connection whose commands keep their compiled statements: SQLite's library compiles the text of each new command anew, which costs more than running it
/// (engines with a server do this by themselves). Not thread-safe, as no SQLite connection is.
/// </summary>
internal sealed class PreparedConnection(SqliteConnection inner) : DbConnection
{
    /// <summary>Lists of values give texts of many lengths: what comes after so many is compiled each time.</summary>
    private const int MaxStatements = 100;

    private readonly Dictionary<string, SqliteCommand> idle = new(StringComparer.Ordinal);
    private SqliteTransaction? pending;
    private int made;

    [AllowNull]
    public override string ConnectionString
    {
        get => inner.ConnectionString;
        set => throw new NotSupportedException();
    }

    public override string Database => inner.Database;
    public override string DataSource => inner.DataSource;
    public override string ServerVersion => inner.ServerVersion;
    public override ConnectionState State => inner.State;

    public override void Open()
    {
        // it is open
    }

    public override void Close() => inner.Close();

    public override void ChangeDatabase(string databaseName) => throw new NotSupportedException();

    public SqliteTransaction BeginTransaction(bool deferred) => pending = inner.BeginTransaction(deferred);

    /// <summary>The transaction under way, which every command must carry; null if there is none.</summary>
    internal SqliteTransaction? Pending => pending?.Connection is null ? null : pending;

    internal SqliteCommand Take(string text) => idle.Remove(text, out var command) ? command : Make(text);

    /// <summary>Gives a command back whose statements are reset.</summary>
    internal void Return(SqliteCommand command)
    {
        command.Transaction = null;
        if (made > MaxStatements || !idle.TryAdd(command.CommandText, command))
        {
            made--;
            command.Dispose();
        }
    }

    protected override DbTransaction BeginDbTransaction(IsolationLevel isolationLevel) => pending = inner.BeginTransaction(isolationLevel);

    protected override DbCommand CreateDbCommand() => new PreparedCommand(this);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (var command in idle.Values)
            {
                command.Dispose();
            }

            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private SqliteCommand Make(string text)
    {
        made++;
        var command = inner.CreateCommand();
#pragma warning disable CA2100 // the stores' own text, with parameters
        command.CommandText = text;
#pragma warning restore CA2100
        return command;
    }
}

/// <summary>Gathers text and parameters, and runs them on a command that has the text compiled already.</summary>
internal sealed class PreparedCommand(PreparedConnection connection) : DbCommand
{
    private readonly SqliteCommand gathered = new();
    private SqliteCommand? real;

    [AllowNull]
    public override string CommandText { get; set; } = "";

    public override int CommandTimeout
    {
        get => gathered.CommandTimeout;
        set => gathered.CommandTimeout = value;
    }

    public override CommandType CommandType { get; set; } = CommandType.Text;
    public override bool DesignTimeVisible { get; set; }
    public override UpdateRowSource UpdatedRowSource { get; set; }
    protected override DbConnection? DbConnection { get; set; } = connection;
    protected override DbParameterCollection DbParameterCollection => gathered.Parameters;
    protected override DbTransaction? DbTransaction { get; set; }

    public override void Cancel()
    {
        // SQLite's commands end by themselves
    }

    public override int ExecuteNonQuery() => Ready().ExecuteNonQuery();

    public override object? ExecuteScalar() => Ready().ExecuteScalar();

    public override void Prepare()
    {
        // it is, from its second use on
    }

    protected override DbParameter CreateDbParameter() => new SqliteParameter();

    protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior) => Ready().ExecuteReader(behavior);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            if (real is not null)
            {
                connection.Return(real);
                real = null;
            }

            gathered.Dispose();
        }

        base.Dispose(disposing);
    }

    private SqliteCommand Ready()
    {
        if (real is not null && real.CommandText != CommandText)
        {
            connection.Return(real);
            real = null;
        }

        real ??= connection.Take(CommandText);
        real.Transaction = (SqliteTransaction?)DbTransaction ?? connection.Pending;
        var (from, to) = (gathered.Parameters, real.Parameters);
        if (from.Count != to.Count)
        {
            to.Clear();
            for (var at = 0; at < from.Count; at++)
            {
                to.Add(new SqliteParameter(from[at].ParameterName, from[at].Value));
            }

            return real;
        }

        for (var at = 0; at < from.Count; at++)
        {
            // The order may differ between two callers of one text.
            to[at].ParameterName = from[at].ParameterName;
            to[at].Value = from[at].Value;
        }

        return real;
    }
}
