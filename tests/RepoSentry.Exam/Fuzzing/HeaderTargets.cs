using System.Text;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Providers;
using RepoSentry.Providers.GitHub;
using RepoSentry.Providers.GitLab;

namespace RepoSentry.Exam.Fuzzing;

/// <summary>Headers of forges' answers: pages, tags, limits, waits, clocks.</summary>
internal static class HeaderTargets
{
    private static readonly Uri At = new("https://forge.example/api/v4/projects/1/branches?per_page=100");
    private static readonly StillTime Time = new();
    private static readonly ProviderConfig Provider = new() { Name = "forge", Type = "gitlab", Url = new Uri("https://forge.example"), Token = new Secret("token") };

    public static FuzzTarget Target => new(
        "forge headers",
        [
            new(
                "status and headers",
                [
                    .. new[]
                    {
                        "200\nLink: <https://forge.example/api/v4/projects/1/branches?page=2>; rel=\"next\", <https://forge.example/x?page=9>; rel=\"last\"\nETag: W/\"abc\"\nDate: Thu, 01 Jan 2026 00:00:00 GMT",
                        "429\nRetry-After: 60\nRateLimit-Limit: 600\nRateLimit-Remaining: 0\nRateLimit-Reset: 1767225660",
                        "403\nRetry-After: Thu, 01 Jan 2026 00:01:00 GMT\nx-ratelimit-limit: 5000\nx-ratelimit-remaining: 0\nx-ratelimit-used: 5000\nx-ratelimit-reset: 1767225660\nx-ratelimit-resource: core",
                        "200\ngithub-authentication-token-expiration: 2026-12-01 10:00:00 UTC\nX-Total-Count: 7\nx-ratelimit-limit: 5000\nx-ratelimit-remaining: 4999\nx-ratelimit-reset: 1767225660",
                    }.Select(Encoding.UTF8.GetBytes),
                ],
                Read),
        ],
        "<", ">", "; rel=\"next\"", ", ", "page=", "page=-1", "page=2147483648", "?", "&", "#", "//other.example/", "https://other.example/?page=2", "http://[", "\n", ": ", "Link: ", "Retry-After: ", "Date: ", "ETag: ", "X-Total-Count: ",
        "Thu, 01 Jan 9999 00:00:00 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "RateLimit-Reset: ", "RateLimit-Interval-Seconds: ", "x-ratelimit-reset: ", "9223372036854775807", "253402300798", "-1", "\0", "\r", "\u00ff");

    private static string Read(byte[] bytes)
    {
        var lines = Encoding.Latin1.GetString(bytes).Split('\n');
        using var response = new HttpResponseMessage(int.TryParse(lines[0], out var status) && status is > 99 and < 600 ? (System.Net.HttpStatusCode)status : System.Net.HttpStatusCode.TooManyRequests);
        foreach (var line in lines.Skip(1))
        {
            var colon = line.IndexOf(": ", StringComparison.Ordinal);
            if (colon > 0)
            {
                response.Headers.TryAddWithoutValidation(line[..colon], line[(colon + 2)..]);
            }
        }

        var hub = new GitHubRateLimit(GitHubOptions.For(Provider with { Type = "github", Url = null }), Time);
        var other = new ForgeRateLimit(GitLabOptions.For(Provider), Time);
        hub.Note(response, hub.Core);
        other.Note(response);
        TimeSpan?[] waits = [ForgeHttp.RetryAfter(response, Time), hub.Refused(response, ""), other.Refused(response), hub.AfterReset(response)];
        if (Array.Exists(waits, wait => wait < TimeSpan.Zero) || Array.Exists(waits[1..], wait => wait > TimeSpan.FromMinutes(65)))
        {
            throw new BrokenLawException("a wait is below nothing, or longer than an hour and a bit");
        }

        var next = ForgeHttp.Link(response, At, "next");
        if (next is { Length: > 0 } && !next.StartsWith('?'))
        {
            throw new BrokenLawException("a Link header leads to more than a query");
        }

        return $"{response.StatusCode}, {(next is null ? "last page" : "more")}, {(ForgeHttp.PageNumber(ForgeHttp.Link(response, At, "last")) is null ? "" : "counted")}, {(ForgeHttp.ETag(response) is null ? "" : "tag")}, "
            + $"{string.Join(',', waits.Select(wait => wait is null ? "none" : wait.Value.TotalSeconds switch { 0 => "now", < 60 => "seconds", < 3600 => "minutes", _ => "long" }))}, {(hub.TokenEnd is null ? "" : "ends")}, "
            + $"{hub.Core.Current?.Remaining > 0}, {other.Current?.Remaining > 0}, {ForgeHttp.Number(response, "X-Total-Count") > 0}, {Math.Sign(ForgeHttp.Skew(response, Time).Ticks)}";
    }
}
