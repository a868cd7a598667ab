using RepoSentry.Storage;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Storage;

public abstract class TokenStoreContract : StoreContract
{
    private TokenStore Store => new(Database, Time);

    private AuditLog Audit => new(Database, Time);

    [Fact]
    public async Task A_change_is_seen_by_its_number_and_nothing_is_read_without_one()
    {
        var (start, all, _) = await Store.ReadIfChangedAsync(-1, Token);
        all.ShouldNotBeNull().ShouldBeEmpty();
        (await Store.ReadIfChangedAsync(start, Token)).Tokens.ShouldBeNull();
        await CreateAsync("ci");
        var (created, one, _) = await Store.ReadIfChangedAsync(start, Token);
        one.ShouldNotBeNull().Single().Name.ShouldBe("ci");
        await Store.RevokeAsync("ci", Token);
        (await Store.ReadIfChangedAsync(created, Token)).Tokens.ShouldNotBeNull().Single().RevokedAt.ShouldBe(Time.GetUtcNow());
    }

    [Fact]
    public async Task A_session_that_was_ended_is_a_change_and_is_kept_until_it_would_have_ended()
    {
        var (start, _, none) = await Store.ReadIfChangedAsync(-1, Token);
        none.ShouldNotBeNull().ShouldBeEmpty();
        await Store.EndSessionAsync("short", Time.GetUtcNow().AddMinutes(1), Token);
        await Store.EndSessionAsync("short", Time.GetUtcNow().AddMinutes(1), Token);
        (await Store.ReadIfChangedAsync(start, Token)).Ended.ShouldBe(["short"]);

        Time.Advance(TimeSpan.FromMinutes(1));
        await Store.EndSessionAsync("long", Time.GetUtcNow().AddHours(1), Token);
        (await Store.ReadIfChangedAsync(start, Token)).Ended.ShouldBe(["long"]);
    }

    [Fact]
    public async Task Only_one_token_in_use_has_a_name_and_only_one_in_use_is_revoked()
    {
        var first = (await CreateAsync("ci")).ShouldNotBeNull();
        (await CreateAsync("ci")).ShouldBeNull();
        (await Store.RevokeAsync(first.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), Token)).ShouldNotBeNull().Name.ShouldBe("ci");
        (await Store.RevokeAsync("ci", Token)).ShouldBeNull();
        (await CreateAsync("ci")).ShouldNotBeNull().Id.ShouldNotBe(first.Id);
        (await Store.ListAsync(0, revoked: false, 10, Token)).Count.ShouldBe(1);
        (await Store.ListAsync(0, revoked: true, 10, Token)).Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_row_of_the_audit_log_stands_before_its_outcome_is_known()
    {
        var row = await Audit.BeginAsync(new AuditEntry("ci", "repository.poll") { Object = "web" }, Token);
        (await Audit.ListAsync(new AuditQuery(10), Token)).Rows.Single().Outcome.ShouldBe("started");
        await Audit.FinishAsync(row, AuditOutcome.Done, 202, about: null, Token);
        var done = (await Audit.ListAsync(new AuditQuery(10) { Since = Time.GetUtcNow(), Until = Time.GetUtcNow().AddSeconds(1) }, Token)).Rows.Single();
        (done.Outcome, done.Status, done.Object, done.StartedAt).ShouldBe(("done", 202, "web", Time.GetUtcNow()));
        (await Audit.ListAsync(new AuditQuery(10) { Since = Time.GetUtcNow().AddSeconds(1) }, Token)).Rows.ShouldBeEmpty();
    }

    [Fact]
    public async Task Old_rows_of_the_audit_log_are_forgotten_with_the_tokens_revoked_before()
    {
        await CreateAsync("left");
        await CreateAsync("gone");
        await Store.RevokeAsync("gone", Token);
        foreach (var _ in Enumerable.Range(0, 1_500))
        {
            await Audit.BeginAsync(new AuditEntry("ci", "repository.poll"), Token);
        }

        Time.Advance(TimeSpan.FromDays(1));
        await Audit.BeginAsync(new AuditEntry("ci", "repository.release"), Token);
        (await new RetentionStore(Database).PruneAuditAsync(Time.GetUtcNow().AddHours(-1), Token)).ShouldBe(1_500);
        (await Audit.ListAsync(new AuditQuery(10), Token)).Rows.Single().Action.ShouldBe("repository.release");
        (await Store.ListAsync(0, revoked: true, 10, Token)).Single().Name.ShouldBe("left");
    }

    private Task<StoredToken?> CreateAsync(string name) => Store.CreateAsync(name, TokenSecret.Create(), Role.Viewer, expiresAt: null, "test", Token);
}
