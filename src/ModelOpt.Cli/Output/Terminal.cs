using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Runtime.FlatBuffers;
using Spectre.Console;

namespace ModelOpt.Cli.Output;

/// <summary>
/// Where results, diagnostics and progress go. Results are plain and always the same; progress is shown on a terminal only.
/// </summary>
/// <param name="showProgress">Whether a person looks at the errors.</param>
internal sealed class Terminal(TextWriter output, TextWriter error, bool showProgress)
    : IDiagnosticSink, IProgress<CompileProgress>, IDisposable
{
    private const int Cancelled = 130;

    // Wide enough that nothing is wrapped or cut, also on a terminal: names are there to be copied into recipes.
    private const int TableWidth = 2000;

    private readonly Lock _gate = new();
    private int _shown;
    private string? _file;

    public TextWriter Output => output;

    public TextWriter Error => error;

    /// <summary>The checkpoint that a cancelled training leaves; null if the command trains nothing.</summary>
    public string? Checkpoint { get; set; }

    /// <summary>Runs a command in the background, so that Ctrl-C is seen, and turns its end into an exit code.</summary>
    /// <param name="model">The file of diagnostics that name none.</param>
    public async Task<int> RunAsync(string model, Action command)
    {
        _file = model;
        try
        {
            await Task.Run(command).ConfigureAwait(false);
            Clear();
            return 0;
        }
        catch (OperationCanceledException)
        {
            Clear();
            Error.WriteLine(File.Exists(Checkpoint)
                ? $"modelopt : cancelled; the same command goes on where it was (from {Checkpoint})" : "modelopt : cancelled");
            return Cancelled;
        }
        catch (CompilationException e)
        {
            Report(e.Diagnostic);
            return 1;
        }
#pragma warning disable CA1031 // The last resort: a person gets a diagnostic, never a stack trace.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Report(OptionDiagnostics.Unexpected.At(null, null, e.GetType().Name, e.Message));
            return 1;
        }
    }

    public void Report(Diagnostic diagnostic)
    {
        lock (_gate)
        {
            Clear();
            Error.WriteLine(Printable.Escape($"{(diagnostic.File is null ? diagnostic with { File = _file } : diagnostic)}"));
        }
    }

    public void Report(CompileProgress value)
    {
        if (!showProgress) return;
        string text = Printable.Escape(value.ToString());
        lock (_gate)
        {
            Error.Write($"\r{text.PadRight(_shown)}");
            _shown = text.Length;
        }
    }

    /// <summary>Writes a table, a line a row.</summary>
    /// <param name="columns">The headings; those that begin with &gt; are of numbers.</param>
    public void WriteTable(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table { Border = TableBorder.None, ShowHeaders = true };
        foreach (string column in columns)
        {
            bool number = column.StartsWith('>');
            table.AddColumn(new TableColumn(new Text(column.TrimStart('>')))
            {
                Alignment = number ? Justify.Right : Justify.Left,
                Padding = new Padding(0, 0, 2, 0),
                NoWrap = true,
            });
        }

        foreach (IReadOnlyList<string> row in rows) table.AddRow(row.Select(cell => new Text(Printable.Escape(cell))));
        var text = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(text),
        });
        console.Profile.Width = TableWidth;
        console.Write(table);
        foreach (string line in text.ToString().ReplaceLineEndings("\n").TrimEnd('\n').Split('\n'))
            WriteResult(line.TrimEnd());
    }

    public void Dispose()
    {
        Clear();
        output.Flush();
        error.Flush();
    }

    /// <summary>Writes a line of the result. Names come from the model, so terminal escape sequences are escaped.</summary>
    public void WriteResult(string line)
    {
        lock (_gate)
        {
            Clear();
            Output.WriteLine(Printable.Escape(line));
        }
    }

    /// <summary>Erases the progress.</summary>
    private void Clear()
    {
        lock (_gate)
        {
            if (_shown > 0) Error.Write($"\r{new string(' ', _shown)}\r");
            _shown = 0;
        }
    }
}
