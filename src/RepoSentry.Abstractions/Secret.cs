using System.Text.Json;
using System.Text.Json.Serialization;

namespace RepoSentry.Abstractions;

/// <summary>A value that never shows: text, JSON and the debugger get <c>***</c>.</summary>
[JsonConverter(typeof(RedactingConverter))]
[System.Diagnostics.DebuggerDisplay("***")]
public sealed class Secret
{
    private readonly Func<string> reveal;

    public Secret(string value)
        : this(() => value)
    {
    }

    /// <param name="reveal">Called at each use, so that a rotated file is seen without a restart.</param>
    /// <param name="origin">Where it comes from, such as <c>env:GITHUB_TOKEN</c>: safe to show.</param>
    public Secret(Func<string> reveal, string? origin = null)
    {
        ArgumentNullException.ThrowIfNull(reveal);
        this.reveal = reveal;
        Origin = origin;
    }

    /// <summary>The reference it was made from; null for a literal.</summary>
    public string? Origin { get; }

    /// <summary>The value. Call it where it is used, and keep it nowhere.</summary>
    public string Reveal() => reveal();

    public override string ToString() => "***";

    private sealed class RedactingConverter : JsonConverter<Secret>
    {
        public override Secret Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException("A secret is not read from JSON.");

        public override void Write(Utf8JsonWriter writer, Secret value, JsonSerializerOptions options) => writer.WriteStringValue("***");
    }
}
