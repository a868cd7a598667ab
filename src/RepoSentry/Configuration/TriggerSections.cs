using System.Text.RegularExpressions;
using RepoSentry.Abstractions;

namespace RepoSentry.Configuration;

/// <summary>The <c>tekton</c> section and the <c>triggers</c> list. The section is a trigger of that name.</summary>
internal sealed partial class TriggerSections(SecurityConfig security)
{
    private const string Tekton = "tekton";
    private static readonly string[] LaterTypes = ["webhook", "cloudevents", "exec", "rabbitmq", "redis", "nats", "kafka", "plugin"];
    private static readonly string[] EventTypes =
    [
        "branch_created", "branch_updated", "branch_deleted", "tag_created", "tag_updated", "tag_deleted",
    ];

    /// <summary>Set by the transport, or by us on each attempt.</summary>
    private static readonly string[] NotToBeSet = ["Host", "Content-Length", "Transfer-Encoding", "Connection"];

    private readonly Names names = new("trigger");

    public IReadOnlyCollection<string> Declared => names.Declared;

    public IReadOnlyList<TriggerConfig> Read(SectionReader root)
    {
        var section = root.Section(Tekton);
        var triggers = new List<TriggerConfig>();
        if (section.Keys.Count > 0)
        {
            if (section.Says("event_listener_url"))
            {
                names.Declare(section.Load, Tekton, section.Place);
            }
            else
            {
                section.Load.Problems.Warn(section.Place, "tekton has no event_listener_url, so nothing is sent there");
            }

            AddTo(triggers, Trigger(section, Tekton, "event_listener_url", optional: true));
        }

        section.Done();
        foreach (var entry in root.Entries("triggers"))
        {
            var name = names.Read(entry);
            if (entry.Choice("type", Tekton, [Tekton], LaterTypes) is var type && entry.Has("type") && entry.AsWritten("type") != type)
            {
                // Options of a type that is not there yet are not known here.
                continue;
            }

            AddTo(triggers, Trigger(entry, name ?? "?", "url", optional: false));
            entry.Done();
        }

        return triggers;
    }

    private TriggerConfig? Trigger(SectionReader section, string name, string urlKey, bool optional)
    {
        var standard = new TriggerConfig { Name = name, Url = new Uri("http://localhost") };
        var (retry, headers) = (section.Section("retry"), section.Section("headers"));
        var url = Url(section, urlKey, optional);
        var trigger = standard with
        {
            Url = url ?? standard.Url,
            Secret = section.Secret("secret"),
            Format = section.Choice("format", standard.Format, ["auto", "github", "gitlab", "cloudevents"], "gitea", "bitbucket", "native"),
            Events = section.Texts("events"),
            Coalesce = section.Choice("coalesce", standard.Coalesce, ["none", "latest"]),
            Timeout = section.Duration("timeout", standard.Timeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)),
            Headers = Headers(headers, out var secretHeader),
            CaFile = section.ExistingFile("ca_file"),
            RequestsPerSecond = section.Number("requests_per_second", standard.RequestsPerSecond, 0, 10_000),
            MaxInFlight = section.Integer("max_in_flight", standard.MaxInFlight, 0, 10_000),
            Retry = Retry(retry, standard.Retry),
        };
        CheckEvents(section, trigger.Events);
        if (url is not null && (section.Says("secret") || secretHeader) && IsUnsafe(url, security))
        {
            section.Error(urlKey, "a secret must not travel over plain http", UseHttps(url));
        }

        return url is null ? null : trigger;
    }

    public static bool IsUnsafe(Uri url, SecurityConfig security) => security.RequireHttps && url.Scheme == "http" && !Urls.IsSafeWithoutTls(url, security.InsecureHosts);

    public static string UseHttps(Uri url) => $"use https, or name {Wording.Quote(url.IdnHost)} in security.insecure_hosts";

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
            var sensitive = Sensitive.IsMatch(name);
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

    private static RetryConfig Retry(SectionReader retry, RetryConfig standard)
    {
        var config = new RetryConfig
        {
            Initial = retry.Duration("initial", standard.Initial, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)),
            Max = retry.Duration("max", standard.Max, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)),
            MaxAge = retry.Duration("max_age", standard.MaxAge, TimeSpan.FromMinutes(1), TimeSpan.FromDays(365)),
        };
        if (config.Initial > config.Max)
        {
            retry.Error("initial", $"{Durations.Format(config.Initial)} is longer than retry.max ({Durations.Format(config.Max)})");
        }

        retry.Done();
        return config;
    }

    private static void CheckEvents(SectionReader section, IReadOnlyList<string> globs)
    {
        foreach (var glob in globs)
        {
            var pattern = glob.StartsWith('!') ? glob[1..] : glob;
            if (pattern.Length == 0 || !EventTypes.Any(type => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern.Replace("**", "*", StringComparison.Ordinal), type, ignoreCase: false)))
            {
                section.Error("events", $"{section.Load.Quote(glob)} matches no event type", Wording.DidYouMean(pattern, EventTypes) ?? "types: " + string.Join(", ", EventTypes));
            }
        }
    }

    private static void AddTo(List<TriggerConfig> triggers, TriggerConfig? trigger)
    {
        if (trigger is not null)
        {
            triggers.Add(trigger);
        }
    }

    [GeneratedRegex(@"\A[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 5000)]
    private static partial Regex HeaderName { get; }

    [GeneratedRegex("authorization|token|secret|password|api-?key|cookie", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Sensitive { get; }
}
