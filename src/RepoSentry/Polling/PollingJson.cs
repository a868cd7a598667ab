using System.Text.Json.Serialization;

namespace RepoSentry.Polling;

[JsonSerializable(typeof(string[]))]
internal sealed partial class PollingJson : JsonSerializerContext;
