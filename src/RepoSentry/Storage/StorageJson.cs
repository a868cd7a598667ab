using System.Text.Json.Serialization;
using RepoSentry.Abstractions;

namespace RepoSentry.Storage;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(EventMetadata))]
[JsonSerializable(typeof(SkipInfo))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(AttemptPhases))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
internal sealed partial class StorageJson : JsonSerializerContext;
