namespace RepoSentry.Storage.Sqlite;

/// <summary>Which kind of file system a path is on. SQLite's write-ahead log needs shared memory and locks of one host: a network file system corrupts it.</summary>
internal static class MountTable
{
    private const string Table = "/proc/self/mountinfo";

    private static readonly string[] NetworkTypes =
    [
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "lustre", "gpfs", "beegfs", "orangefs", "glusterfs",
        "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs", "fuse.gcsfuse", "fuse.rclone", "fuse.juicefs",
    ];

    /// <summary>Name of the network file system that the path is on; null for a local one, or where the system does not tell.</summary>
    public static string? NetworkType(string path) =>
        File.Exists(Table) && TypeOf(path, File.ReadLines(Table)) is { } type && NetworkTypes.Contains(type, StringComparer.Ordinal) ? type : null;

    /// <param name="path">Absolute, without links.</param>
    /// <param name="lines">Of <c>mountinfo</c>: see proc(5).</param>
    public static string? TypeOf(string path, IEnumerable<string> lines)
    {
        var (longest, found) = (-1, (string?)null);
        foreach (var line in lines)
        {
            var parts = line.Split(' ');
            var separator = Array.IndexOf(parts, "-");
            if (separator < 5 || separator + 1 >= parts.Length)
            {
                continue;
            }

            var mount = parts[4].Replace("\\040", " ", StringComparison.Ordinal).Replace("\\134", "\\", StringComparison.Ordinal);
            var root = mount.TrimEnd('/') + "/";
            if ((path + "/").StartsWith(root, StringComparison.Ordinal) && root.Length >= longest)
            {
                (longest, found) = (root.Length, parts[separator + 1]); // a later mount on the same point hides the earlier one
            }
        }

        return found;
    }
}
