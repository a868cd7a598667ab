using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace RepoSentry.Delivery.Triggers;

/// <summary>
/// The system calls behind <see cref="ExecRun"/>. The runtime's own Process makes no session or group of its own for a child, so it could not end what a child
/// leaves behind, and its reads of a pipe that somebody keeps open end never.
/// </summary>
internal static class Posix
{
    public const int Terminate = 15;
    public const int KillNow = 9;
    private const int CloseOnExec = 0x80000;
    private const int AtomicWrite = 4096; // a pipe that is ready takes this much without blocking
    private const int Interrupted = 4;
    private const int NoChild = 10;

    /// <summary>Both ends stay out of any program that is started meanwhile.</summary>
    public static (int Read, int Write) Pipe()
    {
        var ends = new int[2];
        return Native.pipe2(ends, CloseOnExec) == 0 ? (ends[0], ends[1]) : throw new IOException($"no pipe: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>Negative numbers are no descriptors.</summary>
    public static void Close(int descriptor)
    {
        if (descriptor >= 0)
        {
            _ = Native.close(descriptor);
        }
    }

    /// <summary>Waits until one of the two is ready; closed ones (negative) are not waited for.</summary>
    public static (bool Input, bool Results) Poll(int input, int results, int milliseconds)
    {
        PollEntry[] entries = [new() { Descriptor = input, Events = PollEntry.Writable }, new() { Descriptor = results, Events = PollEntry.Readable }];
        return Native.poll(entries, 2, milliseconds) > 0 ? (entries[0].Returned != 0, entries[1].Returned != 0) : (false, false);
    }

    /// <summary>Less than 0 if nobody reads any more.</summary>
    public static int Write(int descriptor, ReadOnlySpan<byte> bytes)
    {
        var piece = bytes[..Math.Min(bytes.Length, AtomicWrite)].ToArray();
        var written = (int)Native.write(descriptor, piece, piece.Length);
        return written < 0 && Marshal.GetLastPInvokeError() == Interrupted ? 0 : written;
    }

    /// <summary>0 or less at the end.</summary>
    public static int Read(int descriptor, byte[] buffer)
    {
        int read;
        do
        {
            read = (int)Native.read(descriptor, buffer, buffer.Length);
        }
        while (read < 0 && Marshal.GetLastPInvokeError() == Interrupted);
        return read;
    }

    /// <summary>Whether a child has ended. It stays unreaped.</summary>
    public static bool HasEnded(int child)
    {
        var info = new byte[128];
        return Native.waitid(Native.ById, child, info, Native.Exited | Native.DoNotHang | Native.LeaveIt) != 0
            ? Marshal.GetLastPInvokeError() == NoChild
            : BinaryPrimitives.ReadInt32LittleEndian(info) != 0;
    }

    /// <summary>Takes a child's end; both null where someone else has taken it.</summary>
    public static (int? ExitCode, int? Signal) Reap(int child)
    {
        var info = new byte[128];
        while (Native.waitid(Native.ById, child, info, Native.Exited) != 0)
        {
            if (Marshal.GetLastPInvokeError() != Interrupted)
            {
                return (null, null);
            }
        }

        // siginfo_t: code at 8 (1 is "exited"), status at 24
        var status = BinaryPrimitives.ReadInt32LittleEndian(info.AsSpan(24));
        return BinaryPrimitives.ReadInt32LittleEndian(info.AsSpan(8)) == 1 ? (status, null) : (null, status);
    }

    public static void Signal(int process, int signal) => _ = Native.kill(process, signal);

    public static void SignalGroup(int leader, int signal) => _ = Native.kill(-leader, signal);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public const short Readable = 1;
        public const short Writable = 4;

        public int Descriptor;
        public short Events;
        public short Returned;
    }

    private static class Native
    {
        public const int ById = 1;
        public const int DoNotHang = 1;
        public const int Exited = 4;
        public const int LeaveIt = 0x01000000;

        [DllImport("libc", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int pipe2([Out] int[] ends, int flags);

        [DllImport("libc", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int close(int descriptor);

        [DllImport("libc", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int poll([In, Out] PollEntry[] entries, nuint count, int milliseconds);

        [DllImport("libc", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern nint read(int descriptor, [Out] byte[] buffer, nint count);

        [DllImport("libc", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern nint write(int descriptor, byte[] buffer, nint count);

        [DllImport("libc", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int waitid(int kind, int id, [Out] byte[] info, int options);

        [DllImport("libc", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int kill(int process, int signal);
    }
}
