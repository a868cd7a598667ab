using System.Globalization;
using RepoSentry.Abstractions;
using RepoSentry.Providers;
using RepoSentry.Tests.Providers.PlainGit;
using Shouldly;
using Xunit;
using static RepoSentry.Tests.Providers.PlainGit.ScriptedGitServer;

namespace RepoSentry.Tests.Providers;

public sealed class LargeAnswerTests
{
    private const string Web = "https://forge.test/acme/web";

    [Fact]
    public async Task A_list_that_is_kept_packed_reads_as_it_was_sent()
    {
        var sent = Enumerable.Range(0, 60_000).Select(number => (Id: number.ToString("x40", CultureInfo.InvariantCulture), Name: string.Create(CultureInfo.InvariantCulture, $"refs/heads/topic/{number:D6}"))).ToList();
        string Body() => Packets([.. sent.Select(item => $"{item.Id} {item.Name}\n"), "0000"]);
        var server = new ScriptedGitServer().OnGet(Web, Packets("# service=git-upload-pack\n", "0000", "version 2\n", "ls-refs=unborn\n", "0000")).OnPost(Web, Body()).OnPost(Web, Body());
        var source = server.Source();

        var look = (await source.LookAsync(Looks.At(Web), Looks.Never)).Of(RefKind.Branch);
        look.ShouldNotBeNull();
        look.Refs.Select(item => (item.CommitId, item.Name)).ShouldBe(sent);

        (await source.LookAsync(Looks.At(Web, branches: look.Validator), Looks.Never)).Of(RefKind.Branch).ShouldBeNull();
    }

    [Fact]
    public async Task The_second_large_answer_waits_for_the_first_and_a_small_one_does_not()
    {
        using var first = new LargeAnswer();
        using var second = new LargeAnswer();
        using var small = new LargeAnswer();
        first.Needs(LargeAnswer.FreeBytes + 1).ShouldBeTrue();
        await first.TakeAsync(CancellationToken.None);

        var waiting = second.TakeAsync(CancellationToken.None);

        first.Needs(long.MaxValue).ShouldBeFalse();
        small.Needs(LargeAnswer.FreeBytes).ShouldBeFalse();
        waiting.IsCompleted.ShouldBeFalse();
        first.Dispose();
        await waiting.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Who_gives_up_waiting_takes_no_turn()
    {
        using var first = new LargeAnswer();
        await first.TakeAsync(CancellationToken.None);
        using var impatient = new LargeAnswer();
        using var limit = new CancellationTokenSource();
        var waiting = impatient.TakeAsync(limit.Token);

        await limit.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => waiting);
        impatient.Dispose();
        first.Dispose();
        using var next = new LargeAnswer();
        await next.TakeAsync(CancellationToken.None).WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
    }
}
