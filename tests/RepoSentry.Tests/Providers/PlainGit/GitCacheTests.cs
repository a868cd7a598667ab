using Microsoft.Extensions.Time.Testing;
using RepoSentry.Providers.PlainGit;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Providers.PlainGit;

public sealed class GitCacheTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("git-cache-");
    private readonly FakeTimeProvider time = new(Build.Noon);

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task What_was_not_used_for_long_is_deleted_and_what_is_used_stays()
    {
        var cache = new GitCache(folder.FullName, time);
        var (often, once) = (await FillAsync(cache, "often"), await FillAsync(cache, "once"));

        foreach (var _ in Enumerable.Range(0, 8))
        {
            time.Advance(TimeSpan.FromDays(1));
            (await FillAsync(cache, "often")).ShouldBe(often);
        }

        Directory.Exists(often).ShouldBeTrue();
        Directory.Exists(once).ShouldBeFalse();
    }

    [Fact]
    public async Task One_that_is_too_large_is_deleted_after_its_answer()
    {
        var path = await new GitCache(folder.FullName, time).UseAsync("forge", new Uri("https://host/large"), 40, path =>
        {
            Directory.CreateDirectory(path);
            using var file = File.Create(Path.Combine(path, "pack"));
            file.SetLength(GitCache.MaxBytes + 1); // sparse
            return Task.FromResult(path);
        }, TestContext.Current.CancellationToken);

        Directory.Exists(path).ShouldBeFalse();
    }

    [Fact]
    public async Task Credentials_and_object_formats_do_not_share_a_folder()
    {
        var cache = new GitCache(folder.FullName, time);

        string[] paths = [await FillAsync(cache, "web"), await FillAsync(cache, "web", provider: "other"), await FillAsync(cache, "web", idLength: 64), await FillAsync(cache, "api")];

        paths.Distinct(StringComparer.Ordinal).Count().ShouldBe(4);
        paths.ShouldAllBe(path => path.StartsWith(folder.FullName, StringComparison.Ordinal));
    }

    private static Task<string> FillAsync(GitCache cache, string name, string provider = "forge", int idLength = 40) => cache.UseAsync(provider, new Uri("https://host/" + name), idLength, path =>
    {
        Directory.CreateDirectory(path);
        return Task.FromResult(path);
    }, TestContext.Current.CancellationToken);
}
