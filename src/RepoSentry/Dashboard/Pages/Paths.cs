using Microsoft.AspNetCore.Http.Extensions;

namespace RepoSentry.Dashboard.Pages;

/// <summary>Addresses that keep what is filtered by.</summary>
internal static class Paths
{
    /// <summary>The same page with another value for one part of the query; null takes it away. What was said of an action is not kept.</summary>
    public static string Address(Visit v, string name, string? value)
    {
        var query = new QueryBuilder(v.Context.Request.Query.Where(pair => pair.Key != name && pair.Key != "said"));
        if (value is not null)
        {
            query.Add(name, value);
        }

        return v.Context.Request.Path + query.ToString();
    }
}
