using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Cli;

/// <summary>Tokens by the built executable: before the service runs, beside it, and through it.</summary>
public sealed class TokenCommandTests
{
    private const string Nothing = "repositories: []\n";

    [Fact]
    public async Task The_first_token_is_made_before_the_service_ever_ran_and_lets_its_owner_in()
    {
        await using var service = new Service(Nothing, api: "auth: token");
        var (code, output, errors) = await Service.RunAsync(["token", "create", "root", "--role", "admin", "-c", service.ConfigPath]);
        code.ShouldBe(0, errors);
        var token = output.Trim();
        token.ShouldStartWith("rst_");
        errors.ShouldNotContain(token);
        File.GetUnixFileMode(service.DatabasePath).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);

        await service.StartReadyAsync();
        (await StatusAsync(service, null)).ShouldBe(HttpStatusCode.Unauthorized);
        (await StatusAsync(service, token)).ShouldBe(HttpStatusCode.OK);

        var environment = Through(service, token);
        (await Service.RunAsync(["token", "create", "root", "--role", "viewer"], environment)).Code.ShouldBe(6);
        var viewer = (await Service.RunAsync(["token", "create", "ci", "--role", "viewer", "--expires", "90d", "-o", "json"], environment)).Output;
        var made = JsonDocument.Parse(viewer).RootElement;
        (await Service.RunAsync(["token", "list"], Through(service, made.GetProperty("token").GetString()!))).Code.ShouldBe(4);
        (await Service.RunAsync(["token", "list", "-o", "name"], environment)).Output.ShouldBe("root\nci\n");
        (await Service.RunAsync(["token", "revoke", "ci"], environment)).Code.ShouldBe(0);
        (await Service.RunAsync(["token", "revoke", "ci"], environment)).Code.ShouldBe(3);
        (await service.StopAsync()).ShouldBe(0);

        // What was used last is written at the stop; the file is read while nobody runs on it.
        var listed = JsonDocument.Parse((await Service.RunAsync(["token", "list", "--database", service.DatabasePath, "-o", "json"])).Output).RootElement.GetProperty("items");
        listed.GetArrayLength().ShouldBe(1);
        listed[0].GetProperty("last_used_from").GetString().ShouldBe("127.0.0.1");
    }

    [Fact]
    public async Task A_token_revoked_in_the_file_ends_in_the_service_that_runs_on_it_and_the_audit_log_has_both()
    {
        await using var service = new Service(Nothing, api: "auth: token");
        await service.StartReadyAsync();
        var root = (await Service.RunAsync(["token", "create", "root", "--role", "admin", "-c", service.ConfigPath])).Output.Trim();
        var leaked = (await Service.RunAsync(["token", "create", "leaked", "--role", "viewer", "--database", service.DatabasePath])).Output.Trim();
        await service.UntilAsync(async () => await StatusAsync(service, leaked) == HttpStatusCode.OK, "letting it in");
        var (code, _, errors) = await Service.RunAsync(["token", "revoke", "leaked", "-c", service.ConfigPath]);
        code.ShouldBe(0, errors);
        await service.UntilAsync(async () => await StatusAsync(service, leaked) == HttpStatusCode.Unauthorized, "refusing it");

        using var response = await AskAsync(service, root, "/api/v1/audit");
        var rows = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement.GetProperty("items").EnumerateArray()
            .Where(row => row.GetProperty("action").GetString() != "sign_in").Select(row => $"{row.GetProperty("actor")} {row.GetProperty("action")} {row.GetProperty("object")} {row.GetProperty("outcome")}");
        rows.ShouldBe(["local token.revoke leaked done", "local token.create leaked done", "local token.create root done"]);
    }

    [Theory]
    [InlineData(2, "token", "create", "ci")]
    [InlineData(2, "token", "create", "ci", "--role", "root")]
    [InlineData(2, "token", "create", "ci", "--role", "viewer", "--database", "/tmp/x.db", "--server", "http://127.0.0.1:1")]
    [InlineData(3, "token", "list", "--database", "/nowhere/reposentry.db")]
    [InlineData(5, "token", "list", "--server", "http://127.0.0.1:1")]
    public async Task Exit_codes_tell_why_there_is_no_token(int expected, params string[] arguments)
    {
        var (code, output, errors) = await Service.RunAsync(arguments);
        code.ShouldBe(expected, errors);
        output.ShouldNotContain("rst_");
    }

    private static Dictionary<string, string> Through(Service service, string token) => new() { ["REPOSENTRY_SERVER"] = $"http://127.0.0.1:{service.Port}", ["REPOSENTRY_TOKEN"] = token };

    private static async Task<HttpStatusCode> StatusAsync(Service service, string? token)
    {
        using var response = await AskAsync(service, token, "/api/v1/status");
        return response.StatusCode;
    }

    private static async Task<HttpResponseMessage> AskAsync(Service service, string? token, string path)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{service.Port}") };
        http.DefaultRequestHeaders.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        return await http.GetAsync(new Uri(path, UriKind.Relative));
    }
}
