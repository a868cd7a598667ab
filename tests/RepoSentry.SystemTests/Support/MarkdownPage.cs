namespace RepoSentry.SystemTests.Support;

/// <summary>The fenced blocks of a page, in order.</summary>
internal static class MarkdownPage
{
    /// <param name="language">What stands behind the opening fence.</param>
    public static IEnumerable<IReadOnlyList<string>> Blocks(string text, string language)
    {
        string? fence = null;
        var body = new List<string>();
        foreach (var line in text.Split('\n'))
        {
            if (!line.StartsWith("```", StringComparison.Ordinal))
            {
                body.Add(line);
                continue;
            }

            if (fence == language)
            {
                yield return body;
            }

            (fence, body) = (fence is null ? line[3..].Trim() : null, []);
        }
    }
}
