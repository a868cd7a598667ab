using System.Diagnostics;
using System.IO.MemoryMappedFiles;
using System.Text;
using RepoSentry.Abstractions;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.Exam.Fuzzing;

/// <summary>
/// Feeds one target. An input that ends in a way not seen before is kept, and further ones are made of it. The way it ends stands in for the coverage of code,
/// which is not measured: the kind and words of the refusal, how far it got, or the shape of what was read.
/// </summary>
/// <param name="within">The full exam ends a slow target after this, and tells how many inputs it got.</param>
/// <param name="slow">An input that takes longer, and again when it is fed once more, is one of <see cref="SlowInputs"/>.</param>
internal sealed class Fuzzer(FuzzTarget target, int seed, int count, TimeSpan within, TimeSpan slow)
{
    private const int MostKept = 4000;
    private static readonly TimeSpan Stuck = TimeSpan.FromMinutes(1);

    private readonly Random random = new(seed);
    private readonly List<FuzzInput> corpus = [];
    private readonly HashSet<ulong> ways = [];
    private readonly HashSet<string> told = [];
    private FuzzInput? current;
    private long began;

    public FuzzTarget Target => target;
    public int Fed { get; private set; }
    public int Read { get; private set; }
    public int Ways => ways.Count;
    public TimeSpan Took { get; private set; }
    public TimeSpan Slowest { get; private set; }

    /// <summary>One for each kind of exception and place.</summary>
    public List<string> Exceptions { get; } = [];
    public List<string> BrokenLaws { get; } = [];
    public List<string> SlowInputs { get; } = [];

    /// <summary>Seeds that were refused: what is made of them shows nothing.</summary>
    public List<string> RefusedSeeds { get; } = [];

    /// <summary>The input that does not end; null while all do.</summary>
    public string? Hangs() => Volatile.Read(ref current) is { } input && Stopwatch.GetElapsedTime(Volatile.Read(ref began)) > Stuck ? Save("hang", input, "still at it") : null;

    public void Run()
    {
        var mutator = new Mutator(random, target.Words);
        using var last = new LastInput(Path.Combine(Folder, $"{FileName}.last"));
        foreach (var input in target.Cases.SelectMany(one => one.Seeds.Select(bytes => new FuzzInput(one, bytes))))
        {
            corpus.Add(input);
            if (Feed(input, last) is not { } end || end.StartsWith(FuzzCase.Refused, StringComparison.Ordinal))
            {
                RefusedSeeds.Add($"{target.Name}, {input.Case.Name}");
            }
        }

        for (var clock = Stopwatch.GetTimestamp(); Fed < count && Took < within; Took = Stopwatch.GetElapsedTime(clock))
        {
            var from = corpus[random.Next(corpus.Count)];
            var input = new FuzzInput(from.Case, mutator.Mutate(from, corpus[random.Next(corpus.Count)]));
            if (Feed(input, last) is { } end && ways.Add(Way(input.Case.Name, end)) && corpus.Count < MostKept)
            {
                corpus.Add(input);
            }
        }
    }

    private static string Folder => SourceTree.At("artifacts/fuzz");

    private string FileName => target.Name.Replace(' ', '-').Replace('/', '-');

    /// <summary>How it ended; null for a failure.</summary>
    private string? Feed(FuzzInput input, LastInput last)
    {
        last.Write(input);
        Volatile.Write(ref began, Stopwatch.GetTimestamp());
        Volatile.Write(ref current, input);
        try
        {
            var end = Ended(input);
            Read += end.StartsWith(FuzzCase.Refused, StringComparison.Ordinal) ? 0 : 1;
            return end;
        }
        catch (BrokenLawException broken)
        {
            Note(BrokenLaws, "law", input, broken, broken.Message);
            return null;
        }
        catch (Exception thrown)
        {
            Note(Exceptions, "exception", input, thrown, $"{thrown.GetType().Name} {thrown.StackTrace?.Split('\n').FirstOrDefault(line => line.Contains(" RepoSentry.", StringComparison.Ordinal))?.Trim()}");
            return null;
        }
        finally
        {
            Fed++;
            var took = Stopwatch.GetElapsedTime(began);
            Slowest = took > Slowest ? took : Slowest;
            if (took > slow && IsSlowAgain(input))
            {
                SlowInputs.Add(Save("slow", input, $"{took.TotalSeconds:0.0} s"));
            }

            Volatile.Write(ref current, null);
        }
    }

    // A machine that is busy with other work makes anything slow once.
    private bool IsSlowAgain(FuzzInput input)
    {
        var clock = Stopwatch.GetTimestamp();
        try
        {
            Ended(input);
        }
        catch (Exception)
        {
            // counted the first time
        }

        return Stopwatch.GetElapsedTime(clock) > slow;
    }

    private static string Ended(FuzzInput input)
    {
        try
        {
            return input.Case.Feed(input.Bytes);
        }
        catch (RefSourceException refused)
        {
            return $"{FuzzCase.Refused}{refused.Error}: {refused.Message}";
        }
    }

    private void Note(List<string> failures, string kind, FuzzInput input, Exception thrown, string what)
    {
        if (told.Add(what))
        {
            failures.Add(Save(kind, input, what + "\n" + thrown));
        }
    }

    /// <returns>One line: what it was and where it is.</returns>
    private string Save(string kind, FuzzInput input, string what)
    {
        var path = Path.Combine(Folder, $"{FileName}-{kind}-{told.Count + SlowInputs.Count}.txt");
        Directory.CreateDirectory(Folder);
        File.WriteAllText(path, $"{target.Name}, {input.Case.Name}\n{Convert.ToBase64String(input.Bytes)}\n{what}\n");
        Console.WriteLine($"       {kind}: {target.Name}, {input.Case.Name}: {what.Split('\n')[0]}: {path}: {(input.Bytes.Length > 300 ? $"{input.Bytes.Length} bytes" : Convert.ToBase64String(input.Bytes))}");
        return $"{target.Name}, {input.Case.Name}: {what.Split('\n')[0]}";
    }

    // Of a refusal what is quoted differs with each input and counts for nothing; of a number its length counts, which tells how far it got.
    private static ulong Way(string name, string end)
    {
        var hash = 14695981039346656037UL;
        var (quoted, refused) = (false, end.StartsWith(FuzzCase.Refused, StringComparison.Ordinal));
        foreach (var letter in name.AsEnumerable().Concat(end))
        {
            quoted ^= refused && letter == '"';
            hash = quoted ? hash : (hash ^ (refused && char.IsAsciiDigit(letter) ? '0' : letter)) * 1099511628211UL;
        }

        return hash;
    }

    /// <summary>The input that is being fed, in a file that outlives a crash of the process.</summary>
    private sealed class LastInput : IDisposable
    {
        private const int Room = 64 * 1024;

        private readonly string path;
        private readonly MemoryMappedFile file;
        private readonly MemoryMappedViewAccessor view;

        public LastInput(string path)
        {
            this.path = path;
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            file = MemoryMappedFile.CreateFromFile(path, FileMode.Create, null, Room);
            view = file.CreateViewAccessor();
        }

        /// <summary>Its length, the name of its case, a line end, the bytes.</summary>
        public void Write(FuzzInput input)
        {
            var name = Encoding.UTF8.GetBytes(input.Case.Name + "\n");
            view.Write(0, name.Length + input.Bytes.Length);
            view.SafeMemoryMappedViewHandle.WriteSpan<byte>(4, name);
            view.SafeMemoryMappedViewHandle.WriteSpan<byte>((ulong)(4 + name.Length), input.Bytes);
        }

        public void Dispose()
        {
            view.Dispose();
            file.Dispose();
            File.Delete(path);
        }
    }
}
