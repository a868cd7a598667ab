using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using RepoSentry.Api.Access;

namespace RepoSentry.Api;

/// <summary>What the OpenAPI document says beyond the routes.</summary>
internal static class ApiDescription
{
    private static readonly string[] Paged = ["listRepositories", "listRefs", "listPolls", "listEvents", "listDeliveries", "getDelivery", "listTokens", "listAudit"];

    private static readonly (string Name, string Description)[] LimitHeaders =
    [
        ("RateLimit-Limit", "Requests that are answered in a window (api.rate_limit)"),
        ("RateLimit-Remaining", "Requests that are left"),
        ("RateLimit-Reset", "Seconds until all are there again"),
        ("RateLimit-Policy", "Limit and window"),
    ];

    private static readonly (string Name, string Description)[] Tags =
    [
        ("repositories", "What is watched"), ("events", "What moved"), ("deliveries", "What was sent, and what came of it"), ("triggers", "Where it is sent to"),
        ("status", "The service itself"), ("tokens", "Who may ask"), ("session", "Browsers that are signed in"), ("audit", "Who did what"),
    ];

    private static readonly Dictionary<string, string> Parameters = new(StringComparer.Ordinal)
    {
        ["name"] = "Its name; a slash in it is sent as %2F",
        ["id"] = "Its id",
        ["repository"] = "Only of this repository",
        ["ref"] = "Only of this ref, full or short name",
        ["type"] = "Only of this type, such as branch_updated",
        ["status"] = "Only with this status",
        ["since"] = "Only at or after this time, RFC 3339",
        ["until"] = "Only before this time, RFC 3339",
        ["trigger"] = "Only to this trigger",
        ["event"] = "Only of the event with this id",
        ["kind"] = "branch, tag or pull_request",
        ["actor"] = "Only by this caller",
        ["action"] = "Only this action, such as repository.poll",
        ["outcome"] = "started, done, refused or failed",
        ["q"] = "Only those whose name has this in it",
        ["order"] = "oldest (unless set) or newest: which attempts come first",
        ["sort"] = "name, or changed for the newest change first",
        ["span"] = "hour or day",
        ["revoked"] = "Whether tokens no longer in use are in it",
    };

    public static void Configure(OpenApiOptions options)
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.ShouldInclude = description => description.RelativePath?.StartsWith("api/v1/", StringComparison.Ordinal) == true;
        options.AddOperationTransformer((operation, context, _) =>
        {
            operation.Parameters ??= [];
            operation.Responses ??= [];
            Describe(operation, context.Description.HttpMethod ?? "", context.Description.ActionDescriptor.EndpointMetadata.OfType<AuditAction>().Any());
            AddProblems(operation, context.Document!);
            if (context.Description.ActionDescriptor.EndpointMetadata.Contains(RouteRole.SignIn))
            {
                operation.Security = []; // the token is in the body
            }

            foreach (var answer in operation.Responses.Where(pair => pair.Key[0] is '2' or '3').Select(pair => pair.Value).OfType<OpenApiResponse>())
            {
                answer.Headers ??= new Dictionary<string, IOpenApiHeader>(StringComparer.Ordinal);
                foreach (var (name, description) in LimitHeaders)
                {
                    answer.Headers[name] = new OpenApiHeader { Description = description, Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
                }
            }

            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            // What a converter of ours writes is not looked into.
            if (context.JsonTypeInfo.Type == typeof(DateTimeOffset) || context.JsonTypeInfo.Type == typeof(DateTimeOffset?))
            {
                (schema.Type, schema.Format) = (context.JsonTypeInfo.Type == typeof(DateTimeOffset) ? JsonSchemaType.String : JsonSchemaType.String | JsonSchemaType.Null, "date-time");
            }

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
            document.Tags = new HashSet<OpenApiTag>(Tags.Select(tag => new OpenApiTag { Name = tag.Name, Description = tag.Description }));
            document.Servers = [new OpenApiServer { Url = "/" }];
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal)
            {
                ["token"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer" },
                ["session"] = new OpenApiSecurityScheme
                {
                    Type = SecuritySchemeType.ApiKey,
                    In = ParameterLocation.Cookie,
                    Name = SessionCookies.PlainName,
                    Description = "Set by POST /api/v1/session; under TLS its name begins with __Host-. A write also sends the csrf_token of that answer as X-CSRF-Token.",
                },
            };
            document.Security = [Needs("token", document), Needs("session", document)];
            return Task.CompletedTask;
        });
    }

    private static void Describe(OpenApiOperation operation, string method, bool writes)
    {
        if (Paged.Contains(operation.OperationId, StringComparer.Ordinal))
        {
            operation.Parameters!.Add(Query("limit", $"Items of a page, 1 to {Paging.MaxLimit}; {Paging.DefaultLimit} without", JsonSchemaType.Integer));
            operation.Parameters.Add(Query("cursor", "next_cursor of the page before", JsonSchemaType.String));
            operation.Responses!.TryAdd("400", new OpenApiResponse { Description = "Something in the query cannot be" });
            ((OpenApiResponse)operation.Responses["200"]).Headers = new Dictionary<string, IOpenApiHeader>(StringComparer.Ordinal)
            {
                ["Link"] = new OpenApiHeader { Description = "The next page, rel=\"next\"", Schema = new OpenApiSchema { Type = JsonSchemaType.String } },
            };
        }

        foreach (var parameter in operation.Parameters!.OfType<OpenApiParameter>())
        {
            parameter.Description ??= Parameters.GetValueOrDefault(parameter.Name ?? "");
        }

        if (operation.OperationId == "streamEvents")
        {
            operation.Parameters!.Add(Header("Last-Event-ID", "The id of the last message that came: the stream goes on after it"));
        }
        else if (HttpMethods.IsGet(method))
        {
            operation.Parameters!.Add(Header("If-None-Match", "ETag of the answer that is known: 304 if it still holds"));
            operation.Responses!.TryAdd("304", new OpenApiResponse { Description = "What is known still holds" });
        }
        else if (HttpMethods.IsPost(method) && writes)
        {
            operation.Parameters!.Add(Header(IdempotencyKeys.Header, "Makes it safe to send the request again: it is done once, and the answer is kept for 24 hours"));
            operation.Responses!.TryAdd("409", new OpenApiResponse { Description = "It cannot be done as things stand, or the request with this key is under way" });
            operation.Responses!.TryAdd("422", new OpenApiResponse { Description = "The key came with another request before" });
        }
        else if (operation.Responses!.ContainsKey("412"))
        {
            operation.Parameters!.Add(Header("If-Match", "ETag of the repository; only its first part is compared, which a look does not change"));
        }
    }

    private static void AddProblems(OpenApiOperation operation, OpenApiDocument document)
    {
        operation.Responses!.TryAdd("401", new OpenApiResponse { Description = "A token is needed" });
        operation.Responses.TryAdd("403", new OpenApiResponse { Description = "The token's role is not enough, or a browser did not prove that a page of ours asks" });
        operation.Responses.TryAdd("429", new OpenApiResponse { Description = "Too many requests, or too many wrong tokens: see Retry-After" });
        operation.Responses.TryAdd("503", new OpenApiResponse { Description = "The service is starting or stopping, or its storage cannot be written" });
        foreach (var response in operation.Responses.Where(pair => pair.Key[0] is '4' or '5').Select(pair => pair.Value).OfType<OpenApiResponse>())
        {
            response.Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal) { ["application/problem+json"] = new OpenApiMediaType { Schema = new OpenApiSchemaReference("ProblemDetails", document) } };
        }
    }

    private static OpenApiSecurityRequirement Needs(string scheme, OpenApiDocument document) => new() { [new OpenApiSecuritySchemeReference(scheme, document)] = [] };

    private static OpenApiParameter Header(string name, string description) =>
        new() { Name = name, In = ParameterLocation.Header, Description = description, Schema = new OpenApiSchema { Type = JsonSchemaType.String } };

    private static OpenApiParameter Query(string name, string description, JsonSchemaType type) =>
        new() { Name = name, In = ParameterLocation.Query, Description = description, Schema = new OpenApiSchema { Type = type } };
}
