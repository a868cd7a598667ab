namespace RepoSentry.Configuration;

/// <summary>Lays <c>REPOSENTRY__SECTION__KEY</c> variables, then flags, over the tree of the file. Their values are taken as they are: no <c>${VAR}</c> in them.</summary>
internal static class Overrides
{
    public const string VariablePrefix = "REPOSENTRY__";

    public static void Apply(MappingNode root, LoadOptions options, Problems problems)
    {
        foreach (var (name, value) in options.Environment.Where(variable => variable.Key.StartsWith(VariablePrefix, StringComparison.OrdinalIgnoreCase)).OrderBy(variable => variable.Key, StringComparer.Ordinal))
        {
            Set(root, name[VariablePrefix.Length..].ToLowerInvariant().Split("__"), value, new Place(name), problems);
        }

        foreach (var (path, value) in options.Flags)
        {
            Set(root, path.Split('.'), value, new Place("--" + path), problems);
        }
    }

    private static void Set(MappingNode root, string[] path, string value, Place place, Problems problems)
    {
        var section = root;
        foreach (var name in path[..^1])
        {
            switch (section.Find(name)?.Value)
            {
                case MappingNode inner:
                    section = inner;
                    break;
                case null or ScalarNode { IsNull: true }:
                    var made = new MappingNode(place);
                    section.Set(name, place, made);
                    section = made;
                    break;
                default:
                    problems.Error(place, $"{Wording.Quote(name)} is not a section", "entries of lists are set in the file");
                    return;
            }
        }

        section.Set(path[^1], place, new ScalarNode(place, value, IsPlain: false));
    }
}
