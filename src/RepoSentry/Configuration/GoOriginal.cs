using System.Globalization;
using System.Text;

namespace RepoSentry.Configuration;

/// <summary>
/// Takes the keys that only the Go original knows out of the tree, puts what has a counterpart in its place, and says so in one warning.
/// The sections never see them.
/// </summary>
internal sealed class GoOriginal(MappingNode root, LoadContext load)
{
    internal static readonly (string Path, string Replacement)[] Keys =
    [
        ("app.health_check_port", "health answers at /livez and /readyz on api.listen"),
        ("polling.batch_size", "polling.max_workers bounds the work"),
        ("tekton.system_namespace", "the Tekton kit is installed on its own"),
        ("tekton.bootstrap_pipeline", "the Tekton kit is installed on its own"),
        ("tekton.retry_attempts", "tekton.retry.max_age bounds the retries"),
        ("tekton.retry_backoff", "taken as tekton.retry.initial"),
        ("api.enabled", "the API always answers; its address is api.listen"),
        ("api.port", "taken as api.listen on 127.0.0.1; for other hosts set api.listen"),
        ("api.cors", "the API answers pages of its own origin only"),
        ("monitoring", "/metrics and /healthz are always there"),
        ("storage.sqlite.max_connections", "nothing to set"),
        ("storage.sqlite.connection_timeout", "nothing to set"),
        ("rate_limit.gitlab.requests_per_second", "taken as requests_per_minute, times 60"),
        ("repositories_config", "its repositories are taken over; move them to repositories"),
    ];

    private readonly List<string> notes = [];
    private Place? first;

    public void TakeOver()
    {
        foreach (var (path, replacement) in Keys)
        {
            if (Parent(path) is { } parent && parent.Take(path[(path.LastIndexOf('.') + 1)..]) is { } entry)
            {
                first = first is { } place && place.Line <= entry.KeyPlace.Line ? place : entry.KeyPlace;
                notes.Add($"{path} ({replacement})");
                Replace(path, entry.Value);
            }
        }

        if (first is not { } warnAt)
        {
            return;
        }

        var format = "";
        if (root.Find("tekton")?.Value is MappingNode tekton && tekton.Find("format") is null)
        {
            tekton.Set("format", warnAt, new ScalarNode(warnAt, "cloudevents", IsPlain: true));
            format = "; tekton.format is cloudevents, the shape its TriggerBindings bind";
        }

        load.Problems.Warn(warnAt, $"keys of the Go original: {string.Join(", ", notes)}{format}");
    }

    private void Replace(string path, Node value)
    {
        if (path == "repositories_config" && value is ScalarNode { IsNull: false } file)
        {
            Include(file);
        }
        else if (value is ScalarNode { IsNull: false } scalar && Counterpart(path, scalar.Text) is var (target, text))
        {
            Put(target, scalar with { Text = text });
        }
    }

    private static (string Target, string Text)? Counterpart(string path, string text) => path switch
    {
        "api.port" => ("api.listen", "127.0.0.1:" + text),
        "tekton.retry_backoff" => ("tekton.retry.initial", text),
        "rate_limit.gitlab.requests_per_second" => ("rate_limit.gitlab.requests_per_minute", int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var rate) && rate < 10_000 ? (rate * 60).ToString(CultureInfo.InvariantCulture) : text),
        _ => null,
    };

    /// <summary>Our own key wins where both stand.</summary>
    private void Put(string path, ScalarNode value)
    {
        var section = root;
        var names = path.Split('.');
        foreach (var name in names[..^1])
        {
            if (section.Find(name) is null or { Value: ScalarNode { IsNull: true } })
            {
                section.Set(name, value.Place, new MappingNode(value.Place));
            }

            if (section.Find(name)!.Value is not MappingNode inner)
            {
                return;
            }

            section = inner;
        }

        if (section.Find(names[^1]) is null)
        {
            section.Set(names[^1], value.Place, value);
        }
    }

    /// <summary>A second file of repositories, which stand after those of the first.</summary>
    private void Include(ScalarNode file)
    {
        var shown = Path.Combine(Path.GetDirectoryName(load.File) ?? "", file.Text);
        var (text, problem) = ConfigText.Read(load.Beside(file.Text));
        if (text is null)
        {
            load.Problems.Error(file.Place, $"repositories_config: {Wording.Quote(file.Text)} {problem}", "the path stands relative to the configuration file");
            return;
        }

        load.AlsoRead(load.Beside(file.Text));
        if (YamlTree.Parse(text, shown, load.Problems) is not { } included)
        {
            return;
        }

        var section = new SectionReader(load, included, "").Know("repositories", "global_settings");
        section.Done();
        if (included.Find("repositories") is { Value: SequenceNode more } added)
        {
            var own = root.Find("repositories")?.Value as SequenceNode;
            root.Set("repositories", added.KeyPlace, own is null ? more : own with { Items = [.. own.Items, .. more.Items] });
        }
    }

    private MappingNode? Parent(string path)
    {
        var parent = root;
        foreach (var name in path.Split('.')[..^1])
        {
            if (parent.Find(name)?.Value is not MappingNode inner)
            {
                return null;
            }

            parent = inner;
        }

        return parent;
    }
}

/// <summary>A configuration file as text: UTF-8, capped.</summary>
internal static class ConfigText
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <returns>The text, or the end of a sentence that says why not.</returns>
    public static (string? Text, string Problem) Read(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            var bytes = new byte[YamlTree.MaxBytes + 1];
            return Decode(bytes.AsSpan(0, stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return (null, failure is FileNotFoundException or DirectoryNotFoundException ? "does not exist" : "cannot be read");
        }
    }

    public static (string? Text, string Problem) Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > YamlTree.MaxBytes)
        {
            return (null, $"is larger than {YamlTree.MaxBytes / 1024} KiB: let discovery find the repositories, or bring them through the API (repo add)");
        }

        try
        {
            return (Strict.GetString(bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[3..] : bytes), "");
        }
        catch (DecoderFallbackException)
        {
            return (null, "is not text in UTF-8");
        }
    }
}
