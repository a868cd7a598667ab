using System.Text.Json.Serialization;

namespace RepoSentry.Cli.Checks;

/// <summary>What one check came to.</summary>
/// <param name="Check">What was checked: <c>config</c>, <c>token github</c>, <c>trigger tekton</c>.</param>
/// <param name="Status">ok, warning or failed.</param>
/// <param name="Message">What was found, in one sentence.</param>
/// <param name="Fix">What to do about it; null where nothing is to be done.</param>
internal sealed record Finding(string Check, string Status, string Message, string? Fix = null)
{
    public const string Ok = "ok";
    public const string Warning = "warning";
    public const string Failed = "failed";

    public static Finding Good(string check, string message) => new(check, Ok, message);

    public static Finding Warn(string check, string message, string fix) => new(check, Warning, message, fix);

    public static Finding Bad(string check, string message, string fix) => new(check, Failed, message, fix);

    /// <summary>How long a credential or a certificate is still good.</summary>
    public static Finding Until(string check, string what, DateTimeOffset end, DateTimeOffset now, string fix) =>
        end <= now ? Bad(check, $"{what} expired on {end:yyyy-MM-dd}", fix)
        : end - now < TimeSpan.FromDays(14) ? Warn(check, $"{what} expires on {end:yyyy-MM-dd}, in {(end - now).TotalDays:0} days", fix)
        : Good(check, $"{what} is good until {end:yyyy-MM-dd}");
}

/// <summary>All of them, as <c>-o json</c> shows them.</summary>
internal sealed record CheckReport(string Status, IReadOnlyList<Finding> Checks);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(CheckReport))]
internal sealed partial class CheckJson : JsonSerializerContext;
