using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace RepoSentry.Api;

/// <summary>Times in queries: RFC 3339, UTC where no zone is given.</summary>
internal static class Times
{
    public static bool TryRead(string? text, out DateTimeOffset? time)
    {
        time = null;
        if (text is null)
        {
            return true;
        }

        var read = DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var parsed);
        time = read ? parsed : null;
        return read;
    }
}

/// <summary>Times are shown to the millisecond, as they are stored; what a clock says beyond that is noise.</summary>
internal sealed class MillisecondConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.AddTicks(-(value.Ticks % TimeSpan.TicksPerMillisecond)));
}
