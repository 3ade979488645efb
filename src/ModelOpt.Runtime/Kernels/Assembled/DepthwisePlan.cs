namespace ModelOpt.Runtime.Kernels.Assembled;

/// <summary>
/// How a depthwise window is divided into dot products of four bytes. A step computes <see cref="Columns"/> neighbouring
/// outputs of <see cref="Rows"/> output rows. It interleaves quads of input pixels so that each int32 lane holds four
/// pixels of one channel, and adds quad·weight to the sum of an output for each use.
/// </summary>
internal sealed class DepthwisePlan
{
    /// <summary>Stands for a place of a quad that does not matter, and for a weight of zero.</summary>
    public const int None = -1;

    private readonly List<int[]> _weights;

    private DepthwisePlan(int rows, int columnStep, int inputRows, List<int[]> weights)
    {
        Rows = rows;
        ColumnStep = columnStep;
        InputRows = inputRows;
        _weights = weights;
    }

    /// <summary>Output columns of a step.</summary>
    public static int Columns => 2;

    /// <summary>Output rows of a step, 1 or 2.</summary>
    public int Rows { get; }

    /// <summary>Input columns from one step to the next.</summary>
    public int ColumnStep { get; }

    /// <summary>Input rows, each the window's vertical dilation below the one before.</summary>
    public int InputRows { get; }

    /// <summary>
    /// Whether the quads of a step fit into the registers all together, so that each weight is loaded once a step. Otherwise
    /// the sums stay in registers and the quads come one after another.
    /// </summary>
    public bool Resident { get; private init; }

    /// <summary>The first quads of a step that are the last ones of the step before.</summary>
    public int Carried { get; private init; }

    /// <summary>Quads of a step: four input pixels each, relative to the step's first column.</summary>
    public List<Pixel[]> Quads { get; } = [];

    /// <summary>Quads of weights: four positions ky·KernelWidth + kx each, or <see cref="None"/>.</summary>
    public IReadOnlyList<int[]> Weights => _weights;

    /// <summary>Products of a step.</summary>
    public List<Use> Uses { get; } = [];

    /// <summary>Output rows to compute together: two where they share most of their input.</summary>
    public static int PreferredRows(in Window2D window) =>
        window is
        {
            OutputHeight: > 1, KernelHeight: 3, KernelWidth: 3, StrideHeight: 1, StrideWidth: 1, DilationHeight: 1, DilationWidth: 1,
        } ? 2 : 1;

    /// <summary>The plan of a shape. The layer's last row may be alone; its plan uses some of the weights of the others.</summary>
    public static DepthwisePlan Create(in DepthwiseShape shape)
    {
        DepthwisePlan plan = Create(shape.Window, shape.LayerRows, []);
        return shape.Rows == shape.LayerRows ? plan : Create(shape.Window, shape.Rows, plan._weights);
    }

    private static DepthwisePlan Create(in Window2D window, int rows, List<int[]> weights)
    {
        bool dense = window is { KernelHeight: 3, KernelWidth: 3, DilationWidth: 1 };
        return dense && window.StrideWidth == 1 ? Dense3(rows, weights)
            : dense && window.StrideWidth == 2 ? Strided3(weights)
            : Any(window, weights);
    }

    /// <summary>3×3: a quad is a column of three or four pixels, which all outputs that see it share.</summary>
    private static DepthwisePlan Dense3(int rows, List<int[]> weights)
    {
        var plan = new DepthwisePlan(rows, 2, rows + 2, weights) { Resident = true, Carried = 2 };
        for (int x = 0; x < 4; x++)
            plan.Quads.Add([new Pixel(0, x), new Pixel(1, x), new Pixel(2, x), rows == 2 ? new Pixel(3, x) : Pixel.Any]);
        for (int kx = 0; kx < 3; kx++)
        {
            for (int y = 0; y < rows; y++)
            {
                int weight = y == 0 ? plan.Weight(kx, 3 + kx, 6 + kx, None) : plan.Weight(None, kx, 3 + kx, 6 + kx);
                for (int x = 0; x < Columns; x++)
                    plan.Uses.Add(new Use((x * rows) + y, x + kx, weight));
            }
        }

        return plan;
    }

    /// <summary>
    /// 3×3 with stride 2: columns 0, 2 and 4 are shared by neighbours; they take along the top of the column to their right,
    /// whose other pixels the two outputs of a step put into one quad.
    /// </summary>
    private static DepthwisePlan Strided3(List<int[]> weights)
    {
        var plan = new DepthwisePlan(1, 4, 3, weights) { Resident = true, Carried = 1 };
        plan.Quads.Add([new Pixel(0, 0), new Pixel(1, 0), new Pixel(2, 0), new Pixel(0, 1)]);
        plan.Quads.Add([new Pixel(1, 1), new Pixel(2, 1), new Pixel(1, 3), new Pixel(2, 3)]);
        plan.Quads.Add([new Pixel(0, 2), new Pixel(1, 2), new Pixel(2, 2), new Pixel(0, 3)]);
        plan.Quads.Add([new Pixel(0, 4), new Pixel(1, 4), new Pixel(2, 4), new Pixel(0, 5)]);
        int left = plan.Weight(0, 3, 6, 1), right = plan.Weight(2, 5, 8, None);
        plan.Uses.Add(new Use(0, 0, left));
        plan.Uses.Add(new Use(1, 2, left));
        plan.Uses.Add(new Use(0, 1, plan.Weight(4, 7, None, None)));
        plan.Uses.Add(new Use(1, 1, plan.Weight(None, None, 4, 7)));
        plan.Uses.Add(new Use(0, 2, right));
        plan.Uses.Add(new Use(1, 3, right));
        return plan;
    }

    /// <summary>Any window: four taps after the other.</summary>
    private static DepthwisePlan Any(in Window2D window, List<int[]> weights)
    {
        int taps = window.KernelHeight * window.KernelWidth;
        var plan = new DepthwisePlan(1, Columns * window.StrideWidth, window.KernelHeight, weights);
        for (int first = 0; first < taps; first += 4)
        {
            var weight = new int[4];
            for (int i = 0; i < 4; i++)
                weight[i] = first + i < taps ? first + i : None;
            int w = plan.Weight(weight);
            for (int x = 0; x < Columns; x++)
            {
                var quad = new Pixel[4];
                for (int i = 0; i < 4; i++)
                {
                    (int ky, int kx) = Math.DivRem(first + i, window.KernelWidth);
                    quad[i] = first + i < taps ? new Pixel(ky, (x * window.StrideWidth) + (kx * window.DilationWidth)) : Pixel.Any;
                }

                plan.Uses.Add(new Use(x, plan.Quads.Count, w));
                plan.Quads.Add(quad);
            }
        }

        return plan;
    }

    private int Weight(params int[] positions)
    {
        for (int i = 0; i < _weights.Count; i++)
        {
            if (_weights[i].AsSpan().SequenceEqual(positions))
                return i;
        }

        _weights.Add(positions);
        return _weights.Count - 1;
    }

    /// <summary>An input pixel of a step.</summary>
    internal readonly record struct Pixel(int Row, int Column)
    {
        /// <summary>A place of a quad that meets zero weights only.</summary>
        public static Pixel Any => new(None, 0);
    }

    /// <summary>Adds <see cref="Weights"/>[Weight]·<see cref="Quads"/>[Quad] to output column·Rows + row of the step.</summary>
    internal readonly record struct Use(int Output, int Quad, int Weight);
}
