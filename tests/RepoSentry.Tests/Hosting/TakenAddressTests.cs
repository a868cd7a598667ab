using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using RepoSentry.Configuration;
using RepoSentry.Hosting;
using RepoSentry.Storage.Sqlite;
using RepoSentry.Tests.Api;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Hosting;

public sealed class TakenAddressTests
{
    [Fact]
    public async Task An_address_that_is_taken_is_told_and_the_database_is_free_again()
    {
        var folder = Directory.CreateTempSubdirectory("taken-").FullName;
        var path = Path.Combine(folder, "reposentry.db");
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var config = new SentryConfig
        {
            App = new AppConfig { LogLevel = "fatal", DataDir = folder },
            Api = new ApiConfig { Listen = taken.LocalEndpoint.ToString()! },
            Storage = new StorageConfig { SqlitePath = path },
        };

        var failure = await Should.ThrowAsync<IOException>(() => SentryHost.RunAsync(StartedWith.Config(config), TestContext.Current.CancellationToken));

        failure.InnerException.ShouldBeOfType<AddressInUseException>();
        await RunningHost.UntilAsync(() =>
        {
            using var held = PollerLock.TryTake(path, Build.Noon);
            return Task.FromResult(held is not null);
        });
        Directory.Delete(folder, recursive: true);
    }
}
