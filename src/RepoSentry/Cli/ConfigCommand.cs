using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using RepoSentry.Cli.Client;

namespace RepoSentry.Cli;

/// <summary>The effective configuration as it was written, key by key: no secret is in it.</summary>
internal static class ConfigCommand
{
    public static Command Create()
    {
        var file = ConfigFile.Option();
        var origin = new Option<bool>("--origin") { Description = "Say where each value comes from: default, file, variable" };
        var output = new Option<string>("--output", "-o") { Description = "Form of the output: text or json", DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        var show = new Command("show", "Every key with its value, secrets as ***") { file, origin, output };
        show.SetAction(result =>
        {
            var loaded = ConfigFile.Load(result.GetValue(file), Console.Error.WriteLine);
            var settings = loaded.Origins.Select(pair => new Setting(pair.Key, pair.Value.Shown, pair.Value.ToString())).OrderBy(setting => setting.Key, StringComparer.Ordinal).ToList();
            if (result.GetValue(output) == "json")
            {
                Console.WriteLine(JsonSerializer.Serialize(settings, SettingJson.Default.ListSetting));
            }
            else
            {
                settings.ForEach(setting => Console.WriteLine(Printer.Safe($"{setting.Key} = {setting.Value}{(result.GetValue(origin) ? $"   # {setting.Origin}" : "")}")));
            }

            return loaded.Config is null ? ExitCode.Failed : ExitCode.Ok;
        });
        return new Command("config", "The configuration as it takes effect") { show };
    }
}

internal sealed record Setting(string Key, string Value, string Origin);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(List<Setting>))]
internal sealed partial class SettingJson : JsonSerializerContext;
