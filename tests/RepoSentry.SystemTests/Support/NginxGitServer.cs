using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Xunit;

namespace RepoSentry.SystemTests.Support;

internal sealed record NginxGitOptions
{
    /// <summary>Asks for Basic authentication by this user and password; null lets anyone in.</summary>
    public (string User, string Password)? Account { get; init; }

    /// <summary>Serves https with a certificate for 127.0.0.1 and localhost from an authority of its own.</summary>
    public bool Tls { get; init; }

    /// <summary>Highest protocol version that the server speaks: 0, 1 or 2.</summary>
    public int ProtocolVersion { get; init; } = 2;

    /// <summary>More nginx configuration inside the server block, such as a location that redirects.</summary>
    public string Extra { get; init; } = "";
}

/// <summary>A real Git server: nginx, fcgiwrap and git http-backend on a free loopback port, in a temporary folder. Reads and pushes work over HTTP.</summary>
internal sealed class NginxGitServer : IAsyncDisposable
{
    private const string Backend = "/usr/lib/git-core/git-http-backend";

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("git-server-");
    private readonly NginxGitOptions options;
    private Process? nginx;
    private Process? wrapper;

    private NginxGitServer(NginxGitOptions options)
    {
        this.options = options;
        Port = ServerProcess.FreePort();
    }

    public int Port { get; }

    /// <summary>Scheme, host and port.</summary>
    public Uri Root => new($"{(options.Tls ? "https" : "http")}://127.0.0.1:{Port}");

    /// <summary>PEM file of the authority behind <see cref="NginxGitOptions.Tls"/>.</summary>
    public string CaFile => Path.Combine(folder.FullName, "ca.pem");

    /// <summary>One line per request served: method, URI, status and <c>Git-Protocol</c>.</summary>
    public string[] Requests => File.ReadAllLines(Path.Combine(folder.FullName, "access.log"));

    /// <summary>Waits until so many requests are logged: nginx writes the line after the answer.</summary>
    public async Task UntilLoggedAsync(int count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (Requests.Length < count)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, limit.Token);
        }
    }

    /// <summary>Skips the running test where the server cannot be had.</summary>
    public static async Task<NginxGitServer> StartAsync(NginxGitOptions? options = null)
    {
        string[] missing = [.. ((string[])["nginx", "fcgiwrap", "openssl", "git"]).Where(program => TestGit.Find(program) is null)];
        Assert.SkipWhen(missing.Length > 0, $"{string.Join(", ", missing)} not installed (tests/apt-packages.txt)");
        Assert.SkipUnless(File.Exists(Backend), "git http-backend is not installed");

        var server = new NginxGitServer(options ?? new NginxGitOptions());
        try
        {
            await server.RunAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public TestRepository CreateRepository(string name, string objectFormat = "sha1") =>
        TestRepository.Create(Path.Combine(folder.FullName, "repositories", name), new Uri($"{Root}{name}"), objectFormat);

    public async ValueTask DisposeAsync()
    {
        foreach (var process in (Process?[])[nginx, wrapper])
        {
            if (process is not null)
            {
                await ServerProcess.EndAsync(process);
            }
        }

        folder.Delete(recursive: true);
    }

    private async Task RunAsync()
    {
        Directory.CreateDirectory(Path.Combine(folder.FullName, "repositories"));
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "gitconfig"), "[safe]\n\tdirectory = *\n[http]\n\treceivepack = true\n");
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "access.log"), "");
        if (options.Account is var (user, password))
        {
            var hash = TestGit.Run("openssl", folder.FullName, ["passwd", "-apr1", password]);
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "accounts"), $"{user}:{hash}\n");
        }

        if (options.Tls)
        {
            TestAuthority.Create(folder.FullName);
        }

        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "nginx.conf"), Configuration());
        wrapper = ServerProcess.Start(TestGit.Find("fcgiwrap")!, folder.FullName, "-c", "4", "-s", $"unix:{folder.FullName}/cgi.sock");
        nginx = ServerProcess.Start(TestGit.Find("nginx")!, folder.FullName, "-p", folder.FullName, "-e", "error.log", "-c", "nginx.conf");
        await ServerProcess.WaitForPortAsync(Port, nginx);
        await ServerProcess.WaitForAsync(AddressFamily.Unix, new UnixDomainSocketEndPoint(Path.Combine(folder.FullName, "cgi.sock")), wrapper);
    }

    private string Configuration() => string.Create(CultureInfo.InvariantCulture, $$"""
        daemon off;
        worker_processes 1;
        pid nginx.pid;
        error_log error.log;
        {{(Environment.UserName == "root" ? "user root;" : "")}}
        events { worker_connections 512; }
        http {
            log_format requests '$request_method $request_uri $status "$http_git_protocol"';
            access_log access.log requests;
            client_body_temp_path body;
            fastcgi_temp_path fastcgi;
            proxy_temp_path proxy;
            uwsgi_temp_path uwsgi;
            scgi_temp_path scgi;
            client_max_body_size 100m;
            server {
                listen 127.0.0.1:{{Port}}{{(options.Tls ? " ssl" : "")}};
                {{(options.Tls ? "ssl_certificate server.pem; ssl_certificate_key server.key;" : "")}}
                {{options.Extra}}
                location / {
                    {{(options.Account is null ? "" : "auth_basic git; auth_basic_user_file accounts;")}}
                    fastcgi_pass unix:{{folder.FullName}}/cgi.sock;
                    fastcgi_param SCRIPT_FILENAME {{Backend}};
                    fastcgi_param GIT_PROJECT_ROOT {{folder.FullName}}/repositories;
                    fastcgi_param GIT_HTTP_EXPORT_ALL 1;
                    fastcgi_param GIT_CONFIG_GLOBAL {{folder.FullName}}/gitconfig;
                    fastcgi_param GIT_CONFIG_NOSYSTEM 1;
                    fastcgi_param PATH_INFO $uri;
                    fastcgi_param QUERY_STRING $query_string;
                    fastcgi_param REQUEST_METHOD $request_method;
                    fastcgi_param CONTENT_TYPE $content_type;
                    fastcgi_param CONTENT_LENGTH $content_length;
                    fastcgi_param REMOTE_USER $remote_user;
                    fastcgi_param REMOTE_ADDR $remote_addr;
                    {{options.ProtocolVersion switch { 0 => "fastcgi_param HTTP_GIT_PROTOCOL \"\";", 1 => "fastcgi_param HTTP_GIT_PROTOCOL version=1;", _ => "" }}}
                }
            }
        }
        """);
}
