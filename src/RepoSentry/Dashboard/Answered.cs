using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Mvc;
using RepoSentry.Api;

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
        IValueHttpResult { Value: ProblemDetails problem } => (problem.Status ?? 500, problem.Title ?? "", problem.Detail ?? ""),
        IStatusCodeHttpResult { StatusCode: { } status } => (status, "", ""),
        _ => (StatusCodes.Status200OK, "", ""),
    };

    /// <summary>Each error with its place and what to do; empty for a problem that has none.</summary>
    public static IReadOnlyList<InvalidPart> Errors(IResult result) =>
        result is IValueHttpResult { Value: ProblemDetails problem } && problem.Extensions.TryGetValue("errors", out var errors) && errors is IReadOnlyList<InvalidPart> parts ? parts : [];
}
