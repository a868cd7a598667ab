using Microsoft.Data.Sqlite;
using RepoSentry.Configuration;
using RepoSentry.Storage;
using RepoSentry.Storage.Sqlite;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Storage;

public sealed class ForeignFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("foreign-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_database_of_another_program_is_refused_before_anything_of_it_is_changed()
    {
        var path = Make("CREATE TABLE theirs (id INTEGER)");
        var before = File.ReadAllBytes(path);

        Should.Throw<StorageException>(() => SqliteStorage.Choose(path)).Message.ShouldContain("a database of another program");

        File.ReadAllBytes(path).ShouldBe(before);
    }

    [Fact]
    public void Heads_of_the_Go_original_are_its_own_also_without_its_other_tables() =>
        SqliteStorage.Choose(Make("CREATE TABLE repository_states (repository TEXT, branch TEXT, commit_sha TEXT)")).ShouldEndWith("-v2.db");

    [Theory]
    [InlineData("http://h/in?token=abc", "http://h/in?***")]
    [InlineData("https://user:pass@h/in", "https://***@h/in")]
    [InlineData("why? because", "why? because")]
    public void What_a_URL_has_as_user_or_query_is_not_shown(string value, string shown) =>
        new SettingOrigin(OriginKind.Default, null, value).Shown.ShouldBe(shown);

    private string Make(string sql)
    {
        var path = Path.Combine(folder, "f.db");
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
        return path;
    }
}
