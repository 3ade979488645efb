using System.Text.Json;
using System.Text.Json.Nodes;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Runtime.FlatBuffers;
using Spectre.Console;

namespace ModelOpt.Cli.Output;

/// <summary>
/// Where results, diagnostics and progress go. What is redirected is plain and always the same; progress is shown on a terminal only.
/// </summary>
/// <param name="showProgress">Whether a person looks at the errors.</param>
/// <param name="look">How it looks to a person; plain where null.</param>
internal sealed class Terminal(TextWriter output, TextWriter error, bool showProgress, TerminalLook? look = null)
    : IDiagnosticSink, IProgress<CompileProgress>, IDisposable
{
    private const int Cancelled = 130;

    // Wide enough that nothing is wrapped or cut: names are there to be copied into recipes. On a terminal, long ones are cut before.
    private const int TableWidth = 2000;
    private const int Gap = 2;
    private const string Red = "31", Yellow = "33", Cyan = "36", Bold = "1";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        Converters = { new FiniteNumbers() },
    };

    private readonly Lock _gate = new();
    private readonly TerminalLook _look = look ?? TerminalLook.Plain;
    private readonly List<Diagnostic> _diagnostics = [];
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
        diagnostic = diagnostic with { File = diagnostic.File ?? _file, Message = OptionSpelling.AtCommandLine(diagnostic.Message) };
        DiagnosticDescriptor kind = diagnostic.Descriptor;
        diagnostic = diagnostic with { Descriptor = kind with { Remedy = OptionSpelling.AtCommandLine(kind.Remedy) } };
        string color = kind.Severity switch { DiagnosticSeverity.Error => Red, DiagnosticSeverity.Warning => Yellow, _ => Cyan };
        string head = $"{kind.Severity.ToString().ToLowerInvariant()} {kind.Code}:";
        string file = Printable.Escape(diagnostic.File ?? "modelopt"), text = Printable.Escape(diagnostic.Text);
        lock (_gate)
        {
            _diagnostics.Add(diagnostic);
            Clear();
            Error.WriteLine($"{file} : {(_look.ColorsError ? Colored(head, color) : head)} {text}");
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
        bool[] isText = [.. columns.Select(column => !column.StartsWith('>'))];
        IReadOnlyList<string[]> cells =
            [[.. columns.Select(c => c.TrimStart('>'))], .. rows.Select(row => row.Select(Printable.Escape).ToArray())];
        if (_look.Width is { } width) cells = TableFit.Fit(cells, isText, Gap, width);
        var table = new Table { Border = TableBorder.None, ShowHeaders = true };
        foreach ((string heading, bool text) in cells[0].Zip(isText))
        {
            table.AddColumn(new TableColumn(new Text(heading))
            {
                Alignment = text ? Justify.Left : Justify.Right,
                Padding = new Padding(0, 0, Gap, 0),
                NoWrap = true,
            });
        }

        foreach (string[] row in cells.Skip(1)) table.AddRow(row.Select(cell => new Text(cell)));
        string[] lines = Plain(table).ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
        for (int i = 0; i < lines.Length; i++) Write(lines[i].TrimEnd(), isBold: i == 0);
    }

    /// <summary>Writes an object as JSON, with the diagnostics that were reported.</summary>
    /// <param name="result">An object; its properties become fields in camelCase, and numbers that are none become null.</param>
    public void WriteJson(object result)
    {
        JsonObject json = JsonSerializer.SerializeToNode(result, Json)!.AsObject();
        lock (_gate)
        {
            json["diagnostics"] = new JsonArray([.. _diagnostics.Select(d => JsonSerializer.SerializeToNode(
                new
                {
                    severity = d.Descriptor.Severity.ToString().ToLowerInvariant(),
                    d.Descriptor.Code,
                    d.File,
                    d.Layer,
                    message = d.Text,
                },
                Json))]);
            Clear();
            Output.WriteLine(json.ToJsonString(Json).ReplaceLineEndings(Output.NewLine));
        }
    }

    public void Dispose()
    {
        Clear();
        output.Flush();
        error.Flush();
    }

    /// <summary>Writes a line of the result. Names come from the model, so terminal escape sequences are escaped.</summary>
    public void WriteResult(string line) => Write(Printable.Escape(line), isBold: false);

    /// <summary>Writes the line that the command is called for; it stands out on a terminal.</summary>
    public void WriteAnswer(string line) => Write(Printable.Escape(line), isBold: true);

    private static string Plain(Table table)
    {
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
        return text.ToString();
    }

    private static string Colored(string text, string color) => $"\e[{color}m{text}\e[0m";

    private void Write(string escaped, bool isBold)
    {
        lock (_gate)
        {
            Clear();
            Output.WriteLine(isBold && _look.ColorsOutput ? Colored(escaped, Bold) : escaped);
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
