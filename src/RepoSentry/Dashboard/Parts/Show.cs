using System.Globalization;
using System.Text.RegularExpressions;
using RepoSentry.Abstractions;
using RepoSentry.Dashboard.Texts;

namespace RepoSentry.Dashboard.Parts;

/// <summary>How values are written.</summary>
internal static partial class Show
{
    public static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    public static string Decimal(double value) => value.ToString(Math.Abs(value) < 10 ? "0.##" : "#,0", CultureInfo.InvariantCulture);

    public static string Percent(double share) => share is > 0.99 and < 1 ? (Math.Floor(share * 1000) / 10).ToString("0.0", CultureInfo.InvariantCulture) + " %" : (share * 100).ToString("0", CultureInfo.InvariantCulture) + " %";

    public static string Utc(DateTimeOffset at) => at.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>With the day where it is not today.</summary>
    public static string Moment(DateTimeOffset at, DateTimeOffset now) => at.UtcDateTime.Date == now.UtcDateTime.Date ? at.UtcDateTime.ToString("HH:mm:ss 'UTC'", CultureInfo.InvariantCulture) : Utc(at);

    public static string Iso(DateTimeOffset at) => at.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    public static string Clock(DateTimeOffset at) => at.ToUniversalTime().ToString("HH:mm", CultureInfo.InvariantCulture);

    /// <summary>The largest unit that fits, as the script does it.</summary>
    public static string Span(Words t, TimeSpan span)
    {
        var seconds = Math.Max(0, span.TotalSeconds);
        var (value, unit) = seconds < 60 ? (Math.Floor(seconds), "unit.s") : seconds < 3600 ? (Math.Floor(seconds / 60), "unit.m") : seconds < 172800 ? (Math.Floor(seconds / 3600), "unit.h") : (Math.Floor(seconds / 86400), "unit.d");
        return t.Of(unit, value.ToString(CultureInfo.InvariantCulture));
    }

    public static string Relative(Words t, DateTimeOffset at, DateTimeOffset now) =>
        (at - now).Duration() < TimeSpan.FromSeconds(1) ? t["time.now"] : at > now ? t.Of("time.in", Span(t, at - now)) : t.Of("time.ago", Span(t, now - at));

    /// <summary>Short spans to a part of a second.</summary>
    public static string Exact(Words t, TimeSpan span) => span.TotalSeconds < 10 ? Milliseconds(span.TotalMilliseconds) : Span(t, span);

    public static string Milliseconds(double value) =>
        value < 999.5 ? value.ToString(value < 10 ? "0.#" : "0", CultureInfo.InvariantCulture) + " ms" : (value / 1000).ToString("0.##", CultureInfo.InvariantCulture) + " s";

    public static string Bytes(long value) => (value / 1048576.0).ToString("0.0", CultureInfo.InvariantCulture) + " MiB";

    public static string Sha(string? commit) => commit is null ? "–" : commit.Length > 8 ? commit[..8] : commit;

    /// <summary>Markup in which marks of direction, and characters that take no room, stand as <c>\u202E</c>: else a name or an answer from outside could look like another.</summary>
    /// <param name="html">With whatever is not ASCII as references, as the renderer writes it.</param>
    public static string Visible(string html) => Unseen.Replace(html, match => $@"\u{Convert.ToInt32(match.Groups["code"].Value, 16):X4}");

    /// <summary>The text that such a name stands for: what is copied from a page is found again.</summary>
    public static string Meant(string text) => Escaped.Replace(text, match => char.ConvertFromUtf32(Convert.ToInt32(match.Groups["code"].Value, 16)));

    public static string Ref(string name) => RefName.ToText(GitRef.Shorten(name));

    public static string Repository(string name) => "/repositories/" + Uri.EscapeDataString(name);

    public static string Trigger(string name) => "/triggers/" + Uri.EscapeDataString(name);

    public static string Tone(string status) => status switch
    {
        "delivered" or "active" or "ok" or "running" or "fresh" or "succeeded" or "done" or "accepted" or "changed" or "baseline" or "Running" or "created" or "kept" or "watched" => "ok",
        "failed" or "error" or "dead" or "gone" or "failing" or "give_up" or "refused" or "revoked" or "Failed" or "nothing_ran" or "unauthorized" or "not_found" or "rate_limited" or "unavailable" or "malformed" or "not_accepted" => "bad",
        "stretched" or "held" or "late" or "open" or "degraded" or "paused" or "try_again" or "try_later" or "interrupted" or "Reloading" or "Stopping" or "expired" => "warn",
        "pending" or "waiting" or "in_flight" or "new" or "started" or "probing" => "wait",
        _ => "mute",
    };

    // What joins parts of one picture, U+200D after an emoji, is no disguise.
    [GeneratedRegex("&#x(?<code>AD|34F|61C|115F|1160|17B[45]|180E|200[BCEF]|202[8-E]|206[0-9A-F]|3164|FEFF|FFA0|FFF[9-B]|E00[0-7][0-9A-F]);|(?<!&#x(1F[0-9A-F]{3}|2[67][0-9A-F]{2}|FE0F);)&#x(?<code>200D);", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Unseen { get; }

    [GeneratedRegex(@"\\u(?<code>E00[0-7][0-9A-F]|00AD|034F|061C|115F|1160|17B[45]|180E|200[B-F]|202[8-E]|206[0-9A-F]|3164|FEFF|FFA0|FFF[9-B])", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Escaped { get; }
}
