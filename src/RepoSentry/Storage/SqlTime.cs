using System.Data;
using System.Globalization;
using Dapper;

namespace RepoSentry.Storage;

/// <summary>How times stand in the database: UTC text with milliseconds. Engines with a time type of their own get that.</summary>
internal sealed class SqlTime : SqlMapper.TypeHandler<DateTimeOffset>
{
    private const string Format = "yyyy-MM-dd HH:mm:ss.fff";

    /// <summary>Tells Dapper, once per process.</summary>
    public static void Register()
    {
        SqlMapper.RemoveTypeMap(typeof(DateTimeOffset));
        SqlMapper.AddTypeHandler(new SqlTime());
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        SqlMapper.Settings.PadListExpansions = true; // lists of many lengths share few texts, and so few compiled statements
    }

    public static string Text(DateTimeOffset time) => time.UtcDateTime.ToString(Format, CultureInfo.InvariantCulture);

    public override DateTimeOffset Parse(object value) => value switch
    {
        string text => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal),
        DateTime time => new DateTimeOffset(DateTime.SpecifyKind(time, DateTimeKind.Utc)),
        _ => throw new DataException($"{value.GetType().Name} is no time"),
    };

    public override void SetValue(IDbDataParameter parameter, DateTimeOffset value)
    {
        parameter.DbType = DbType.String;
        parameter.Value = Text(value);
    }
}
