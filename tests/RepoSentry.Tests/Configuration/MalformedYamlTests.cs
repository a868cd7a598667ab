using System.Globalization;
using System.Text;
using System.Text.Json;
using CsCheck;
using RepoSentry.Configuration;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Configuration;

/// <summary>Any bytes give an answer, never an exception.</summary>
public sealed class MalformedYamlTests
{
    private const string Sample = """
        app: { name: a, data_dir: ./d, log_level: info, shutdown_timeout: 25s }
        api: &a { listen: "127.0.0.1:8080", auth: auto }
        polling: { interval: 60s, max_workers: 64, surplus: 1.0 }
        providers:
          - { name: corp, type: gitlab, url: "https://gitlab.corp", token: "${A_TOKEN:-x}", requests_per_minute: 600 }
        tekton:
          event_listener_url: "http://el.ci.svc:8080"
          secret: "env:A_SECRET"
          headers: { X-A: b }
        repositories:
          - name: web
            url: git@gitlab.corp:acme/web.git
            branch_regex: "^(?P<x>main|dev)[[:alpha:]]\\d$"
            labels: { team: shop }
        """;

    [Theory]
    [InlineData("app: [", "config.yaml:2:1: malformed YAML: ")]
    [InlineData("app:\n\tname: a\n", "config.yaml:2:1: malformed YAML: ")]
    [InlineData("app: {name: \"a\n", "config.yaml:")]
    [InlineData("- a\n", "config.yaml:1:1: the file must be a mapping of sections, found a list")]
    [InlineData("words\n", "config.yaml:1:1: the file must be a mapping of sections, found the value \"words\"")]
    [InlineData("app: {}\n---\napp: {}\n", "config.yaml:2:1: a second YAML document begins here (one document per file)")]
    [InlineData("app: *x\n", "config.yaml:1:6: the alias *x has no anchor above it")]
    [InlineData("app: &x [*x]\n", "config.yaml:1:10: the alias *x has no anchor above it")]
    [InlineData("app: !!python/object:os.system x\n", "config.yaml:")]
    [InlineData("app: !secret x\n", "config.yaml:1:6: the tag \"!secret\" is not known here")]
    [InlineData("? [a]\n: b\n", "config.yaml:")]
    [InlineData("app:\n  na\0me: a\n", "config.yaml:2:5: the file has the control character U+0000 (is it a text file in UTF-8?)")]
    public void Malformed_text_is_one_problem_with_its_place(string text, string expected) => ConfigOf.Errors(text).ShouldHaveSingleItem().ShouldStartWith(expected);

    [Fact]
    public void Tens_of_thousands_of_wrong_keys_are_told_by_a_hundred()
    {
        var unknown = ConfigOf.Errors(string.Concat(Enumerable.Range(0, 50_000).Select(number => $"k{number}: 1\n")));
        var doubled = ConfigOf.Errors(string.Concat(Enumerable.Repeat("app: {}\n", 50_000)));

        unknown.Count.ShouldBe(101);
        unknown[^1].ShouldBe("config.yaml:101:1: 49900 more unknown keys");
        doubled[^1].ShouldEndWith("more than 100 keys stand twice");
    }

    [Fact]
    public void Bytes_that_are_not_text_are_one_problem() =>
        ConfigLoader.LoadBytes([0x7f, 0x45, 0x4c, 0x46, 0xff, 0xfe], "config.yaml", ConfigOf.Environment()).Errors.ShouldHaveSingleItem().ToString().ShouldBe("config.yaml: the configuration file is not text in UTF-8");

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n")]
    [InlineData("---\n")]
    [InlineData("~\n")]
    [InlineData("repositories:\n")]
    public void An_empty_file_is_the_defaults(string text) => JsonSerializer.Serialize(ConfigOf.Good(text)).ShouldBe(JsonSerializer.Serialize(new SentryConfig { Storage = new StorageConfig { SqlitePath = "./data/reposentry.db" } }));

    [Fact]
    public void A_byte_order_mark_is_skipped() =>
        ConfigLoader.LoadBytes([.. Encoding.UTF8.Preamble, .. "app: { nmae: a }"u8], "config.yaml", ConfigOf.Environment()).Errors.ShouldHaveSingleItem().Place.ShouldBe(new Place("config.yaml", 1, 8));

    [Theory]
    [InlineData("[")]
    [InlineData("{a: ")]
    [InlineData("- ")]
    [InlineData("? ")]
    public void Deep_nesting_is_refused(string opening) => ConfigOf.Errors("app: \n " + string.Concat(Enumerable.Repeat(opening, 100_000))).ShouldNotBeEmpty();

    [Fact]
    public void A_file_over_one_mebibyte_is_refused() =>
        ConfigLoader.LoadBytes(new byte[YamlTree.MaxBytes + 1], "config.yaml", ConfigOf.Environment()).Errors.ShouldHaveSingleItem().Message.ShouldBe("the configuration file is larger than 1024 KiB: let discovery find the repositories, or bring them through the API (repo add)");

    [Fact]
    public void A_bomb_of_aliases_is_refused()
    {
        var bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (var level = 1; level < 10; level++)
        {
            bomb.AppendLine(CultureInfo.InvariantCulture, $"a{level}: &a{level} [{string.Join(", ", Enumerable.Repeat($"*a{level - 1}", 9))}]");
        }

        ConfigOf.Errors(bomb.ToString()).ShouldHaveSingleItem().ShouldContain("aliases");
    }

    [Fact]
    public void Anchors_and_merge_keys_are_understood()
    {
        var config = ConfigOf.Good("""
            repositories:
              - &base { name: a, url: https://g/a, branches: [main], priority: 3 }
              - { <<: *base, name: b, priority: 4 }
            """);

        config.Repositories[1].Branches.ShouldBe(["main"]);
        config.Repositories[1].Priority.ShouldBe(4);
    }

    [Fact]
    public void Random_bytes_never_throw() => Gen.Byte.Array[0, 300].Sample(bytes => Answers(bytes), iter: 2000);

    [Fact]
    public void Random_yaml_like_text_never_throws() =>
        Gen.OneOf([.. ((string[])["a", ":", " ", "\n", "- ", "[", "]", "{", "}", "\"", "'", "&x", "*x", "!t", "<<", "|", ">", "#", "?", ",", "${A}", "$$", "app", "repositories", "url", "\t", "---", "%", "@", "\u2028", "é"]).Select(Gen.Const)])
            .Array[0, 60].Sample(parts => Answers(Encoding.UTF8.GetBytes(string.Concat(parts))), iter: 5000);

    [Fact]
    public void A_mutated_config_never_throws()
    {
        var sample = Encoding.UTF8.GetBytes(Sample);
        var edit = Gen.Select(Gen.Int[0, sample.Length - 1], Gen.Int[0, 12], Gen.Byte.Array[0, 4]);
        edit.Array[1, 4].Sample(
            edits =>
            {
                var bytes = new List<byte>(sample);
                foreach (var (at, cut, insert) in edits)
                {
                    var from = Math.Min(at, bytes.Count);
                    bytes.RemoveRange(from, Math.Min(cut, bytes.Count - from));
                    bytes.InsertRange(from, insert);
                }

                return Answers([.. bytes]);
            },
            iter: 3000);
    }

    [Fact]
    public void A_config_with_lines_moved_about_never_throws() =>
        Gen.Shuffle(Sample.Split('\n')).Sample(lines => Answers(Encoding.UTF8.GetBytes(string.Join('\n', lines))), iter: 1000);

    private static bool Answers(byte[] bytes)
    {
        var loaded = ConfigLoader.LoadBytes(bytes, "config.yaml", ConfigOf.Environment(("A_SECRET", "s")));
        return loaded.Config is null == loaded.Errors.Count > 0;
    }
}
