using System.Collections.Concurrent;
using System.Diagnostics;

namespace RepoSentry.Exam.Support;

/// <summary>The processes that the exam started and has not ended yet: none outlives its experiment.</summary>
internal static class Children
{
    private static readonly ConcurrentDictionary<int, Process> Alive = new();

    public static Process Start(ProcessStartInfo start)
    {
        var process = Process.Start(start)!;
        Alive[process.Id] = process;
        return process;
    }

    /// <summary>kill -9 for it and what it started.</summary>
    public static async Task EndAsync(Process process)
    {
        Alive.TryRemove(process.Id, out _);
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
        }

        await process.WaitForExitAsync();
    }

    public static async Task EndAllAsync()
    {
        foreach (var process in Alive.Values)
        {
            await EndAsync(process);
        }
    }

    /// <summary>Ids of the processes that it started, at any depth, itself first.</summary>
    public static IReadOnlyList<int> Tree(int pid)
    {
        var all = new List<int> { pid };
        for (var at = 0; at < all.Count; at++)
        {
            foreach (var task in Tasks(all[at]))
            {
                all.AddRange(Read($"{task}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse));
            }
        }

        return all;
    }

    private static string[] Tasks(int pid)
    {
        try
        {
            return Directory.GetDirectories($"/proc/{pid}/task");
        }
        catch (IOException)
        {
            return [];
        }
    }

    public static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return ""; // it has just ended
        }
    }
}
