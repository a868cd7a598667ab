using System.Diagnostics;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Cli;

/// <summary>Words for Tab, asked for by the shells themselves.</summary>
public sealed class CompletionCommandTests : IDisposable
{
    // Each prints what the shell would offer for the line in $LINE, which ends at the cursor.
    private static readonly Dictionary<string, string> Drivers = new(StringComparer.Ordinal)
    {
        ["bash"] = """source <(reposentry completion bash); COMP_LINE=$LINE COMP_POINT=${#LINE}; read -ra COMP_WORDS <<< "$LINE"; [[ $LINE == *' ' ]] && COMP_WORDS+=(""); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _reposentry; printf '%s\n' "${COMPREPLY[@]}" """,
        ["zsh"] = """compdef() { : }; source <(reposentry completion zsh); words=("${(@s: :)LINE}"); CURRENT=${#words}; compadd() { while [[ $1 != -- ]]; do shift; done; shift; print -l -- ${(M)@:#${words[CURRENT]}*} }; _reposentry""",
        ["fish"] = """reposentry completion fish | source; complete -C "$LINE" """,
    };

    private readonly TemporaryFolder folder = new();
    private readonly Dictionary<string, string> nobody = new() { ["REPOSENTRY_SERVER"] = $"http://127.0.0.1:{ServerProcess.FreePort()}" };

    public static TheoryData<string> Shells => [.. Drivers.Keys];

    [Theory]
    [MemberData(nameof(Shells))]
    public async Task Commands_options_values_and_files_are_offered_without_a_service(string shell)
    {
        Directory.CreateDirectory(Path.Combine(folder.Path, "deep"));
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "first.yaml"), "", TestContext.Current.CancellationToken);

        ((string[])["run", "init", "repo", "support", "completion"]).ShouldBeSubsetOf(await OfferAsync(shell, "reposentry ", nobody));
        (await OfferAsync(shell, "reposentry ", nobody)).ShouldNotContain("--help");
        (await OfferAsync(shell, "reposentry repo re", nobody)).ShouldBe(["refs", "release", "remove", "resume"], ignoreOrder: true);
        (await OfferAsync(shell, "reposentry repo list --no", nobody)).ShouldBe(["--no-headers"]);
        ((string[])["json", "name", "table", "wide", "yaml"]).ShouldBeSubsetOf(await OfferAsync(shell, "reposentry repo list -o ", nobody));
        (await OfferAsync(shell, "reposentry event list --status ", nobody)).ShouldBe(["delivered", "failed", "pending", "superseded", "unrouted"], ignoreOrder: true);
        (await OfferAsync(shell, "reposentry completion ", nobody)).ShouldBe(["bash", "fish", "pwsh", "zsh"], ignoreOrder: true);
        (await OfferAsync(shell, "reposentry validate -c f", nobody)).ShouldBe(["first.yaml"]);
        (await OfferAsync(shell, "reposentry validate -c ", nobody)).ShouldBe(["deep/", "first.yaml"], ignoreOrder: true);
        (await OfferAsync(shell, "reposentry repo show ", nobody)).ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public async Task Names_come_from_the_service_that_runs(string shell)
    {
        var web = TestRepository.Create(Path.Combine(folder.Path, "web.git"));
        await using var service = new Service($$"""
            polling: { strategy: fixed, interval: 60s }
            tekton: { event_listener_url: "http://127.0.0.1:9" }
            repositories: [{ name: web, url: "{{web.Url}}" }, { name: web-two, url: "{{web.Url}}x" }, { name: other, url: "{{web.Url}}y" }]
            """);
        await service.StartReadyAsync();
        var server = new Dictionary<string, string> { ["REPOSENTRY_SERVER"] = $"http://127.0.0.1:{service.Port}" };
        (await Service.RunAsync(["token", "create", "ci", "--role", "viewer"], server)).Code.ShouldBe(0);

        await OffersAsync("reposentry repo show we", "web", "web-two");
        await OffersAsync("reposentry event list --repository ", "other", "web", "web-two");
        await OffersAsync("reposentry trigger pause ", "tekton");
        await OffersAsync("reposentry token revoke ", "ci");

        // Nothing is offered when the answer takes longer than somebody who presses Tab waits: then they press it again.
        Task OffersAsync(string line, params string[] names) =>
            service.UntilAsync(async () => (await OfferAsync(shell, line, server)).Order(StringComparer.Ordinal).SequenceEqual(names, StringComparer.Ordinal), $"offering {string.Join(", ", names)} for {line}");
    }

    [Fact]
    public async Task The_script_for_PowerShell_registers_a_completer_and_an_unknown_shell_is_a_usage_error()
    {
        var (code, script, _) = await Service.RunAsync(["completion", "pwsh"]);
        code.ShouldBe(0);
        script.ShouldContain("Register-ArgumentCompleter -Native -CommandName reposentry -ScriptBlock {");
        script.ShouldContain("[suggest:$cursorPosition]");
        (script.Count(c => c == '{') - script.Count(c => c == '}')).ShouldBe(0);
        (await Service.RunAsync(["completion", "tcsh"])).Code.ShouldBe(2);
    }

    public void Dispose() => folder.Dispose();

    private async Task<string[]> OfferAsync(string shell, string line, Dictionary<string, string> environment)
    {
        var path = TestGit.Find(shell);
        Assert.SkipWhen(path is null, $"{shell} is not installed (tests/apt-packages.txt)");
        string[] bare = shell switch { "bash" => ["--norc", "-c"], "zsh" => ["-f", "-c"], _ => ["--no-config", "-c"] };
        var start = new ProcessStartInfo(path!, [.. bare, Drivers[shell]]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder.Path };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        start.Environment["LINE"] = line;
        start.Environment["PATH"] = AppContext.BaseDirectory + ":" + start.Environment["PATH"];
        using var run = Process.Start(start)!;
        var errors = run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await run.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await run.WaitForExitAsync(TestContext.Current.CancellationToken);
        (await errors).ShouldBeEmpty();
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
