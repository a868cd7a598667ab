using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Deploy;

/// <summary>The Dockerfile, built and run.</summary>
public sealed class ImageTests(ContainerImage image) : IClassFixture<ContainerImage>
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromMinutes(1) };
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);

    [Fact]
    public void It_says_how_it_is_run()
    {
        _ = image.Root;

        image.Config.GetProperty("User").GetString().ShouldBe("10001:10001");
        image.Command.ShouldBe(["/app/reposentry", "run", "-c", "/etc/reposentry/reposentry.yaml"]);
        image.Config.GetProperty("ExposedPorts").TryGetProperty("8080/tcp", out _).ShouldBeTrue();
        image.Config.TryGetProperty("Healthcheck", out _).ShouldBeFalse();
        image.Config.GetProperty("Labels").GetProperty("org.opencontainers.image.version").GetString().ShouldBe("7.8.9");
    }

    [Fact]
    public void It_holds_the_product_and_no_shell_source_or_symbols()
    {
        var files = Directory.EnumerateFiles(image.Root, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
            .Select(file => file[image.Root.Length..]).ToList();

        files.ShouldContain("/app/reposentry");
        files.ShouldContain("/app/LICENSE");
        files.ShouldNotContain(file => file.EndsWith("/sh", StringComparison.Ordinal) || file.EndsWith("/bash", StringComparison.Ordinal) || file.EndsWith("/apt-get", StringComparison.Ordinal));
        files.ShouldNotContain(file => file.EndsWith(".pdb", StringComparison.Ordinal) || file.EndsWith(".cs", StringComparison.Ordinal));
    }

    [Fact]
    public void It_lists_what_it_is_made_of()
    {
        var app = Path.Combine(image.Root, "app");
        var parts = JsonDocument.Parse(File.ReadAllText(Path.Combine(app, "reposentry.cdx.json"))).RootElement;
        var listed = parts.GetProperty("components").EnumerateArray().Select(part => $"{part.GetProperty("name").GetString()}/{part.GetProperty("version").GetString()}").ToList();
        var used = JsonDocument.Parse(File.ReadAllText(Path.Combine(app, "reposentry.deps.json"))).RootElement.GetProperty("libraries").EnumerateObject()
            .Where(library => library.Value.GetProperty("type").GetString() == "package").Select(library => library.Name).ToList();

        parts.GetProperty("bomFormat").GetString().ShouldBe("CycloneDX");
        parts.GetProperty("metadata").GetProperty("component").GetProperty("version").GetString().ShouldBe("7.8.9");
        used.Count.ShouldBeGreaterThan(20);
        used.Except(listed, StringComparer.OrdinalIgnoreCase).ShouldBeEmpty();
    }

    [Fact]
    public void What_the_product_adds_to_its_base_and_what_is_sent_over_the_wire_are_small()
    {
        SizeOf(Path.Combine(image.Root, "app")).ShouldBeLessThan(60);
        var wire = TestGit.Run("sh", image.Root, ["-c", "tar -c --exclude=./proc --exclude=./dev . | gzip -1 | wc -c"]);
        TestContext.Current.TestOutputHelper?.WriteLine($"{SizeOf(image.Root)} MB unpacked, {long.Parse(wire, CultureInfo.InvariantCulture) / 1_000_000} MB packed");
        (long.Parse(wire, CultureInfo.InvariantCulture) / 1_000_000).ShouldBeLessThanOrEqualTo(120);

        static long SizeOf(string folder) => Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
            .Sum(file => new FileInfo(file).Length) / 1_000_000;
    }

    [Fact]
    public async Task It_runs_as_its_own_user_and_writes_to_its_data_folder_alone()
    {
        using var folder = new Mounts();

        using var run = image.Run(folder.Config, folder.Data, [.. image.Command, "--listen", folder.Address]);
        await ReadyAsync(run, folder);
        var service = folder.FindService();
        await StopAsync(run, service);

        service.Uid.ShouldBe(ContainerImage.User);
        service.Capabilities.ShouldBe("0000000000000000");
        run.ExitCode.ShouldBe(0);
        TestGit.Run("find", image.Root, [".", "-uid", ContainerImage.User, "-not", "-path", "./var/lib/reposentry*"]).ShouldBeEmpty();
        File.Exists(Path.Combine(folder.Data, "data", "reposentry.db")).ShouldBeTrue(TestGit.Run("find", "/", [folder.Data, image.Root + "/var/lib/reposentry"]));
    }

    [Fact]
    public async Task A_read_only_root_is_enough()
    {
        using var folder = new Mounts();
        foreach (var point in (string[])["proc", "dev", "etc/reposentry"])
        {
            Directory.CreateDirectory(Path.Combine(image.Root, point));
        }

        const string Script = """
            set -e; root=$1 config=$2 data=$3; shift 3
            mount --bind "$root" "$root"; mount -o remount,bind,ro "$root"
            mount --rbind /proc "$root/proc"; mount --rbind /dev "$root/dev"
            mount --bind "$config" "$root/etc/reposentry"; mount -o remount,bind,ro "$root/etc/reposentry"; mount --bind "$data" "$root/var/lib/reposentry"
            exec chroot --userspec=10001:10001 "$root" "$@"
            """;
        using var run = TestGit.Start("unshare", "/",
        [
            "--mount", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", .. image.Texts("Env").Where(variable => !variable.StartsWith("PATH=", StringComparison.Ordinal)),
            "sh", "-c", Script, "sh", image.Root, folder.Config, folder.Data, .. image.Command, "--listen", folder.Address, "--data-dir", "/var/lib/reposentry",
        ]);
        await ReadyAsync(run, folder);
        var service = folder.FindService();
        await StopAsync(run, service);

        service.Uid.ShouldBe(ContainerImage.User);
        run.ExitCode.ShouldBe(0);
        File.Exists(Path.Combine(folder.Data, "reposentry.db")).ShouldBeTrue();
    }

    private static async Task ReadyAsync(Process run, Mounts folder)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                using var answer = await Http.GetAsync(new Uri($"http://{folder.Address}/readyz"));
                if (answer.IsSuccessStatusCode)
                {
                    (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("state").GetString().ShouldBe("Running");
                    TestContext.Current.TestOutputHelper?.WriteLine($"ready after {Stopwatch.GetElapsedTime(began).TotalSeconds:0.00} s");
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // not listening yet
            }

            if (run.HasExited || Stopwatch.GetElapsedTime(began) > StartLimit)
            {
                await ServerProcess.EndAsync(run);
                throw new InvalidOperationException("it is not ready: " + await run.StandardOutput.ReadToEndAsync() + await run.StandardError.ReadToEndAsync());
            }

            await Task.Delay(TimeSpan.FromMilliseconds(25), TimeProvider.System, CancellationToken.None);
        }
    }

    // The output is taken only now: a start writes less than a pipe holds.
    private static async Task StopAsync(Process run, ServiceProcess service)
    {
        TestGit.Run("kill", "/", ["-TERM", service.Id]);
        await run.WaitForExitAsync(new CancellationTokenSource(StartLimit).Token);
    }

    private sealed record ServiceProcess(string Id, string Uid, string Capabilities);

    /// <summary>Configuration, data and address of one container.</summary>
    private sealed class Mounts : IDisposable
    {
        private readonly TemporaryFolder folder = new();

        public Mounts()
        {
            Directory.CreateDirectory(Config);
            Directory.CreateDirectory(Data);
            File.WriteAllText(Path.Combine(Config, "reposentry.yaml"), "polling: { strategy: fixed }\n");
            TestGit.Run("chmod", "/", ["755", folder.Path]);
            TestGit.Run("chown", "/", [ContainerImage.User, Data]);
        }

        public string Config => Path.Combine(folder.Path, "config");

        public string Data => Path.Combine(folder.Path, "data");

        public string Address { get; } = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{ServerProcess.FreePort()}");

        /// <summary>The process that listens at the address: not those that started it.</summary>
        public ServiceProcess FindService() => Directory.EnumerateDirectories("/proc").Select(Read).OfType<ServiceProcess>().ShouldHaveSingleItem();

        public void Dispose() => folder.Dispose();

        private ServiceProcess? Read(string process)
        {
            try
            {
                var command = File.ReadAllText(process + "/cmdline").Split('\0');
                if (command[0] != "/app/reposentry" || !command.Contains(Address))
                {
                    return null;
                }

                var status = File.ReadLines(process + "/status").Select(line => line.Split(':', 2)).ToDictionary(pair => pair[0], pair => pair[1].Trim());
                return new ServiceProcess(Path.GetFileName(process), status["Uid"].Split('\t')[0], status["CapEff"]);
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
    }
}
