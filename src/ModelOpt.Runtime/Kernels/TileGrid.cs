namespace ModelOpt.Runtime.Kernels;

/// <summary>
/// Divides a matrix kernel's output, [rows, groups × panels of columns], into items: blocks of rows, and where these are few
/// also blocks of panels. Items of one row block are neighbours, so a range of items prepares its rows once.
/// </summary>
internal readonly struct TileGrid
{
    private const int EnoughItems = 16;

    /// <param name="rows">Rows of the output.</param>
    /// <param name="rowsPerBlock">Rows whose activations one call prepares at a time.</param>
    /// <param name="panels">Panels of all groups together.</param>
    public TileGrid(int rows, int rowsPerBlock, int panels)
    {
        Rows = rows;
        RowsPerBlock = rowsPerBlock;
        Panels = panels;
        int rowBlocks = (rows + rowsPerBlock - 1) / rowsPerBlock;
        ColumnBlocks = rowBlocks == 0 ? 1 : Math.Clamp(EnoughItems / rowBlocks, 1, Math.Max(1, panels));
        Items = rowBlocks * ColumnBlocks;
    }

    public int Rows { get; }

    public int RowsPerBlock { get; }

    public int Panels { get; }

    public int ColumnBlocks { get; }

    public int Items { get; }

    /// <summary>The rows of an item.</summary>
    public (int Begin, int End) RowRange(int item)
    {
        int begin = item / ColumnBlocks * RowsPerBlock;
        return (begin, Math.Min(Rows, begin + RowsPerBlock));
    }

    /// <summary>The panels of an item.</summary>
    public (int Begin, int End) PanelRange(int item)
    {
        long block = item % ColumnBlocks;
        return ((int)(Panels * block / ColumnBlocks), (int)(Panels * (block + 1) / ColumnBlocks));
    }
}
