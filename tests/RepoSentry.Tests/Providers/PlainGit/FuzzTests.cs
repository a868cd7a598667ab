using System.Text;
using CsCheck;
using RepoSentry.Abstractions;
using RepoSentry.Providers.PlainGit;
using Xunit;
using static RepoSentry.Tests.Providers.PlainGit.ScriptedGitServer;

namespace RepoSentry.Tests.Providers.PlainGit;

public sealed class FuzzTests
{
    private const string Web = "https://forge.test/acme/web";

    private static readonly Gen<byte[]> Noise = Gen.Byte.Array[0, 300];

    private static readonly Gen<byte[]> NearMiss =
        from text in OneOf(Captured.Version0, Captured.Version1, Captured.Version2, Captured.LsRefs)
        from cut in Gen.Int[0, text.Length]
        from place in Gen.Int[0, text.Length - 1]
        from value in Gen.Byte
        select Mutate(text, cut, place, value);

    private static readonly Gen<byte[]> Pieces =
        OneOf("0000", "0001", "0002", "0003", "0004", "000eversion 2\n", "000eversion 1\n", "000cls-refs\n", Captured.Service,
                $"003d{Captured.Second} refs/heads/main\n", $"003d{Captured.Second} refs/tags/v1^{{}}\n", $"003a{Captured.First} refs/tags/v1\n", "0007ERR")
            .Array[0, 8].Select(pieces => Encoding.Latin1.GetBytes(string.Concat(pieces)));

    private static readonly Gen<byte[]> Answers = Gen.OneOf(Noise, NearMiss, Pieces);

    [Fact]
    public void No_bytes_in_the_place_of_a_packet_do_more_than_a_named_error() =>
        Answers.Sample(bytes => Survives(() =>
        {
            ReadOnlySpan<byte> window = bytes;
            while (PktLine.TryRead(window, out _, out var consumed))
            {
                window = window[consumed..];
            }
        }));

    [Fact]
    public async Task No_answers_of_a_server_do_more_than_a_named_error() =>
        await Gen.Select(Answers, Answers).SampleAsync(async (first, second) =>
        {
            var server = new ScriptedGitServer()
                .On($"GET {Web}/info/refs?service=git-upload-pack", () => Answer(Advertisement, first))
                .On($"POST {Web}/git-upload-pack", () => Answer(Result, second));
            try
            {
                await server.Source().LookAsync(Looks.At(Web), Looks.Never);
            }
            catch (RefSourceException)
            {
                // What a bad answer is meant to end in.
            }

            return true;
        }, iter: 3000);

    [Fact]
    public async Task A_list_cut_off_anywhere_is_refused()
    {
        for (var length = 0; length < Captured.LsRefs.Length; length++)
        {
            var server = new ScriptedGitServer().OnGet(Web, Captured.Version2).OnPost(Web, Captured.LsRefs[..length]);
            await server.Source().FailureOf(Web);
        }
    }

    [Fact]
    public async Task A_list_that_arrives_byte_by_byte_is_read_as_well()
    {
        foreach (var list in (string[])[Captured.Version0, Captured.Version1])
        {
            using var drops = new EndlessStream(index => index < list.Length ? list[index..(index + 1)] : null);
            var server = new ScriptedGitServer().On($"GET {Web}/info/refs?service=git-upload-pack", () => Answer(Advertisement, new OneByteStream(drops)));
            Assert.Equal(2, (await server.Source().LookAsync(Looks.At(Web), Looks.Never)).Of(RefKind.Branch)!.Refs.Count);
        }
    }

    private static Gen<string> OneOf(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(at => texts[at]);

    private static byte[] Mutate(string text, int cut, int place, byte value)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        bytes[place] = value;
        return cut % 2 == 0 ? bytes : bytes[..cut];
    }

    private static bool Survives(Action read)
    {
        try
        {
            read();
        }
        catch (RefSourceException)
        {
            // What a bad packet is meant to end in.
        }

        return true;
    }

    private sealed class OneByteStream(Stream inner) : OneWayStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer[..1], cancellationToken);
    }
}
