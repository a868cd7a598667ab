using System.Globalization;
using System.Text;
using System.Text.Json;
using YamlDotNet.Serialization;

namespace RepoSentry.Cli.Client;

/// <summary>Shows answers as the user asked for them: aligned columns, JSON, YAML or names. Data on standard output, nothing else.</summary>
internal sealed class Printer(TextWriter output, string format, bool noHeaders)
{
    private const int CellLimit = 72;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>True if the user wants the data as it is, not a page for the eye.</summary>
    public bool IsData => format is "json" or "yaml";

    /// <summary>True if it is a page for the eye, and more may be told.</summary>
    public bool IsText => format is "table" or "text" or "wide";

    /// <param name="columns">Header and cell; those marked wide show with <c>-o wide</c> only.</param>
    /// <param name="name">What <c>-o name</c> prints of an item.</param>
    public void List(IReadOnlyList<JsonElement> items, Func<JsonElement, string> name, params Column[] columns)
    {
        switch (format)
        {
            case "json" or "yaml":
                Data(JsonSerializer.SerializeToElement(new { items }));
                break;
            case "name":
                foreach (var item in items)
                {
                    output.WriteLine(name(item));
                }

                break;
            default:
                Table(items, [.. columns.Where(column => !column.Wide || format == "wide")]);
                break;
        }
    }

    /// <summary>One thing: as data, or as lines of name and value.</summary>
    public void One(JsonElement item, string name, params (string Name, string Value)[] lines)
    {
        if (IsData)
        {
            Data(item);
        }
        else if (format == "name")
        {
            output.WriteLine(name);
        }
        else
        {
            var width = lines.Max(line => line.Name.Length) + 2;
            foreach (var (label, value) in lines.Where(line => line.Value.Length > 0))
            {
                output.WriteLine(label.PadRight(width) + Safe(value));
            }
        }
    }

    public void Data(JsonElement element) =>
        output.Write(format == "yaml" ? new SerializerBuilder().Build().Serialize(ToObject(element)!) : JsonSerializer.Serialize(element, Indented) + "\n");

    /// <summary>What an order on one thing left it as: data or its name where that is asked for, and words on standard error.</summary>
    public void Ordered(JsonElement item, string name, string words)
    {
        if (IsData)
        {
            Data(item);
        }
        else if (format == "name")
        {
            output.WriteLine(name);
        }

        Console.Error.WriteLine(words);
    }

    /// <summary>What an order on many came to: as data or names where that is asked for, and words on standard error.</summary>
    public void Outcome(JsonElement answer, string words)
    {
        if (IsData)
        {
            Data(answer);
        }

        foreach (var name in format == "name" ? answer.EnumerateObject().Where(property => property.Value.ValueKind == JsonValueKind.Array).SelectMany(property => property.Value.EnumerateArray()) : [])
        {
            output.WriteLine(name.ToString());
        }

        Console.Error.WriteLine(words);
    }

    /// <summary>One of many that come one after another: a line of JSON, a name, or words.</summary>
    public void Next(JsonElement item, string name, string words)
    {
        output.WriteLine(IsData ? JsonSerializer.Serialize(item) : Safe(format == "name" ? name : words));
        output.Flush();
    }

    public void Line(string text) => output.WriteLine(Safe(text));

    /// <summary>Names of refs come from strangers: control characters and marks that turn the reading direction are shown, not obeyed.</summary>
    public static string Safe(string text)
    {
        if (text.All(c => c == '\t' || (!char.IsControl(c) && char.GetUnicodeCategory(c) != UnicodeCategory.Format)))
        {
            return text;
        }

        var safe = new StringBuilder();
        foreach (var c in text)
        {
            safe.Append(char.IsControl(c) || char.GetUnicodeCategory(c) == UnicodeCategory.Format ? $"\\u{(int)c:x4}" : c.ToString());
        }

        return safe.ToString();
    }

    private void Table(IReadOnlyList<JsonElement> items, Column[] columns)
    {
        var rows = items.Select(item => columns.Select((column, index) => Fit(Safe(column.Cell(item)), last: index == columns.Length - 1)).ToArray()).ToList();
        if (!noHeaders)
        {
            rows.Insert(0, Array.ConvertAll(columns, column => column.Header));
        }

        var widths = columns.Select((_, index) => rows.Max(row => (int?)row[index].Length) ?? 0).ToArray();
        foreach (var row in rows)
        {
            output.WriteLine(string.Join("   ", row.Select((cell, index) => cell.PadRight(widths[index]))).TrimEnd());
        }

        if (items.Count == 0 && !Console.IsOutputRedirected)
        {
            Console.Error.WriteLine("nothing found");
        }
    }

    // One ref with a name of a thousand characters must not push the other columns out of sight; -o wide and the data formats show it whole.
    private string Fit(string cell, bool last) => last || format == "wide" || cell.Length <= CellLimit ? cell : cell[..(CellLimit - 1)] + "…";

    private static object? ToObject(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().ToDictionary(property => property.Name, property => ToObject(property.Value), StringComparer.Ordinal),
        JsonValueKind.Array => element.EnumerateArray().Select(ToObject).ToList(),
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number => element.TryGetInt64(out var whole) ? whole : element.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };
}

/// <param name="Header">In capitals, as kubectl has it.</param>
/// <param name="Cell">Text of a cell.</param>
/// <param name="Wide">Shown with <c>-o wide</c> only.</param>
internal sealed record Column(string Header, Func<JsonElement, string> Cell, bool Wide = false);
