using Microsoft.AspNetCore.Http.Extensions;

namespace RepoSentry.Dashboard.Pages;

/// <summary>Addresses that keep what is filtered by.</summary>
internal static class Paths
{
    /// <summary>The same page with other values for parts of the query; null takes one away. What was said of an action is not kept.</summary>
    public static string Address(Visit v, params (string Name, string? Value)[] parts)
    {
        var query = new QueryBuilder(v.Context.Request.Query.Where(pair => pair.Key != "said" && parts.All(part => part.Name != pair.Key)));
        foreach (var (name, value) in parts.Where(part => part.Value is not null))
        {
            query.Add(name, value!);
        }

        return v.Context.Request.Path + query.ToString();
    }
}
