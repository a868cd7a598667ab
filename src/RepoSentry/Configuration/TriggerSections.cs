using RepoSentry.Abstractions;

namespace RepoSentry.Configuration;

/// <summary>The <c>tekton</c> section and the <c>triggers</c> list. The section is a trigger of that name.</summary>
internal sealed class TriggerSections(SecurityConfig security)
{
    private const string TektonType = "tekton";
    private static readonly string[] Types = [TektonType, "webhook", "cloudevents", "exec"];
    private static readonly string[] OfCreateDelete = ["branch_created", "branch_deleted", "tag_created", "tag_deleted"];
    private static readonly string[] LaterTypes = ["rabbitmq", "redis", "nats", "kafka", "plugin"];

    private readonly Names names = new("trigger");
    private readonly HttpKeys http = new(security);

    public IReadOnlyCollection<string> Declared => names.Declared;

    public IReadOnlyList<TriggerConfig> Read(SectionReader root)
    {
        var section = root.Section(TektonType);
        var triggers = new List<TriggerConfig>();
        if (section.Keys.Count > 0)
        {
            if (section.Says("event_listener_url"))
            {
                names.Declare(section.Load, TektonType, section.Place);
            }
            else
            {
                section.Load.Problems.Warn(section.Place, "tekton has no event_listener_url, so nothing is sent there");
            }

            AddTo(triggers, Tekton(section, TektonType, "event_listener_url", optional: true), section);
        }

        section.Done();
        foreach (var entry in root.Entries("triggers"))
        {
            var name = names.Read(entry) ?? "?";
            var type = entry.Choice("type", TektonType, Types, LaterTypes);
            if (entry.Has("type") && entry.AsWritten("type") != type)
            {
                // Options of a type that is not there are not known here.
                continue;
            }

            AddTo(triggers, Entry(entry, name, type), entry);
            entry.Done();
        }

        return triggers;
    }

    // The table of types: each has its own keys besides those that all have.
    private TriggerConfig? Entry(SectionReader entry, string name, string type) => type switch
    {
        "webhook" => Webhook(entry, name),
        "cloudevents" => CloudEvents(entry, name),
        "exec" => ExecSection.Read(entry, Common(entry, Unpaced(name, type, TimeSpan.FromSeconds(60)), TimeSpan.FromHours(1))),
        _ => Tekton(entry, name, "url", optional: false),
    };

    private TriggerConfig? Tekton(SectionReader section, string name, string urlKey, bool optional)
    {
        var standard = new TriggerConfig { Name = name };
        var trigger = Common(section, standard) with
        {
            Secret = section.Secret("secret"),
            Format = section.Choice("format", standard.Format, ["auto", "github", TriggerConfig.CreateDelete, "gitlab", "gitea", "bitbucket", "cloudevents", "native"]),
        };
        if (trigger.Format == TriggerConfig.CreateDelete && trigger.Events.Count > 0 && !Array.Exists(OfCreateDelete, GlobSet.Of(trigger.Events).Matches))
        {
            section.Error("events", $"none of them is sent in the format {TriggerConfig.CreateDelete}", "it is for " + string.Join(", ", OfCreateDelete));
        }

        return http.Read(section, urlKey, optional, trigger);
    }

    private TriggerConfig? Webhook(SectionReader section, string name)
    {
        var secret = section.Secret("secret");
        if (secret is not null && WebhookSecret.Keys(secret.Reveal()) is null)
        {
            section.Error("secret", "whsec_ is not followed by base64", "copy it whole as the receiver shows it; several go with blanks between them");
        }

        return http.Read(section, "url", optional: false, Common(section, Unpaced(name, "webhook", TimeSpan.FromSeconds(15))) with { Secret = secret });
    }

    private TriggerConfig? CloudEvents(SectionReader section, string name)
    {
        var standard = Unpaced(name, "cloudevents", TimeSpan.FromSeconds(15));
        return http.Read(section, "url", optional: false, Common(section, standard) with { Mode = section.Choice("mode", standard.Mode, ["binary", "structured"]) });
    }

    // What is no EventListener loses nothing in a burst.
    private static TriggerConfig Unpaced(string name, string type, TimeSpan timeout) =>
        new() { Name = name, Type = type, Timeout = timeout, RequestsPerSecond = 0, MaxInFlight = 16 };

    private static TriggerConfig Common(SectionReader section, TriggerConfig standard, TimeSpan? longest = null)
    {
        var trigger = standard with
        {
            Events = section.Texts("events"),
            Coalesce = section.Choice("coalesce", standard.Coalesce, ["none", "latest"]),
            Timeout = section.Duration("timeout", standard.Timeout, TimeSpan.FromSeconds(1), longest ?? TimeSpan.FromMinutes(10)),
            RequestsPerSecond = section.Number("requests_per_second", standard.RequestsPerSecond, 0, 10_000),
            MaxInFlight = section.Integer("max_in_flight", standard.MaxInFlight, 0, 10_000),
            Retry = Retry(section.Section("retry"), standard.Retry),
        };
        CheckEvents(section, trigger.Events);
        return trigger;
    }

    public static bool IsUnsafe(Uri url, SecurityConfig security) => security.RequireHttps && url.Scheme == "http" && !Urls.IsSafeWithoutTls(url, security.InsecureHosts);

    public static string UseHttps(Uri url) => $"use https, or name {Wording.Quote(url.IdnHost)} in security.insecure_hosts";

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
            if (pattern.Length == 0 || !EventTypes.All.Any(type => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern.Replace("**", "*", StringComparison.Ordinal), type, ignoreCase: false)))
            {
                section.Error("events", $"{section.Load.Quote(glob)} matches no event type", Wording.DidYouMean(pattern, EventTypes.All) ?? "types: " + string.Join(", ", EventTypes.All));
            }
        }
    }

    private static void AddTo(List<TriggerConfig> triggers, TriggerConfig? trigger, SectionReader entry)
    {
        if (trigger is not null)
        {
            triggers.Add(trigger with { Identity = entry.Identity() });
        }
    }
}
