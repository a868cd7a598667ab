using System.Text.RegularExpressions;
using RepoSentry.Abstractions;

namespace RepoSentry.Configuration;

/// <summary>The keys of every trigger that speaks HTTP: where to, with which headers, and who is trusted there.</summary>
internal sealed partial class HttpKeys(SecurityConfig security)
{
    /// <summary>Set by the transport, or by us on each attempt.</summary>
    private static readonly string[] NotToBeSet = ["Host", "Content-Length", "Transfer-Encoding", "Connection"];

    /// <returns>Null where there is no URL that could be used.</returns>
    public TriggerConfig? Read(SectionReader section, string urlKey, bool optional, TriggerConfig trigger)
    {
        var url = Url(section, urlKey, optional);
        var headers = Headers(section.Section("headers"), out var secretHeader);
        var caFile = section.ExistingFile("ca_file");
        if (url is null)
        {
            return null;
        }

        if ((section.Says("secret") || secretHeader) && TriggerSections.IsUnsafe(url, security))
        {
            section.Error(urlKey, "a secret must not travel over plain http", TriggerSections.UseHttps(url));
        }

        return trigger with { Url = url, Headers = headers, CaFile = caFile };
    }

    /// <summary>Whether a header or variable of this name holds a secret, however it is written.</summary>
    public static bool IsSensitive(string name) => Sensitive.IsMatch(name);

    private static Uri? Url(SectionReader section, string key, bool optional)
    {
        var text = optional ? section.Text(key) : section.Required(key) ?? "";
        if (text.Length == 0 || Urls.TryParse(text, ["https", "http"], out var url, out var problem, out var hint))
        {
            return text.Length == 0 ? null : new Uri(text);
        }

        section.Error(key, problem, problem.Contains("password", StringComparison.Ordinal) ? "leave it out and use `secret` or `headers`" : hint);
        return null;
    }

    private static Dictionary<string, Secret> Headers(SectionReader section, out bool anySecret)
    {
        var headers = new Dictionary<string, Secret>(StringComparer.OrdinalIgnoreCase);
        anySecret = false;
        foreach (var name in section.Keys)
        {
            var sensitive = IsSensitive(name);
            var value = section.Secret(name, literalIsFine: !sensitive) ?? new Secret("");
            anySecret |= sensitive || value.Origin is not null;
            if (!HeaderName.IsMatch(name) || NotToBeSet.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                section.Error(name, $"{Wording.Quote(name)} is not a header that can be set");
            }
            else if (!headers.TryAdd(name, value))
            {
                section.Error(name, "the header stands twice", "upper and lower case are one name");
            }
        }

        return headers;
    }

    [GeneratedRegex(@"\A[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 5000)]
    private static partial Regex HeaderName { get; }

    [GeneratedRegex("authorization|token|secret|password|api-?key|cookie", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Sensitive { get; }
}
