namespace ModelOpt.Compiler.Tests.Architecture;

/// <summary>A rectangle, in pixels.</summary>
internal readonly record struct Box(double X, double Y, double Width, double Height);

/// <summary>
/// Places boxes in rows, each above those that its arrows lead to, and as low as that allows. Arrows that pass a row have a place of
/// their own in it, so none crosses a box.
/// </summary>
internal sealed class LayeredLayout
{
    private const double RowGap = 40, ColumnGap = 20, Port = 18;
    private const int Sweeps = 24;

    private readonly List<List<Slot>> _rows = [];
    private readonly double _width;

    /// <summary>Places boxes.</summary>
    /// <param name="arrows">From a box to one of smaller index.</param>
    /// <param name="width">The width of the whole; height follows.</param>
    public LayeredLayout(IReadOnlyList<(double Width, double Height)> sizes, IReadOnlyList<(int From, int To)> arrows, double width)
    {
        _width = width;
        int[] rows = new int[sizes.Count];
        foreach ((int from, int to) in arrows.OrderByDescending(a => a.From)) rows[to] = Math.Max(rows[to], rows[from] + 1);
        for (int row = 0; row <= rows.Max(); row++) _rows.Add([]);
        Slot[] slots = [.. sizes.Select((size, i) => Add(rows[i], size.Width))];
        Slot[][] paths = [.. arrows.Select(a => Connect(slots[a.From], slots[a.To], rows[a.From], rows[a.To]))];
        Arrange();

        double y = 0;
        double[] heights = [.. _rows.Select(
            (_, row) => Enumerable.Range(0, sizes.Count).Where(i => rows[i] == row).Max(i => sizes[i].Height))];
        double[] tops = [.. heights.Select(height => (y += height + RowGap) - height - RowGap)];
        Height = y - RowGap;
        Boxes = [.. slots.Select((s, i) => new Box(s.X - (s.Width / 2), tops[rows[i]], s.Width, sizes[i].Height))];
        Arrows = [.. arrows.Select((arrow, i) => Line(Boxes[arrow.From], paths[i], rows[arrow.From], tops, heights))];
    }

    /// <summary>The height of the whole.</summary>
    public double Height { get; }

    /// <summary>The boxes.</summary>
    public IReadOnlyList<Box> Boxes { get; }

    /// <summary>The points of each arrow, from its tail to its tip.</summary>
    public IReadOnlyList<IReadOnlyList<(double X, double Y)>> Arrows { get; }

    private Slot Add(int row, double width)
    {
        var slot = new Slot(width);
        _rows[row].Add(slot);
        return slot;
    }

    private Slot[] Connect(Slot from, Slot to, int fromRow, int toRow)
    {
        Slot[] path = [from, .. Enumerable.Range(fromRow + 1, toRow - fromRow - 1).Select(row => Add(row, 0)), to];
        for (int i = 1; i < path.Length; i++)
        {
            path[i - 1].Below.Add(path[i]);
            path[i].Above.Add(path[i - 1]);
        }

        return path;
    }

    /// <summary>
    /// Orders each row by its neighbours' places, first in the row above, then below, and so on; then draws boxes to these and centres
    /// the whole.
    /// </summary>
    private void Arrange()
    {
        foreach (List<Slot> row in _rows) Push(row, row.ConvertAll(_ => _width / 2));
        for (int sweep = 0; sweep < Sweeps; sweep++)
        {
            bool isDown = sweep % 2 == 0;
            foreach (List<Slot> row in isDown ? _rows : Enumerable.Reverse(_rows))
            {
                var wanted = row.ToDictionary(s => s, s => Wanted(s, isDown));
                // Later sweeps keep the order.
                if (sweep < Sweeps / 2) row.Sort((a, b) => wanted[a].CompareTo(wanted[b]));
                Push(row, row.ConvertAll(s => wanted[s]));
            }
        }

        List<Slot> all = [.. _rows.SelectMany(row => row)];
        double shift = Math.Round((_width - all.Min(s => s.X - (s.Width / 2)) - all.Max(s => s.X + (s.Width / 2))) / 2);
        foreach (Slot slot in all) slot.X += shift;
    }

    private static double Wanted(Slot slot, bool isDown)
    {
        List<Slot> neighbours = isDown ? slot.Above : slot.Below;
        return neighbours.Count > 0 ? neighbours.Average(n => n.X) : slot.X;
    }

    /// <summary>
    /// Puts a row where it is wanted, as far as order and room allow: halfway between pushing to the right and to the left.
    /// </summary>
    private void Push(List<Slot> row, List<double> wanted)
    {
        double[] right = PushRight(row.ConvertAll(s => s.Width), wanted);
        double[] left = PushRight([.. Enumerable.Reverse(row).Select(s => s.Width)],
            [.. Enumerable.Reverse(wanted).Select(x => _width - x)]);
        for (int i = 0; i < row.Count; i++) row[i].X = Math.Round((right[i] + _width - left[^(i + 1)]) / 2);
    }

    private double[] PushRight(List<double> widths, List<double> wanted)
    {
        double room = _width - widths.Sum() - (ColumnGap * (widths.Count - 1)), from = 0;
        double[] centres = new double[widths.Count];
        for (int i = 0; i < centres.Length; i++)
        {
            double start = Math.Min(Math.Max(from, wanted[i] - (widths[i] / 2)), room);
            centres[i] = start + (widths[i] / 2);
            from = start + widths[i] + ColumnGap;
            room += widths[i] + ColumnGap;
        }

        return centres;
    }

    private static List<(double X, double Y)> Line(Box from, Slot[] path, int row, double[] tops, double[] heights)
    {
        double start = PortOf(path[0], path[0].Below, path[1]);
        var points = new List<(double, double)> { (start, from.Y + from.Height), (start, tops[row] + heights[row]) };
        foreach (Slot slot in path[1..^1])
        {
            row++;
            points.Add((slot.X, tops[row]));
            points.Add((slot.X, tops[row] + heights[row]));
        }

        points.Add((PortOf(path[^1], path[^1].Above, path[^2]), tops[row + 1]));
        return points;
    }

    /// <summary>Where an arrow leaves or meets a box: in the order of the other ends.</summary>
    private static double PortOf(Slot slot, List<Slot> others, Slot other)
    {
        double step = Math.Min(Port, slot.Width / (others.Count + 1));
        return slot.X + (step * (others.OrderBy(o => o.X).ToList().IndexOf(other) - ((others.Count - 1) / 2.0)));
    }

    /// <summary>A box, or a place that an arrow passes.</summary>
    private sealed class Slot(double width)
    {
        public double Width { get; } = width;

        public double X { get; set; }

        public List<Slot> Above { get; } = [];

        public List<Slot> Below { get; } = [];
    }
}
