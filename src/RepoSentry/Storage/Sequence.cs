using Dapper;

namespace RepoSentry.Storage;

/// <summary>Numbers that become visible in order on every engine: one row, locked until the commit.</summary>
internal static class Sequence
{
    /// <summary>The first of <paramref name="count"/> numbers in a row, the first ever being 1.</summary>
    public static async Task<long> TakeAsync(WriteScope scope, string name, int count)
    {
        if (count == 0)
        {
            return 0;
        }

        await scope.Connection.ExecuteAsync("UPDATE sequences SET value = value + @count WHERE name = @name", new { name, count }, scope.Transaction);
        return await scope.Connection.ExecuteScalarAsync<long>("SELECT value FROM sequences WHERE name = @name", new { name }, scope.Transaction) - count + 1;
    }
}
