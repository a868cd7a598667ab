using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Mvc;
using RepoSentry.Delivery;
using RepoSentry.Events;
using RepoSentry.Storage;

namespace RepoSentry.Api;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true, Converters = [typeof(MillisecondConverter)])]
[JsonSerializable(typeof(ListAnswer<RepositoryView>))]
[JsonSerializable(typeof(ListAnswer<StoredRef>))]
[JsonSerializable(typeof(ListAnswer<PollView>))]
[JsonSerializable(typeof(ListAnswer<EventView>))]
[JsonSerializable(typeof(ListAnswer<DeliveryView>))]
[JsonSerializable(typeof(ListAnswer<TriggerView>))]
[JsonSerializable(typeof(ListAnswer<TokenView>))]
[JsonSerializable(typeof(ListAnswer<AuditRow>))]
[JsonSerializable(typeof(StatusMessage))]
[JsonSerializable(typeof(CreatedToken))]
[JsonSerializable(typeof(TokenRequest))]
[JsonSerializable(typeof(SessionView))]
[JsonSerializable(typeof(SignInRequest))]
[JsonSerializable(typeof(Explanation))]
[JsonSerializable(typeof(ReleaseAnswer))]
[JsonSerializable(typeof(ReloadAnswer))]
[JsonSerializable(typeof(RotateAnswer))]
[JsonSerializable(typeof(RepositoryEntry))]
[JsonSerializable(typeof(List<InvalidPart>))]
[JsonSerializable(typeof(RetryResult))]
[JsonSerializable(typeof(ReplayResult))]
[JsonSerializable(typeof(BulkRequest))]
[JsonSerializable(typeof(TriggerTestResult))]
[JsonSerializable(typeof(DeliveryAnswer))]
[JsonSerializable(typeof(StatusAnswer))]
[JsonSerializable(typeof(NumbersAnswer))]
[JsonSerializable(typeof(HistoryAnswer))]
[JsonSerializable(typeof(VersionAnswer))]
[JsonSerializable(typeof(HealthAnswer))]
[JsonSerializable(typeof(ProblemDetails))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class ApiJson : JsonSerializerContext;
