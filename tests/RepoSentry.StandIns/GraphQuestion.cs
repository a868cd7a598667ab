using System.Globalization;
using System.Text.Json;
using GraphQLParser;
using GraphQLParser.AST;

namespace RepoSentry.StandIns;

/// <summary>A question of GraphQL as GitHub counts and answers it: each connection is one request, a hundred of them are a point.</summary>
internal sealed class GraphQuestion
{
    private readonly Dictionary<string, GraphQLFragmentDefinition> fragments;
    private readonly GraphQLSelectionSet root;

    private GraphQuestion(GraphQLDocument document)
    {
        fragments = document.Definitions.OfType<GraphQLFragmentDefinition>().ToDictionary(fragment => fragment.FragmentName.Name.StringValue, StringComparer.Ordinal);
        root = document.Definitions.OfType<GraphQLOperationDefinition>().Single().SelectionSet;
        var (connections, nodes) = Count(root, 1);
        (Points, Nodes) = (Math.Max(1, (int)Math.Round(connections / 100.0, MidpointRounding.AwayFromZero)), nodes);
    }

    public int Points { get; }

    public int Nodes { get; }

    public static GraphQuestion Read(string query) => new(Parser.Parse(query));

    public byte[] Answer(GitHubWorld world)
    {
        using var buffer = new MemoryStream();
        var missing = new List<string>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("data");
            foreach (var field in Fields(root, "Query"))
            {
                var alias = NameOf(field);
                object? found = field.Name.StringValue switch
                {
                    "repository" => world.Find(Text(field, "owner"), Text(field, "name")),
                    "repositoryOwner" or "organization" => world.OfOwner(Text(field, "login"), isFirstPage: !Fields(field.SelectionSet!, type: null).Any(list => Has(list, "after"))),
                    var other => throw new NotSupportedException(other),
                };
                json.WritePropertyName(alias);
                if (found is null)
                {
                    missing.Add(alias);
                    json.WriteNullValue();
                }
                else
                {
                    Tell(world, found);
                    Write(json, found, field.SelectionSet!);
                }
            }

            json.WriteEndObject();
            if (missing.Count > 0)
            {
                json.WriteStartArray("errors");
                foreach (var alias in missing)
                {
                    json.WriteStartObject();
                    json.WriteString("type", "NOT_FOUND");
                    json.WriteStartArray("path");
                    json.WriteStringValue(alias);
                    json.WriteEndArray();
                    json.WriteString("message", "Could not resolve to a node with that name.");
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    // A list tells of all of its owner: whoever was not pushed to stands behind.
    private static void Tell(GitHubWorld world, object found)
    {
        for (var number = found is IReadOnlyList<GitHubRepo> owned ? owned.Count : 1; number > 0; number--)
        {
            world.Tell();
        }
    }

    private void Write(Utf8JsonWriter json, object of, GraphQLSelectionSet selection)
    {
        json.WriteStartObject();
        foreach (var field in Fields(selection, TypeOf(of)))
        {
            json.WritePropertyName(NameOf(field));
            switch ((of, field.Name.StringValue))
            {
                case (GitHubRepo repository, "databaseId"): json.WriteNumberValue(repository.Id); break;
                case (GitHubRepo repository, "nameWithOwner"): json.WriteStringValue($"{repository.Owner}/{repository.Name}"); break;
                case (GitHubRepo repository, "url"): json.WriteStringValue($"https://github.example/{repository.Owner}/{repository.Name}"); break;
                case (GitHubRepo repository, "isArchived"): json.WriteBooleanValue(repository.Archived); break;
                case (GitHubRepo, "isPrivate"): json.WriteBooleanValue(false); break;
                case (GitHubRepo repository, "pushedAt"): json.WriteStringValue(repository.PushedAt.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)); break;
                case (GitHubRepo repository, "defaultBranchRef"): Write(json, new Main(repository), field.SelectionSet!); break;
                case (Main, "name"): json.WriteStringValue("main"); break;
                case (Main main, "target"): Write(json, new Tip(main.Repository), field.SelectionSet!); break;
                case (Tip tip, "history"): WritePage(json, field, [.. tip.Repository.Commits.OrderDescending().Select(at => new Commit(at))]); break;
                case (Commit commit, "committedDate"): json.WriteStringValue(commit.At.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)); break;
                case (Named named, "name"): json.WriteStringValue(named.Name); break;
                case (GitHubRepo repository, "refs"): WritePage(json, field, [.. Refs(repository, Text(field, "refPrefix"))]); break;
                case (GitHubRepo repository, "pullRequests"): WritePage(json, field, [.. repository.Pulls.OrderBy(pull => pull.Key).Select(pull => new Pull(repository, pull.Key, pull.Value))]); break;
                case (Pull pull, "number"): json.WriteNumberValue(pull.Number); break;
                case (Pull pull, "title"): json.WriteStringValue($"Pull {pull.Number}"); break;
                case (Pull pull, "url"): json.WriteStringValue($"https://github.example/{pull.Repository.Owner}/{pull.Repository.Name}/pull/{pull.Number}"); break;
                case (Pull, "isDraft" or "isCrossRepository"): json.WriteBooleanValue(false); break;
                case (Pull, "headRefName"): json.WriteStringValue("topic"); break;
                case (Pull, "baseRefName"): json.WriteStringValue("main"); break;
                case (Pull pull, "headRefOid"): json.WriteStringValue(pull.Commit); break;
                case (Pull, "baseRefOid"): json.WriteStringValue(new string('1', 40)); break;
                case (Pull, "createdAt" or "updatedAt"): json.WriteStringValue("2026-11-24T12:00:00Z"); break;
                case (Pull, "author"): Write(json, new Named("grace"), field.SelectionSet!); break;
                case (Pull pull, "headRepository"): Write(json, pull.Repository, field.SelectionSet!); break;
                case (Named named, "login"): json.WriteStringValue(named.Name); break;
                case (IReadOnlyList<GitHubRepo> owned, "repositories"): WritePage(json, field, [.. owned]); break;
                case (Item item, "name"): json.WriteStringValue(item.Name); break;
                case (Item item, "target"): Write(json, new Target(item.Commit, item.IsTag), field.SelectionSet!); break;
                case (Target target, "__typename"): json.WriteStringValue(TypeOf(target)); break;
                case (Target target, "oid"): json.WriteStringValue(target.IsTag ? new string('f', 40) : target.Commit); break;
                case (Target { IsTag: true } target, "target"): Write(json, target with { IsTag = false }, field.SelectionSet!); break;
                default: throw new NotSupportedException(field.Name.StringValue);
            }
        }

        json.WriteEndObject();
    }

    private void WritePage(Utf8JsonWriter json, GraphQLField field, object[] all)
    {
        var (from, size) = (Has(field, "after") ? int.Parse(Text(field, "after"), CultureInfo.InvariantCulture) : 0, First(field));
        json.WriteStartObject();
        foreach (var part in Fields(field.SelectionSet!, "Connection"))
        {
            json.WritePropertyName(NameOf(part));
            switch (part.Name.StringValue)
            {
                case "pageInfo":
                    json.WriteStartObject();
                    json.WriteBoolean("hasNextPage", all.Length > from + size);
                    json.WriteString("endCursor", Math.Min(all.Length, from + size).ToString(CultureInfo.InvariantCulture));
                    json.WriteEndObject();
                    break;
                case "nodes":
                    json.WriteStartArray();
                    Array.ForEach(all[Math.Min(all.Length, from)..Math.Min(all.Length, from + size)], node => Write(json, node, part.SelectionSet!));
                    json.WriteEndArray();
                    break;
                default:
                    throw new NotSupportedException(part.Name.StringValue);
            }
        }

        json.WriteEndObject();
    }

    private static IEnumerable<object> Refs(GitHubRepo repository, string prefix) => prefix == "refs/tags/"
        ? repository.Tags.OrderBy(tag => tag.Key, StringComparer.Ordinal).Select(tag => new Item(tag.Key, tag.Value, IsTag: true))
        : repository.Heads.Where(head => head.Key != repository.HiddenInBatches).OrderBy(head => head.Key, StringComparer.Ordinal).Select(head => new Item(head.Key, head.Value, IsTag: false));

    // A connection costs as many requests as there are parents that it is filled for.
    private (int Connections, int Nodes) Count(GraphQLSelectionSet selection, int parents)
    {
        var (connections, nodes) = (0, 0);
        foreach (var field in Fields(selection, type: null).Where(field => field.SelectionSet is not null))
        {
            var isConnection = field.Arguments?.Any(argument => argument.Name.StringValue is "first" or "last") == true;
            var below = isConnection ? parents * First(field) : parents;
            var (inside, deeper) = Count(field.SelectionSet!, below);
            connections += inside + (isConnection ? parents : 0);
            nodes += deeper + (isConnection ? below : 0);
        }

        return (connections, nodes);
    }

    private IEnumerable<GraphQLField> Fields(GraphQLSelectionSet selection, string? type) => selection.Selections.SelectMany(part => part switch
    {
        GraphQLField field => [field],
        GraphQLFragmentSpread spread => Fields(fragments[spread.FragmentName.Name.StringValue].SelectionSet, type),
        GraphQLInlineFragment inline => type is null || inline.TypeCondition!.Type.Name.StringValue == type ? Fields(inline.SelectionSet, type) : [],
        _ => throw new NotSupportedException(part.Kind.ToString()),
    });

    private static string TypeOf(object of) => of switch { Target { IsTag: true } => "Tag", Target or Tip => "Commit", GitHubRepo => "Repository", _ => "Other" };

    private static string NameOf(GraphQLField field) => field.Alias?.Name.StringValue ?? field.Name.StringValue;

    private static string Text(GraphQLField field, string argument) => ((GraphQLStringValue)field.Arguments!.First(one => one.Name.StringValue == argument).Value).Value.ToString();

    private static bool Has(GraphQLField field, string argument) => field.Arguments?.Any(one => one.Name.StringValue == argument) == true;

    private static int First(GraphQLField field) => int.Parse(((GraphQLIntValue)field.Arguments!.First(one => one.Name.StringValue is "first" or "last").Value).Value.ToString(), CultureInfo.InvariantCulture);

    private sealed record Named(string Name);

    private sealed record Main(GitHubRepo Repository);

    private sealed record Tip(GitHubRepo Repository);

    private sealed record Commit(DateTimeOffset At);

    private sealed record Pull(GitHubRepo Repository, long Number, string Commit);

    private sealed record Item(string Name, string Commit, bool IsTag);

    private sealed record Target(string Commit, bool IsTag);
}
