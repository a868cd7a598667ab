using System.Diagnostics.CodeAnalysis;

namespace RepoSentry.Dashboard;

/// <summary>Pages read what the API answers: the same handlers, the same records.</summary>
internal static class Answered
{
    /// <summary>False where the API refuses: then the refusal is shown.</summary>
    public static bool Is<T>(IResult result, [NotNullWhen(true)] out T? value)
        where T : class
    {
        value = result switch
        {
            INestedHttpResult nested => Is<T>(nested.Result, out var inner) ? inner : null,
            IValueHttpResult { Value: T found } => found,
            _ => null,
        };
        return value is not null;
    }

    public static (int Status, string Title, string Detail) Problem(IResult result) => result switch
    {
        IValueHttpResult { Value: Microsoft.AspNetCore.Mvc.ProblemDetails problem } => (problem.Status ?? 500, problem.Title ?? "", Detail(problem)),
        IStatusCodeHttpResult { StatusCode: { } status } => (status, "", ""),
        _ => (StatusCodes.Status200OK, "", ""),
    };

    private static string Detail(Microsoft.AspNetCore.Mvc.ProblemDetails problem) =>
        problem.Extensions.TryGetValue("errors", out var errors) && errors is List<Api.InvalidPart> { Count: > 1 } parts
            ? string.Join('\n', parts.Select(part => $"{part.Place}: {part.Message}{(part.Hint is null ? "" : $" ({part.Hint})")}"))
            : problem.Detail ?? "";
}
