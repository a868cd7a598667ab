using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace RepoSentry.Api;

/// <summary>What the OpenAPI document says beyond the routes.</summary>
internal static class ApiDescription
{
    private static readonly string[] Paged = ["listRepositories", "listRefs", "listPolls", "listEvents", "listDeliveries", "getDelivery", "listTokens", "listAudit"];

    public static void Configure(OpenApiOptions options)
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.ShouldInclude = description => description.RelativePath?.StartsWith("api/v1/", StringComparison.Ordinal) == true;
        options.AddOperationTransformer((operation, _, _) =>
        {
            if (Paged.Contains(operation.OperationId, StringComparer.Ordinal))
            {
                operation.Parameters ??= [];
                operation.Parameters.Add(Query("limit", $"Items of a page, 1 to {Paging.MaxLimit}; {Paging.DefaultLimit} without", JsonSchemaType.Integer));
                operation.Parameters.Add(Query("cursor", "next_cursor of the page before", JsonSchemaType.String));
            }

            operation.Responses ??= [];
            operation.Responses.TryAdd("401", new OpenApiResponse { Description = "A token is needed" });
            operation.Responses.TryAdd("403", new OpenApiResponse { Description = "The token's role is not enough" });
            operation.Responses.TryAdd("429", new OpenApiResponse { Description = "Too many requests, or too many wrong tokens: see Retry-After" });
            return Task.CompletedTask;
        });
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "RepoSentry",
                Version = "v1",
                Description = "What is watched, what moved, and what became of it. Lists are pages: follow next_cursor, or the Link header. Errors are RFC 9457 problems.",
                License = new OpenApiLicense { Name = "MIT", Identifier = "MIT" },
            };
            document.Servers = [new OpenApiServer { Url = "/" }];
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal)
            {
                ["token"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer" },
            };
            document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("token", document)] = [] }];
            return Task.CompletedTask;
        });
    }

    private static OpenApiParameter Query(string name, string description, JsonSchemaType type) =>
        new() { Name = name, In = ParameterLocation.Query, Description = description, Schema = new OpenApiSchema { Type = type } };
}
