using System.Diagnostics;
using System.Text.RegularExpressions;
using RepoSentry.Dashboard.Texts;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Dashboard;

/// <summary>The sentences of the service and their twins: held to the sources, complete, and safe to match against anything.</summary>
public sealed partial class SentenceTests
{
    [Fact]
    public void Every_sentence_stands_in_the_sources_word_for_word()
    {
        var sources = string.Join('\n', SentenceSources.Read().Texts);
        var missing = new List<string>();
        var foreign = ForeignSentences.All.Select(one => one.English).ToHashSet(StringComparer.Ordinal);
        Sentences.All.Where(one => !foreign.Contains(one.English))
            .SelectMany(one => one.Literals.SelectMany(part => part.Split(": ")).Where(part => !sources.Contains(part.Trim(), StringComparison.Ordinal)).Select(part => $"{one.English} has \"{part}\"")).ToList().ForEach(wrong => missing.Add(wrong));
        string.Join('\n', missing).ShouldBeEmpty();
    }

    [Fact]
    public void The_sources_are_read_as_the_compiler_does()
    {
        var texts = new SentenceSources().Add("""a = $"x {(b ? $"inner {c:0.##}" : "else \"{0}\"")} y {{z}}" + 'c' + "n\\" + $"m"; // "not"  """).Texts;
        texts.ShouldBe(["inner {}", "else \"{}\"", "x {} y {z}", "n\\m"], ignoreOrder: true);
    }

    [Fact]
    public void Each_sentence_stands_once_and_its_twin_uses_the_same_values()
    {
        Sentences.All.Select(one => one.English).ShouldBeUnique();
        Sentences.All.Where(one => one.Chinese is not null && !Places(one).SequenceEqual(Enumerable.Range(0, one.Holes).Select(hole => $"{{{hole}}}"))).Select(one => one.English).ShouldBeEmpty();
        Sentences.All.Where(one => one.Chinese is null && !ForeignSentences.All.Any(foreign => foreign.English == one.English)).ShouldBeEmpty("only words of others stay as they are");
        Sentences.All.Count.ShouldBeGreaterThan(400);
        Sentences.All.Max(one => one.Holes).ShouldBeLessThanOrEqualTo(10);
    }

    [Theory]
    [InlineData("looks fail (3 in a row)", "查看连续失败 3 次")]
    [InlineData("the last look failed (https://a.b/c answered 503: the server fails): try 2 of 3", "上次查看失败（https://a.b/c 应答 503：服务器出错）：第 2 次尝试，共 3 次")]
    [InlineData("tekton: the receiver fails: Connection refused (127.0.0.1:1); hook: paused by an operator", "tekton：接收方出错：连接被拒绝（127.0.0.1:1）；hook：由操作者暂停")]
    [InlineData("has the last event (202); it is paused, so events wait (paused by an operator)", "已收到上一个事件（202）；触发器已暂停，事件在等待（由操作者暂停）")]
    [InlineData("watched: main, release/* matches; at 0123456789ab", "已监视：匹配 main, release/*；位于 0123456789ab")]
    [InlineData("attempt 2 failed (500 Oops: it; broke); the next one is due", "第 2 次尝试失败（500 Oops: it; broke）；下一次已到期")]
    [InlineData("polling.interval of 30s is kept for all 5 of credential git; 2 whose looks fail are tried beside them", "凭据 git 的全部 5 个仓库都能保持 polling.interval 30s；另有 2 个查看失败的仓库在旁重试")]
    [InlineData("config.yaml:3:5: polling.interval: must be at least 1s, found \"0s\": the configuration before stays in force", "config.yaml:3:5：polling.interval：不得小于 1s，实为\"0s\"：之前的配置继续生效")]
    [InlineData("what nobody here ever says; looks fail (3 in a row)", null)]
    [InlineData("looks fail (3 in a row); what nobody ever says", "查看连续失败 3 次；what nobody ever says")]
    public void A_sentence_is_said_in_chinese_with_what_stands_in_it(string english, string? chinese) => Sentences.Say(english).ShouldBe(chinese);

    [Theory]
    [InlineData("500 Internal Server Error: the server fails; looks fail (3 in a row)")]
    [InlineData("500 the server fails: looks fail (3 in a row)")]
    [InlineData("500 Internal Server Error: stopped; at line5")]
    [InlineData("it broke; Git as fallback: refused")]
    [InlineData("502 : refused")]
    [InlineData("500 a; b: refused; refused")]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("{…}; {…}")]
    public void What_a_server_says_stays_as_it_is_though_it_looks_like_a_sentence_of_ours(string words) => Sentences.Say(words).ShouldBeNull();

    [Theory]
    [InlineData("the message of 0123456789ab has \"{0}\"")]
    [InlineData("0123456789ab is by {0}, whom \"*\" names")]
    [InlineData("not watched: {0} excludes it")]
    [InlineData("There is no trigger {0}.")]
    [InlineData("exit code 1: {0}")]
    [InlineData("https://a.b answered: {0}")]
    public void A_name_is_no_sentence_though_it_looks_like_one(string sentence)
    {
        foreach (var name in new[] { "looks fail (3 in a row)", "refused", "tags", "{0}", "{…}", "\u202Etxet" })
        {
            var said = Sentences.Say(string.Format(System.Globalization.CultureInfo.InvariantCulture, sentence, name)).ShouldNotBeNull();
            said.ShouldContain(name);
        }
    }

    [Fact]
    public void Nothing_that_is_sent_here_takes_long_or_breaks()
    {
        var pieces = new[] { "; ", "; ; ;", "{}", "{…}", "looks fail (", "the last look failed (", "x: ", "500 X: ", "(", ")", "\u202E", "\0", "attempt 1 failed (", "the receiver fails: ", "; at ", "; events wait (", "refused; " };
        var watch = Stopwatch.StartNew();
        foreach (var piece in pieces)
        {
            foreach (var length in new[] { 100, 4_000, 8_000, 100_000 })
            {
                var text = string.Concat(Enumerable.Repeat(piece, (length / piece.Length) + 1))[..length];
                (Sentences.Say(text)?.Length ?? 0).ShouldBeLessThanOrEqualTo(2 * length);
                (Sentences.Say("the last look failed (" + text + "): try 1 of 2")?.Length ?? 0).ShouldBeLessThan(2 * length + 100);
            }
        }

        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromMinutes(1), "some milliseconds each at the worst; where the time grows with the square of the length it is hours");
    }

    private static IEnumerable<string> Places(Sentence sentence) => Place.Matches(sentence.Chinese!).Select(match => match.Value).Order(StringComparer.Ordinal);

    [GeneratedRegex(@"\{[0-9]\}", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Place { get; }
}
