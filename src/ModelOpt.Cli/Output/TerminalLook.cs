using Spectre.Console;

namespace ModelOpt.Cli.Output;

/// <summary>How results and diagnostics look to a person; what is redirected is plain and whole.</summary>
/// <param name="Width">The columns that tables may take; null for any number.</param>
/// <param name="ColorsOutput">Whether headings and what results end with stand out.</param>
/// <param name="ColorsError">Whether errors and warnings have colours.</param>
internal sealed record TerminalLook(int? Width, bool ColorsOutput, bool ColorsError)
{
    // Narrower ones hold no table that anyone could read.
    private const int LeastWidth = 40;

    /// <summary>No colours, and tables of any width.</summary>
    public static TerminalLook Plain { get; } = new(null, false, false);

    /// <summary>The look for this process: no colours where NO_COLOR is set, TERM is dumb or a stream is redirected.</summary>
    public static TerminalLook OfConsole()
    {
        bool hasColors = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            && Environment.GetEnvironmentVariable("TERM") != "dumb";
        return new TerminalLook(
            Console.IsOutputRedirected ? null : WidthOfConsole(),
            hasColors && !Console.IsOutputRedirected && HasAnsi(Console.Out),
            hasColors && !Console.IsErrorRedirected && HasAnsi(Console.Error));
    }

    private static int? WidthOfConsole()
    {
        try
        {
            return Console.WindowWidth > 0 ? Math.Max(LeastWidth, Console.WindowWidth) : null;
        }
        catch (Exception e) when (e is IOException or PlatformNotSupportedException)
        {
            return null;
        }
    }

    /// <summary>Whether escape sequences are understood; consoles of Windows are told to.</summary>
    private static bool HasAnsi(TextWriter stream) =>
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(stream) }).Profile.Capabilities.Ansi;
}
