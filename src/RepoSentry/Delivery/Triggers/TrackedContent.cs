using System.Net;

namespace RepoSentry.Delivery.Triggers;

/// <summary>A body that knows whether it left: after that, a failure no longer tells whether the receiver has it.</summary>
internal sealed class TrackedContent(byte[] bytes) : HttpContent
{
    public bool Sent { get; private set; }

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        Sent = true;
        await stream.WriteAsync(bytes, cancellationToken);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override bool TryComputeLength(out long length)
    {
        length = bytes.Length;
        return true;
    }
}
