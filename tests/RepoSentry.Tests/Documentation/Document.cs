using RepoSentry.Tests.Architecture;

namespace RepoSentry.Tests.Documentation;

/// <summary>A Markdown file of the project: its headings and its fenced blocks.</summary>
internal sealed class Document
{
    private Document(string path, string text, IReadOnlyList<string> headings, IReadOnlyList<Block> blocks) =>
        (Path, Text, Headings, Blocks) = (path, text, headings, blocks);

    public string Path { get; }
    public string Text { get; }
    public IReadOnlyList<string> Headings { get; }
    public IReadOnlyList<Block> Blocks { get; }
    public int LineCount => Text.TrimEnd('\n').Split('\n').Length;

    /// <summary>Depth of each heading, in order: what two languages of one page share.</summary>
    public string Outline => string.Join(' ', Headings.Select(heading => heading.TakeWhile(c => c == '#').Count()));

    public static string Root { get; } = ShapeTests.Root();

    public static IReadOnlyList<Document> All { get; } =
    [
        .. ((string[])["docs", "deploy"]).SelectMany(folder => Directory.EnumerateFiles(System.IO.Path.Combine(Root, folder), "*.md", SearchOption.AllDirectories)).Concat(Directory.EnumerateFiles(Root, "*.md"))
            .Order(StringComparer.Ordinal).Select(Read),
    ];

    public static Document At(string path) => All.Single(document => document.Path == path);

    public static IReadOnlyList<Document> Of(string folder) => [.. All.Where(document => document.Path.StartsWith(folder + "/", StringComparison.Ordinal))];

    private static Document Read(string file)
    {
        var text = File.ReadAllText(file);
        var (headings, blocks) = (new List<string>(), new List<Block>());
        string? language = null;
        var body = new List<string>();
        foreach (var line in text.Split('\n'))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                if (language is not null)
                {
                    blocks.Add(new Block(language, [.. body]));
                }

                language = language is null ? line[3..].Trim() : null;
                body.Clear();
            }
            else if (language is not null)
            {
                body.Add(line);
            }
            else if (line.StartsWith('#'))
            {
                headings.Add(line);
            }
        }

        return new Document(System.IO.Path.GetRelativePath(Root, file), text, headings, blocks);
    }
}

/// <param name="Language">What stands behind the opening fence.</param>
internal sealed record Block(string Language, IReadOnlyList<string> Lines)
{
    /// <summary>A configuration says so in its first line.</summary>
    public bool IsConfiguration => Language == "yaml" && Lines is ["# reposentry.yaml", ..];
}
