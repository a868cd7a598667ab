using System.Collections.Frozen;
using System.Globalization;

namespace RepoSentry.Dashboard.Texts;

/// <summary>The texts of one language. Every text stands in both languages on one line of a table, so none can be missing in one of them.</summary>
internal sealed class Words
{
    private static readonly Lazy<Words> English = new(() => new Words("en", text => text.English));
    private static readonly Lazy<Words> Chinese = new(() => new Words("zh-CN", text => text.Chinese));

    private readonly FrozenDictionary<string, string> texts;

    private Words(string language, Func<Text, string> pick)
    {
        Language = language;
        texts = All.ToFrozenDictionary(text => text.Key, pick, StringComparer.Ordinal);
    }

    public static IEnumerable<Text> All => [.. FrameTexts.All, .. FleetTexts.All, .. EventTexts.All, .. SystemTexts.All];

    public string Language { get; }

    public string this[string key] => texts[key];

    public static Words Of(string language) => (language == "en" ? English : Chinese).Value;

    public bool Has(string key) => texts.ContainsKey(key);

    public string Of(string key, params ReadOnlySpan<object?> values) => string.Format(CultureInfo.InvariantCulture, texts[key], values);

    /// <summary>A sentence of the service, in this language; null where this language has it not, so that it stays in English.</summary>
    public string? Say(string sentence) => Language == "en" || sentence.Length == 0 ? sentence : Sentences.Say(sentence);

    /// <summary>A word of the API; one that is not known here stays as it is.</summary>
    public string Status(string word) => texts.GetValueOrDefault("status." + word) ?? word;
}

/// <summary>One text, with <c>{0}</c> where a value stands.</summary>
internal sealed record Text(string Key, string English, string Chinese);
