using System.CommandLine.Parsing;
using System.Net.Http.Headers;
using System.Text;
using RepoSentry.Tests.Api;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Documentation;

/// <summary>The curl lines of the page about the API, sent to a running service.</summary>
public sealed class ApiExampleTests
{
    [Fact]
    public async Task Every_example_of_the_api_is_answered()
    {
        await using var host = await RunningHost.StartAsync();
        await host.RecordAsync(2);
        var lines = Document.At("docs/en/api.md").Blocks.Where(block => block.Language == "sh").SelectMany(block => block.Lines).Where(line => line.StartsWith("curl ", StringComparison.Ordinal)).ToList();
        lines.Count.ShouldBeGreaterThan(15);
        var wrong = new List<string>();
        foreach (var line in lines)
        {
            using var request = Request(line);
            using var answer = await host.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);

            // This service was not started from a file: that it says so is its answer.
            if (!answer.IsSuccessStatusCode && !line.EndsWith("/reload", StringComparison.Ordinal))
            {
                wrong.Add($"{(int)answer.StatusCode}: {line}");
            }
        }

        wrong.ShouldBeEmpty();
    }

    private static HttpRequestMessage Request(string line)
    {
        var parts = line.Split(" -d '");
        var words = CommandLineParser.SplitCommandLine(parts[0]).ToList();
        var method = words.Contains("-X") ? new HttpMethod(words[words.IndexOf("-X") + 1]) : HttpMethod.Get;
        var request = new HttpRequestMessage(method, new Uri(words.Single(word => word.Contains("$API", StringComparison.Ordinal)).Replace("$API", "", StringComparison.Ordinal), UriKind.Relative));
        foreach (var header in words.Where((_, at) => at > 0 && words[at - 1] == "-H" && !words[at].StartsWith("Content-Type", StringComparison.Ordinal)))
        {
            var (name, value) = (header.Split(": ")[0], header.Split(": ")[1]);
            request.Headers.TryAddWithoutValidation(name, value);
        }

        if (parts.Length > 1)
        {
            // What is added must not be looked for in the world.
            var body = parts[1].TrimEnd('\'').Replace("https://github.com/acme/lib\"", "http://127.0.0.1:1/lib.git\", \"provider\": \"git\"", StringComparison.Ordinal);
            request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        }

        return request;
    }
}
