using System.Globalization;

namespace RepoSentry.Delivery.Triggers;

/// <summary>A program and all it started: those of its group or session, and its descendants. What made itself a session and lost its parents has left the family.</summary>
internal static class ProcessFamily
{
    private const int Rounds = 5;

    /// <summary>Kills all of it, and again while new members appear. The leader must not have been reaped, for then its number may be another's.</summary>
    public static void Kill(int leader)
    {
        for (var round = 0; round < Rounds; round++)
        {
            var members = Members(leader);
            Posix.SignalGroup(leader, Posix.KillNow);
            members.ForEach(member => Posix.Signal(member, Posix.KillNow));
            if (members.Count == 0)
            {
                return;
            }
        }
    }

    private static List<int> Members(int leader)
    {
        var all = Directory.EnumerateDirectories("/proc").Select(folder => Read(folder)).OfType<Member>().ToDictionary(member => member.Id);
        return [.. all.Values.Where(member => member.Lives && IsOf(leader, member, all)).Select(member => member.Id)];
    }

    private static bool IsOf(int leader, Member member, Dictionary<int, Member> all)
    {
        for (var (one, steps) = (member, 0); steps < 256; steps++)
        {
            if (one.Id == leader || one.Group == leader || one.Session == leader)
            {
                return true;
            }

            if (!all.TryGetValue(one.Parent, out one!))
            {
                return false;
            }
        }

        return false;
    }

    private static Member? Read(string folder)
    {
        if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            return null;
        }

        try
        {
            // "id (name) state parent group session …", and a name may hold blanks and parentheses.
            var text = File.ReadAllText(Path.Combine(folder, "stat"));
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return new Member(id, fields[0] is not ("Z" or "X"), Number(fields[1]), Number(fields[2]), Number(fields[3]));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // it has ended meanwhile
        }
    }

    private static int Number(string field) => int.Parse(field, CultureInfo.InvariantCulture);

    private sealed record Member(int Id, bool Lives, int Parent, int Group, int Session);
}
