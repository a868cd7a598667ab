using RepoSentry.Storage;
using RepoSentry.Tests.Support;

namespace RepoSentry.Tests.Storage;

public sealed class SqliteDatabaseTests : DatabaseContract
{
    private readonly SqliteFile file = new();

    private protected override async Task<IDatabase> OpenAsync() => await file.OpenAsync();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        file.Dispose();
    }
}

public sealed class SqlitePollStoreTests : PollStoreContract
{
    private readonly SqliteFile file = new();

    private protected override async Task<IDatabase> OpenAsync() => await file.OpenAsync();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        file.Dispose();
    }
}

public sealed class SqliteDeliveryStoreTests : DeliveryStoreContract
{
    private readonly SqliteFile file = new();

    private protected override async Task<IDatabase> OpenAsync() => await file.OpenAsync();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        file.Dispose();
    }
}

public sealed class SqliteRepositoryStoreTests : RepositoryStoreContract
{
    private readonly SqliteFile file = new();

    private protected override async Task<IDatabase> OpenAsync() => await file.OpenAsync();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        file.Dispose();
    }
}

public sealed class SqliteListingStoreTests : ListingStoreContract
{
    private readonly SqliteFile file = new();

    private protected override async Task<IDatabase> OpenAsync() => await file.OpenAsync();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        file.Dispose();
    }
}

public sealed class SqliteRetryStoreTests : RetryStoreContract
{
    private readonly SqliteFile file = new();

    private protected override async Task<IDatabase> OpenAsync() => await file.OpenAsync();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        file.Dispose();
    }
}

public sealed class SqliteRetentionStoreTests : RetentionStoreContract
{
    private readonly SqliteFile file = new();

    private protected override async Task<IDatabase> OpenAsync() => await file.OpenAsync();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        file.Dispose();
    }
}

public sealed class SqliteTokenStoreTests : TokenStoreContract
{
    private readonly SqliteFile file = new();

    private protected override async Task<IDatabase> OpenAsync() => await file.OpenAsync();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        file.Dispose();
    }
}
