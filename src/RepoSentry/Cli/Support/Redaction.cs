using System.Collections;
using System.IO.Enumeration;
using System.Text;
using System.Text.RegularExpressions;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;

namespace RepoSentry.Cli.Support;

/// <summary>Secrets that this process can know are taken out of every text once more, in whatever form they would stand there.</summary>
internal sealed partial class Redaction
{
    // Shorter ones would take ordinary words out of the texts.
    private const int Least = 6;

    private readonly HashSet<string> secrets = new(StringComparer.Ordinal);

    public Redaction()
    {
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            if (new SecurityConfig().AllowedEnvVars.Where(pattern => pattern != "*_URL").Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, (string)variable.Key, ignoreCase: true)))
            {
                Know(variable.Value as string);
            }
        }
    }

    public void Know(SentryConfig config)
    {
        foreach (var query in config.Triggers.Select(trigger => trigger.Url?.Query).Concat(config.Repositories.Select(repository => repository.Url.Query)).OfType<string>())
        {
            Know(query.TrimStart('?'));
        }

        Secret?[] all = [config.Api.BootstrapToken, .. config.Providers.SelectMany(provider => (Secret?[])[provider.Token, provider.App?.PrivateKey]), .. config.Triggers.Select(trigger => trigger.Secret), .. config.Triggers.SelectMany(trigger => trigger.Headers.Values)];
        foreach (var secret in all.OfType<Secret>())
        {
            try
            {
                Know(secret.Reveal());
            }
            catch (Exception e) when (e is InvalidOperationException or IOException or UnauthorizedAccessException)
            {
                // what cannot be read here cannot have been written here either
            }
        }
    }

    public void Know(string? secret)
    {
        if (secret?.Trim() is { Length: >= Least } value)
        {
            secrets.UnionWith([value, Uri.EscapeDataString(value), Convert.ToBase64String(Encoding.UTF8.GetBytes(value))]);
        }
    }

    public string Of(string text)
    {
        foreach (var secret in secrets.OrderByDescending(secret => secret.Length))
        {
            text = text.Replace(secret, "***", StringComparison.Ordinal);
        }

        return ApiToken.Replace(UserInfo.Replace(text, "://***@"), "***");
    }

    [GeneratedRegex(@"://[^/\s""'@]+@", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 5000)]
    private static partial Regex UserInfo { get; }

    [GeneratedRegex(@"\b(rst_[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{20,})", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex ApiToken { get; }
}
