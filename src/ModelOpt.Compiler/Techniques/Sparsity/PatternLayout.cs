using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Techniques.Sparsity;

/// <summary>
/// A weight as a matrix of output channels (rows) by inputs (columns, in the weight's order: input channel, then tap), cut into the
/// units that a pattern makes zero together. Rows come in bands: all rows of a band have their zeros in the same columns, and every
/// band is cut into units alike.
/// </summary>
internal sealed class PatternLayout
{
    private readonly int _bandRows;

    /// <summary>Cuts a weight into units.</summary>
    /// <param name="dims">[output channels, input channels (of a group), window…].</param>
    public PatternLayout(ReadOnlySpan<int> dims, SparsityPattern pattern)
    {
        Pattern = pattern;
        Rows = dims[0];
        int channels = dims.Length > 1 ? dims[1] : 1;
        int taps = 1;
        for (int i = 2; i < dims.Length; i++) taps *= dims[i];
        Columns = channels * taps;
        (_bandRows, int width) = pattern.Kind == SparsityKind.Block ? (pattern.Rows, pattern.Columns) : (1, 1);
        int perGroup = pattern.Kind == SparsityKind.NM ? pattern.Columns : width;
        for (int start = 0; start < channels; start += perGroup)
        {
            int end = Math.Min(start + perGroup, channels);
            for (int tap = 0; tap < taps; tap++)
            {
                int[] inputs = [.. Enumerable.Range(start, end - start).Select(c => (c * taps) + tap)];
                if (pattern.Kind == SparsityKind.NM)
                {
                    _groups.Add([.. Enumerable.Range(_units.Count, inputs.Length)]);
                    _units.AddRange(inputs.Select(i => new[] { i }));
                }
                else
                {
                    _units.Add(inputs);
                }
            }
        }

        ColumnStep = perGroup * taps;
    }

    private readonly List<int[]> _units = [];
    private readonly List<int[]> _groups = [];

    /// <summary>The pattern.</summary>
    public SparsityPattern Pattern { get; }

    /// <summary>The output channels.</summary>
    public int Rows { get; }

    /// <summary>The inputs of an output channel.</summary>
    public int Columns { get; }

    /// <summary>The number of bands.</summary>
    public int Bands => (Rows + _bandRows - 1) / _bandRows;

    /// <summary>The columns of each unit of a band.</summary>
    public IReadOnlyList<int[]> Units => _units;

    /// <summary>For N:M, the units of each group of M, all but N of which become zero; else empty.</summary>
    public IReadOnlyList<int[]> Groups => _groups;

    /// <summary>Columns can be parted at multiples of this without parting a unit or a group.</summary>
    public int ColumnStep { get; }

    /// <summary>The first row of a band, and the one behind its last.</summary>
    public (int First, int End) RowsOf(int band) => (band * _bandRows, Math.Min((band + 1) * _bandRows, Rows));

    /// <summary>How many weights a unit has.</summary>
    public int SizeOf(int band, int unit)
    {
        (int first, int end) = RowsOf(band);
        return (end - first) * _units[unit].Length;
    }

    /// <summary>How many of a group's units become zero under N:M.</summary>
    /// <param name="group">The group's units; fewer than M where the channels end.</param>
    public int ZerosOf(int[] group) => Math.Max(0, group.Length - Pattern.Rows);

    /// <summary>One flag per weight from one per unit.</summary>
    /// <param name="zeros">[bands × units], true where zero.</param>
    public bool[] Expand(ReadOnlySpan<bool> zeros)
    {
        bool[] flags = new bool[Rows * Columns];
        for (int band = 0; band < Bands; band++)
        {
            (int first, int end) = RowsOf(band);
            for (int unit = 0; unit < _units.Count; unit++)
            {
                if (!zeros[(band * _units.Count) + unit]) continue;
                for (int row = first; row < end; row++)
                {
                    foreach (int column in _units[unit]) flags[(row * Columns) + column] = true;
                }
            }
        }

        return flags;
    }
}
