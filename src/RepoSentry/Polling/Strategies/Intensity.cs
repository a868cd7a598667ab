using System.Buffers.Binary;

namespace RepoSentry.Polling.Strategies;

/// <summary>
/// How often a repository is pushed to at the moment, in constant space: six sums of its changes that fade at different speeds, and how they spread over the
/// hours of the week. Times are seconds since any beginning that all repositories share.
/// </summary>
internal sealed class Intensity
{
    /// <summary>What is believed of a repository that nothing is known of, in changes a second.</summary>
    public const double Prior = 0.5 / Day;

    private const double Day = 86_400;
    private const double PriorWeight = 0.3;
    private const double HourWeight = 20;
    private const int Sums = 6;
    private const byte Version = 1;
    private const int PackedBytes = 1 + ((Sums + 2) * sizeof(double)) + sizeof(int) + (HourProfile.Hours * sizeof(ushort));

    private static readonly double[] Memory = [56 * Day, 7 * Day, Day, Day / 8, Day / 48, Day / 240];

    private readonly double[] sums = new double[Sums];
    private ushort[]? hours;
    private double at;

    /// <param name="since">From when on changes would have been seen.</param>
    public Intensity(double since) => (Since, at) = (since, since);

    public double Since { get; private set; }

    /// <summary>When the last change was seen, or what was known began.</summary>
    public double ChangedAt => at;

    /// <summary>Changes that were seen.</summary>
    public int Changes { get; private set; }

    /// <summary>Takes a change over. One that is older than the last is taken for what of it has not faded yet.</summary>
    /// <param name="changedAt">When it happened, at most <paramref name="now"/>.</param>
    public void Add(double changedAt, double now, HourProfile fleet)
    {
        Fade(now);
        var age = Math.Max(0, now - changedAt);
        sums[0] += Math.Exp(-age / Memory[0]);
        for (var k = 1; k < Sums; k++)
        {
            sums[k] += Math.Exp(-age / Memory[k]) / Memory[k];
        }

        var hour = HourProfile.HourOf(changedAt);
        hours ??= new ushort[HourProfile.Hours];
        hours[hour] = (ushort)Math.Min(hours[hour] + 1, ushort.MaxValue);
        Changes++;
        fleet.Add(hour);
    }

    /// <summary>What a list of earlier changes tells, oldest first, as if they had been seen one by one.</summary>
    public void Learn(IEnumerable<double> changes, double now, HourProfile fleet)
    {
        foreach (var change in changes)
        {
            if (Changes == 0)
            {
                (Since, at) = (Math.Min(Since, change), Math.Min(at, change));
            }

            Add(change, Math.Max(change, at), fleet);
        }

        Fade(now);
    }

    /// <summary>What is known of it, to be stored.</summary>
    public byte[] Pack()
    {
        var packed = new byte[PackedBytes];
        packed[0] = Version;
        var place = 1;
        foreach (var number in (ReadOnlySpan<double>)[Since, at, .. sums])
        {
            BinaryPrimitives.WriteDoubleLittleEndian(packed.AsSpan(place), number);
            place += sizeof(double);
        }

        BinaryPrimitives.WriteInt32LittleEndian(packed.AsSpan(place), Changes);
        for (var hour = 0; hour < HourProfile.Hours; hour++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(packed.AsSpan(place + sizeof(int) + (hour * sizeof(ushort))), hours?[hour] ?? 0);
        }

        return packed;
    }

    /// <returns>Null for what this version did not store.</returns>
    public static Intensity? Read(byte[]? packed, HourProfile fleet)
    {
        if (packed is not { Length: PackedBytes } || packed[0] != Version)
        {
            return null;
        }

        var numbers = new double[Sums + 2];
        for (var n = 0; n < numbers.Length; n++)
        {
            numbers[n] = BinaryPrimitives.ReadDoubleLittleEndian(packed.AsSpan(1 + (n * sizeof(double))));
        }

        if (!Array.TrueForAll(numbers, double.IsFinite))
        {
            return null;
        }

        var rest = packed.AsSpan(1 + (numbers.Length * sizeof(double)));
        var known = new Intensity(numbers[0]) { at = numbers[1], Changes = BinaryPrimitives.ReadInt32LittleEndian(rest), hours = new ushort[HourProfile.Hours] };
        numbers.AsSpan(2).CopyTo(known.sums);
        for (var hour = 0; hour < HourProfile.Hours; hour++)
        {
            known.hours[hour] = BinaryPrimitives.ReadUInt16LittleEndian(rest[(sizeof(int) + (hour * sizeof(ushort)))..]);
            fleet.Add(hour, known.hours[hour]);
        }

        return known;
    }

    /// <summary>Changes a second, now.</summary>
    public double At(double now, HourProfile fleet)
    {
        var past = Math.Max(0, now - at);
        double Sum(int k) => past > 40 * Memory[k] || sums[k] == 0 ? 0 : sums[k] * Math.Exp(-past / Memory[k]);
        var known = Memory[0] * (1 - Math.Exp(-Math.Max(0, now - Since) / Memory[0]));
        var slow = (PriorWeight + Sum(0)) / ((PriorWeight / Prior) + known);
        var usual = (0.475 * slow) + (0.192 * Sum(1)) + (0.073 * Sum(2)) + (0.005 * Prior);
        return (HourFactor(HourProfile.HourOf(now), fleet) * usual) + (0.063 * Sum(3)) + (0.082 * Sum(4)) + (0.183 * Sum(5));
    }

    private double HourFactor(int hour, HourProfile fleet)
    {
        var own = hours is null ? 0 : (0.25 * hours[HourProfile.Before(hour)]) + (0.5 * hours[hour]) + (0.25 * hours[HourProfile.After(hour)]);
        return ((HourWeight * fleet.ShareOf(hour)) + own) / (HourWeight + Changes) / HourProfile.Width(hour);
    }

    private void Fade(double now)
    {
        var past = now - at;
        if (past <= 0)
        {
            return;
        }

        for (var k = 0; k < Sums; k++)
        {
            sums[k] *= Math.Exp(-past / Memory[k]);
        }

        at = now;
    }
}
