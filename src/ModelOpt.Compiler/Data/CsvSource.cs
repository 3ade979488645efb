using System.Globalization;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Data;

/// <summary>The lines of a .csv file, each a sample of numbers: integers where all are, otherwise floats.</summary>
internal sealed class CsvSource : SampleSource
{
    private const int LongestName = 40;

    private readonly List<double[]> _rows = [];

    /// <summary>Reads a file.</summary>
    /// <param name="file">The file: numbers with a point, separated by commas, semicolons or tabs; perhaps names in the first line.</param>
    /// <param name="columns">
    /// The columns to take, by name or, where there are no names, by number from 1, separated by commas; <c>x*</c> for all that begin
    /// so, a minus first for all but these; null for all.
    /// </param>
    /// <exception cref="CompilationException">It holds no numbers, or columns are missing.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public CsvSource(string file, string? columns)
    {
        File = columns is null ? file : $"{file}#{columns}";
        InputFile.Check(file);
        char separator = '\0';
        int[]? chosen = null;
        int number = 0, width = 0;
        bool areWhole = true;
        foreach (string line in System.IO.File.ReadLines(file))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line)) continue;
            if (separator == '\0') separator = line.Contains(';') ? ';' : line.Contains('\t') ? '\t' : ',';
            string[] fields = [.. line.Split(separator).Select(f => f.Trim().Trim('"'))];
            if (chosen is null)
            {
                bool hasNames = !fields.All(f => TryParse(f, out _));
                width = fields.Length;
                string[] names = hasNames ? fields
                    : [.. Enumerable.Range(1, width).Select(i => i.ToString(CultureInfo.InvariantCulture))];
                chosen = Choose(columns, names, file);
                if (hasNames) continue;
            }

            if (fields.Length != width)
                throw DataDiagnostics.Damaged.In(file, null, $"line {number} has {fields.Length} fields instead of {width}");
            double[] row = [.. chosen.Select(c => TryParse(fields[c], out double value) ? value
                : throw DataDiagnostics.Damaged.In(file, null, $"line {number} has '{Shorten(fields[c])}' where a number is expected"))];
            areWhole = areWhole && row.All(v => v == Math.Round(v) && Math.Abs(v) < 1L << 53);
            _rows.Add(row);
        }

        if (_rows.Count == 0) throw DataDiagnostics.Empty.In(file, null, "the file has no line of numbers");
        Type = areWhole ? ElementType.Int64 : ElementType.Float32;
        Shapes = [[_rows[0].Length]];
    }

    public override string File { get; }

    public override int Count => _rows.Count;

    public override ElementType Type { get; }

    public override IReadOnlyList<IReadOnlyList<int>> Shapes { get; }

    /// <summary>Whether a file is named as one of these.</summary>
    public static bool Is(string file) => Path.GetExtension(file).Equals(".csv", StringComparison.OrdinalIgnoreCase);

    public override Tensor Read(int index) => Type == ElementType.Int64
        ? Tensor.Vector<long>([.. _rows[index].Select(v => (long)v)])
        : Tensor.Vector<float>([.. _rows[index].Select(v => (float)v)]);

    private static bool TryParse(string field, out double value) =>
        double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out value);

    private static int[] Choose(string? columns, string[] names, string file)
    {
        int[] all = [.. Enumerable.Range(0, names.Length)];
        if (columns is null) return all;
        bool isExcept = columns.StartsWith('-');
        string[] wanted = columns[(isExcept ? 1 : 0)..].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        foreach (string name in wanted)
        {
            if (Array.Exists(names, n => Matches(n, name))) continue;
            throw DataDiagnostics.ChooseColumn.In(file, null, name, string.Join(", ", names.Take(LongestName).Select(Shorten)));
        }

        int[] chosen = isExcept ? [.. all.Where(i => !Array.Exists(wanted, w => Matches(names[i], w)))]
            : [.. wanted.SelectMany(w => all.Where(i => Matches(names[i], w))).Distinct()];
        return chosen.Length > 0 ? chosen : throw DataDiagnostics.Empty.In(file, null, "no column is left");
    }

    private static bool Matches(string name, string wanted) =>
        wanted.EndsWith('*') ? name.StartsWith(wanted[..^1], StringComparison.Ordinal) : name == wanted;

    private static string Shorten(string text) => text.Length > LongestName ? $"{text[..LongestName]}…" : text;
}
