using System.Text;
using System.Text.Json;
using CsCheck;
using RepoSentry.Abstractions;
using RepoSentry.Delivery.Payloads;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Delivery.Payloads;

public sealed class PayloadLawTests
{
    private static readonly string[] Formats = ["github", "gitlab", "gitea", "bitbucket", "cloudevents", "native"];

    // Any UTF-16 at all, halves of surrogate pairs and control characters among it, now and then very long.
    private static readonly Gen<string> OddText = Gen.Frequency(
        (8, Gen.Char.Array[0, 40].Select(chars => new string(chars))),
        (1, Gen.Select(Gen.Char, Gen.Int[1, 200_000]).Select((letter, times) => new string(letter, times))));

    private static readonly Gen<ChangeEvent> Changes = Gen.Select(
        Gen.Char.Array[0, 60].Select(chars => new string(chars)),
        OddText,
        OddText,
        Gen.Int[0, 40],
        Gen.Int[0, 400],
        Gen.Int[0, 5]).Select((name, message, path, commits, files, shape) => Odd(name, message, path, commits, files, shape));

    [Fact]
    public void Any_change_renders_as_valid_JSON_below_a_mebibyte_that_keeps_ref_and_commits() =>
        Changes.Sample(
            change => Formats.All(format =>
            {
                var message = PayloadFormats.Render(format, change);
                using var json = JsonDocument.Parse(message.Body);
                var body = json.RootElement;
                var expected = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(RefName.ToText(change.Change.Ref)));
                var isDeletion = format == "gitea" && change.Change.After is null; // it has the short name, and no commits
                return message.Body.Length < 1024 * 1024
                    && body.At(RefAt(format)).GetString() == (isDeletion ? GitRef.Shorten(expected) : expected)
                    && (isDeletion || body.At(CommitAt(format)).GetString() == (change.Change.After ?? (format == "native" ? null : new string('0', 40))))
                    && message.Headers.Values.All(value => value.All(letter => letter is >= ' ' and < '\u007f'));
            }),
            iter: 200);

    [Fact]
    public void Any_pull_request_renders_as_valid_JSON_below_a_mebibyte_that_keeps_its_number_and_commit() =>
        Gen.Select(OddText, OddText, Gen.Int[0, 300], Gen.Int[0, 4]).Sample(
            (text, name, labels, shape) => Formats.All(format =>
            {
                var change = OddPullRequest(text, name, labels, shape);
                var message = PayloadFormats.Render(format, change);
                using var json = JsonDocument.Parse(message.Body);
                var (number, commit) = format switch
                {
                    "github" or "gitea" => ("number", "pull_request.head.sha"),
                    "gitlab" => ("object_attributes.iid", "object_attributes.last_commit.id"),
                    "bitbucket" => ("pullRequest.id", "pullRequest.fromRef.latestCommit"),
                    "native" => ("data.pull_request.number", "data.pull_request.head_sha"),
                    _ => ("", "commit.sha"),
                };
                return message.Body.Length < 1024 * 1024
                    && (number.Length == 0 || json.RootElement.At(number).GetInt64() == 7)
                    && json.RootElement.At(commit).GetString() == Build.Commit('2')
                    && message.Headers.Values.All(value => value.All(letter => letter is >= ' ' and < '\u007f'));
            }),
            iter: 200);

    [Fact]
    public void What_is_too_large_loses_files_before_it_loses_commits()
    {
        var commit = Pushes.Commit(Build.Commit('2'), "Huge") with { Added = [.. Enumerable.Range(0, 20_000).Select(n => $"a/very/long/path/to/some/file/number/{n}.txt")] };
        var commits = Enumerable.Range(0, 19).Select(n => commit with { Id = n.ToString("x40") }).Append(commit);
        var message = PayloadFormats.Render("github", Pushes.Event() with { Commits = [.. commits] });
        message.Body.Length.ShouldBeLessThan(1024 * 1024);
        using var json = JsonDocument.Parse(message.Body);
        json.RootElement.At("commits").GetArrayLength().ShouldBe(20);
        json.RootElement.At("commits[19].added").GetArrayLength().ShouldBeInRange(1, 3000);
        message.Headers["X-RepoSentry-Truncated"].ShouldBe("true");
    }

    private static string RefAt(string format) => format switch { "cloudevents" => "branch.ref", "native" => "data.ref", "bitbucket" => "changes[0].refId", _ => "ref" };

    private static string CommitAt(string format) => format switch { "cloudevents" => "commit.sha", "native" => "data.after", "bitbucket" => "changes[0].toHash", _ => "after" };

    private static ChangeEvent OddPullRequest(string text, string name, int labels, int shape) => Pushes.PullRequest(shape == 1 ? '1' : null, shape is 2 or 3 ? null : '2', new PullRequestInfo
    {
        Number = 7,
        HeadSha = Build.Commit('2'),
        Title = text,
        Body = text,
        Url = text,
        Author = new PersonInfo(name, text, name),
        HeadBranch = name,
        BaseBranch = text,
        Fork = shape > 2,
        HeadCloneUrl = shape == 4 ? "https://github.com/grace/web.git" : text,
        HeadRepository = name,
        BaseSha = text,
        MergeSha = text,
        ForgeId = text,
        Labels = [.. Enumerable.Repeat(text, labels)],
        State = shape == 2 ? PullRequestState.Merged : PullRequestState.Open,
    });

    private static ChangeEvent Odd(string name, string message, string path, int commits, int files, int shape)
    {
        var change = Pushes.Event((shape % 2 == 0 ? "refs/heads/" : "refs/tags/") + name, shape == 2 ? null : '1', shape == 3 ? null : '2');
        var person = new PersonInfo(message, path, name);
        return change with
        {
            Commits = [.. Enumerable.Range(0, commits).Select(n => new CommitInfo
            {
                Id = n == commits - 1 ? Build.Commit('2') : n.ToString("x40"),
                Message = message,
                Url = path,
                Author = person,
                Added = [.. Enumerable.Repeat(path, files)],
            })],
            CompareUrl = message,
            Unknown = [message, path],
        };
    }
}
