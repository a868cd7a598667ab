using System.Text.Encodings.Web;
using System.Text.Json;
using RepoSentry.Configuration;
using RepoSentry.Tests.Api;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Documentation;

/// <summary>Files that are made of the source. REPOSENTRY_REGENERATE=1 writes them anew.</summary>
public sealed class GeneratedFileTests
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Fact]
    public async Task The_checked_in_description_of_the_api_is_the_one_that_is_served()
    {
        await using var host = await RunningHost.StartAsync();
        Compare("docs/openapi.json", JsonSerializer.Serialize(await host.JsonAsync("/openapi/v1.json"), Readable).ReplaceLineEndings("\n") + "\n");
    }

    [Fact]
    public async Task The_checked_in_schema_of_the_configuration_is_the_one_that_is_served()
    {
        await using var host = await RunningHost.StartAsync();
        (await host.Http.GetStringAsync(new Uri("/schema/config.json", UriKind.Relative), TestContext.Current.CancellationToken)).ShouldBe(ConfigSchema.Text);
        Compare("docs/config.schema.json", ConfigSchema.Text);
    }

    private static void Compare(string path, string made)
    {
        var file = Path.Combine(Document.Root, path);
        if (Environment.GetEnvironmentVariable("REPOSENTRY_REGENERATE") == "1")
        {
            File.WriteAllText(file, made);
        }

        File.ReadAllText(file).ShouldBe(made, $"{path} is not what the source makes: run this test with REPOSENTRY_REGENERATE=1 and look at the difference");
    }
}
