using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RepoSentry.Exam.Support;

/// <summary>A name server that answers as it is told, and differently each time if it is told several addresses; nothing may be kept of its answers.</summary>
internal sealed class LyingNames : IAsyncDisposable
{
    private readonly UdpClient socket = new(new IPEndPoint(IPAddress.Loopback, 53));
    private readonly ConcurrentDictionary<string, int> asked = new(StringComparer.OrdinalIgnoreCase);
    private readonly IReadOnlyDictionary<string, IPAddress[]> names;
    private readonly Task answering;

    public LyingNames(IReadOnlyDictionary<string, IPAddress[]> names)
    {
        this.names = names;
        answering = AnswerAsync();
    }

    public int Questions { get; private set; }

    public async ValueTask DisposeAsync()
    {
        socket.Dispose();
        await answering;
    }

    private async Task AnswerAsync()
    {
        while (true)
        {
            try
            {
                var question = await socket.ReceiveAsync();
                await socket.SendAsync(Answer(question.Buffer), question.RemoteEndPoint);
                Questions++;
            }
            catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private byte[] Answer(byte[] question)
    {
        var (name, end) = Name(question);
        var type = BinaryPrimitives.ReadUInt16BigEndian(question.AsSpan(end));
        var family = type == 28 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
        var known = names.TryGetValue(name, out var all);
        var mine = known && type is 1 or 28 ? all!.Where(address => address.AddressFamily == family).ToArray() : [];
        var turn = mine.Length > 1 ? asked.AddOrUpdate(name, 0, (_, before) => before + 1) % mine.Length : 0;
        var answer = new List<byte>(question[..(end + 4)]);
        answer[2] = 0x84;
        answer[3] = (byte)(known ? 0 : 3);
        (answer[6], answer[7]) = (0, (byte)Math.Min(1, mine.Length));
        (answer[8], answer[9], answer[10], answer[11]) = (0, 0, 0, 0);
        if (mine.Length > 0)
        {
            var address = mine[turn].GetAddressBytes();
            answer.AddRange([0xc0, 12, 0, (byte)type, 0, 1, 0, 0, 0, 0, 0, (byte)address.Length, .. address]);
        }

        return [.. answer];
    }

    private static (string Name, int End) Name(byte[] message)
    {
        var labels = new List<string>();
        var at = 12;
        while (message[at] > 0)
        {
            labels.Add(Encoding.ASCII.GetString(message, at + 1, message[at]));
            at += message[at] + 1;
        }

        return (string.Join('.', labels), at + 1);
    }
}
