using Spectre.Console;
using Spectre.Console.Rendering;

namespace RepoSentry.Cli.Init;

/// <summary>A terminal on which Ctrl-D says that nobody answers any more; a prompt alone would wait for ever, also behind a program that sends it at the end of its input.</summary>
internal sealed class EndableTerminal(IAnsiConsole terminal) : IAnsiConsole, IAnsiConsoleInput
{
    private const char EndOfTransmission = '\u0004';

    public Profile Profile => terminal.Profile;

    public IAnsiConsoleCursor Cursor => terminal.Cursor;

    public IAnsiConsoleInput Input => this;

    public IExclusivityMode ExclusivityMode => terminal.ExclusivityMode;

    public RenderPipeline Pipeline => terminal.Pipeline;

    public void Clear(bool home) => terminal.Clear(home);

    public void Write(IRenderable renderable) => terminal.Write(renderable);

    public void WriteAnsi(Action<AnsiWriter> action) => terminal.WriteAnsi(action);

    public bool IsKeyAvailable() => terminal.Input.IsKeyAvailable();

    public ConsoleKeyInfo? ReadKey(bool intercept) => Judge(terminal.Input.ReadKey(intercept));

    public async Task<ConsoleKeyInfo?> ReadKeyAsync(bool intercept, CancellationToken cancellationToken) => Judge(await terminal.Input.ReadKeyAsync(intercept, cancellationToken));

    private static ConsoleKeyInfo? Judge(ConsoleKeyInfo? key) =>
        key is { KeyChar: EndOfTransmission } or { Key: ConsoleKey.D, Modifiers: ConsoleModifiers.Control } ? throw new EndOfStreamException() : key;
}
