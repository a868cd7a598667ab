using System.Buffers.Binary;
using System.ComponentModel;
using System.Runtime.InteropServices;

namespace RepoSentry.Delivery.Triggers;

/// <summary>Starts a program by <c>posix_spawn</c>, which glibc and musl both have: its own session, default signals, three descriptors and nothing else of ours.</summary>
internal static class PosixSpawn
{
    private const short DefaultSignals = 0x04;
    private const short SignalMask = 0x08;
    private const short NewSession = 0x80;
    private const int NotExecutable = 8;
    private const int CloseRange = 436; // the same on all architectures; kernels before 5.11 refuse it, which is no harm
    private const int OnlyMark = 4; // close on exec, not now

    /// <returns>Why it could not be started; null if it runs.</returns>
    public static string? Start(ExecStart start, int input, int output, out int child)
    {
        // Larger than the C library's structures (80 and 336 bytes), at a fixed address.
        var actions = GC.AllocateArray<byte>(512, pinned: true);
        var attributes = GC.AllocateArray<byte>(1024, pinned: true);
        var arguments = Strings(start.Command);
        var environment = Strings(start.Environment.Select(pair => $"{pair.Key}={pair.Value}"));
        child = 0;

        // The runtime opens nothing that a program would inherit, but we may have inherited something ourselves.
        _ = Native.syscall(CloseRange, 3, uint.MaxValue, OnlyMark);
        _ = Native.posix_spawn_file_actions_init(actions);
        _ = Native.posix_spawnattr_init(attributes);
        try
        {
            Describe(start, input, output, actions, attributes);
            return Native.posix_spawn(out child, start.Program, actions, attributes, arguments, environment) switch
            {
                0 => null,
                NotExecutable => $"{start.Program} is no program (a script begins with a line such as #!/bin/sh)",
                var error => $"{start.Program}: {new Win32Exception(error).Message}",
            };
        }
        finally
        {
            _ = Native.posix_spawn_file_actions_destroy(actions);
            _ = Native.posix_spawnattr_destroy(attributes);
            Array.ForEach(arguments, Marshal.FreeCoTaskMem);
            Array.ForEach(environment, Marshal.FreeCoTaskMem);
        }
    }

    private static void Describe(ExecStart start, int input, int output, byte[] actions, byte[] attributes)
    {
        _ = Native.posix_spawn_file_actions_adddup2(actions, input, 0);
        _ = Native.posix_spawn_file_actions_adddup2(actions, output, 1);
        _ = Native.posix_spawn_file_actions_adddup2(actions, output, 2);
        if (start.WorkingDirectory.Length > 0)
        {
            _ = Native.posix_spawn_file_actions_addchdir_np(actions, start.WorkingDirectory);
        }

        // The runtime ignores SIGPIPE, and what is ignored would stay so in the program.
        var signals = new byte[128];
        _ = Native.posix_spawnattr_setsigmask(attributes, signals);
        BinaryPrimitives.WriteUInt32LittleEndian(signals, 0x7fffffff);
        _ = Native.posix_spawnattr_setsigdefault(attributes, signals);
        _ = Native.posix_spawnattr_setflags(attributes, DefaultSignals | SignalMask | NewSession);
    }

    private static nint[] Strings(IEnumerable<string> texts) => [.. texts.Select(Marshal.StringToCoTaskMemUTF8), 0];

    private static class Native
    {
        [DllImport("libc")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern nint syscall(nint number, nuint first, nuint last, nint flags);

        [DllImport("libc")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int posix_spawn(out int child, [MarshalAs(UnmanagedType.LPUTF8Str)] string program, byte[] actions, byte[] attributes, nint[] arguments, nint[] environment);

        [DllImport("libc")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int posix_spawn_file_actions_init([In, Out] byte[] actions);

        [DllImport("libc")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int posix_spawn_file_actions_adddup2([In, Out] byte[] actions, int from, int to);

        [DllImport("libc")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int posix_spawn_file_actions_addchdir_np([In, Out] byte[] actions, [MarshalAs(UnmanagedType.LPUTF8Str)] string path);

        [DllImport("libc")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int posix_spawn_file_actions_destroy([In, Out] byte[] actions);

        [DllImport("libc")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int posix_spawnattr_init([In, Out] byte[] attributes);

        [DllImport("libc")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int posix_spawnattr_setflags([In, Out] byte[] attributes, short flags);

        [DllImport("libc")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int posix_spawnattr_setsigmask([In, Out] byte[] attributes, byte[] signals);

        [DllImport("libc")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int posix_spawnattr_setsigdefault([In, Out] byte[] attributes, byte[] signals);

        [DllImport("libc")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int posix_spawnattr_destroy([In, Out] byte[] attributes);
    }
}
