namespace ModelOpt.Runtime.Kernels.Depthwise;

/// <summary>
/// How a depthwise window is divided into dot products of four bytes. A step computes <see cref="Columns"/> neighbouring
/// outputs of <see cref="Rows"/> output rows. It interleaves quads of input pixels so that each int32 lane holds four
/// pixels of one channel, and adds quad·weight to the sum of an output for each use.
/// </summary>
internal sealed partial class DepthwisePlan
{
    /// <summary>A pixel that does not matter, and a weight of zero.</summary>
    public const int None = -1;

    /// <summary>Output columns of a step.</summary>
    public const int Columns = 2;

    private const int RowShift = 16;

    private DepthwisePlan(int rows, int columnStep, int inputRows, int carried, int[][] quads, int[][] weights, Use[] uses)
    {
        Rows = rows;
        ColumnStep = columnStep;
        InputRows = inputRows;
        Carried = carried;
        Quads = quads;
        Weights = weights;
        Uses = uses;
    }

    /// <summary>Output rows of a step, 1 or 2.</summary>
    public int Rows { get; }

    /// <summary>Input columns from one step to the next; in a flat layer, bytes.</summary>
    public int ColumnStep { get; }

    /// <summary>Input rows, each the window's vertical dilation below the one before.</summary>
    public int InputRows { get; }

    /// <summary>
    /// The first quads of a step that are the last ones of the step before. Where there are such, all quads of a step fit into
    /// the registers, and each weight is loaded once a step; otherwise the sums stay in registers and the quads come one after
    /// another.
    /// </summary>
    public int Carried { get; }

    /// <summary>Quads of a step: four pixels each, see <see cref="Row"/> and <see cref="Column"/>, or <see cref="None"/>.</summary>
    public int[][] Quads { get; }

    /// <summary>Weights: four positions ky·KernelWidth + kx each, or <see cref="None"/>; or two, see <see cref="Use.Part"/>.</summary>
    public int[][] Weights { get; }

    /// <summary>Products of a step; those with one weight of four positions follow each other.</summary>
    public Use[] Uses { get; }

    /// <summary>Output rows to compute together: two where they share most of their input.</summary>
    public static int PreferredRows(in Window2D window) =>
        window is
        {
            OutputHeight: > 1, KernelHeight: 3, KernelWidth: 3, StrideHeight: 1, StrideWidth: 1, DilationHeight: 1, DilationWidth: 1,
        } ? 2 : 1;

    /// <summary>The plan of a shape.</summary>
    /// <param name="shape">The shape.</param>
    /// <param name="parts">See <see cref="DepthwiseQuads.Parts"/>.</param>
    public static DepthwisePlan Create(in DepthwiseShape shape, int parts)
    {
        bool pairs = parts == 2;
        if (shape.Flat || shape.KernelHeight != 3 || shape.KernelWidth != 3 || shape.DilationWidth != 1 || shape.StrideWidth > 2)
        {
            DepthwisePlan plan = shape is { Flat: true, LayerRows: 2 } ? Flat3(shape) : Any(shape);
            return pairs ? plan.InPairs() : plan;
        }

        if (shape.StrideWidth == 1)
            return pairs ? DensePairs3(shape.LayerRows, shape.Rows) : Dense3(shape.LayerRows, shape.Rows);
        return pairs ? StridedPairs3() : Strided3();
    }

    /// <summary>Parts of quads that any product uses.</summary>
    public int UsedPixels()
    {
        var used = new bool[2 * Quads.Length];
        int count = 0;
        foreach (Use use in Uses)
        {
            count += used[use.Pixels] ? 0 : 1;
            used[use.Pixels] = true;
        }

        return count;
    }

    /// <summary>The input row of a quad's pixel.</summary>
    public static int Row(int pixel) => pixel >> RowShift;

    /// <summary>The input column of a quad's pixel, relative to the step's first one; in a flat layer, the byte.</summary>
    public static int Column(int pixel) => pixel & ((1 << RowShift) - 1);

    /// <summary>
    /// 3×3: a quad is a column of three or four pixels, which all outputs that see it share. The last row of a layer may be
    /// alone; it uses some of the weights of the others.
    /// </summary>
    private static DepthwisePlan Dense3(int layerRows, int rows)
    {
        var quads = new int[4][];
        for (int x = 0; x < 4; x++)
            quads[x] = [Pixel(0, x), Pixel(1, x), Pixel(2, x), rows == 2 ? Pixel(3, x) : None];
        var uses = new Use[3 * rows * Columns];
        int next = 0;
        for (int kx = 0; kx < 3; kx++)
        {
            for (int y = 0; y < rows; y++)
            {
                for (int x = 0; x < Columns; x++)
                    uses[next++] = new Use((x * rows) + y, x + kx, (kx * layerRows) + y);
            }
        }

        return new DepthwisePlan(rows, Columns, rows + 2, 2, quads, ColumnWeights(layerRows), uses);
    }

    /// <summary>The same in a flat layer, where neighbours share no registers.</summary>
    private static DepthwisePlan Flat3(in DepthwiseShape shape)
    {
        var quads = new int[3 * Columns][];
        var uses = new Use[3 * shape.Rows * Columns];
        int next = 0;
        for (int kx = 0; kx < 3; kx++)
        {
            for (int x = 0; x < Columns; x++)
            {
                int at = (x * shape.OutputPitch) + (kx * shape.Channels);
                quads[(kx * Columns) + x] = [Pixel(0, at), Pixel(1, at), Pixel(2, at), shape.Rows == 2 ? Pixel(3, at) : None];
            }

            for (int y = 0; y < shape.Rows; y++)
            {
                for (int x = 0; x < Columns; x++)
                    uses[next++] = new Use((x * shape.Rows) + y, (kx * Columns) + x, (kx * 2) + y);
            }
        }

        return new DepthwisePlan(shape.Rows, Columns * shape.OutputPitch, shape.Rows + 2, 0, quads, ColumnWeights(2), uses);
    }

    /// <summary>The columns of 3×3 weights, for the first and for the second of two rows of outputs.</summary>
    private static int[][] ColumnWeights(int rows)
    {
        var weights = new int[3 * rows][];
        for (int kx = 0; kx < 3; kx++)
        {
            for (int y = 0; y < rows; y++)
                weights[(kx * rows) + y] = y == 0 ? [kx, 3 + kx, 6 + kx, None] : [None, kx, 3 + kx, 6 + kx];
        }

        return weights;
    }

    /// <summary>
    /// 3×3 with stride 2: columns 0, 2 and 4 are shared by neighbours; they take along the top of the column to their right,
    /// whose other pixels the two outputs of a step put into one quad.
    /// </summary>
    private static DepthwisePlan Strided3()
    {
        int[][] quads =
        [
            [Pixel(0, 0), Pixel(1, 0), Pixel(2, 0), Pixel(0, 1)],
            [Pixel(1, 1), Pixel(2, 1), Pixel(1, 3), Pixel(2, 3)],
            [Pixel(0, 2), Pixel(1, 2), Pixel(2, 2), Pixel(0, 3)],
            [Pixel(0, 4), Pixel(1, 4), Pixel(2, 4), Pixel(0, 5)],
        ];
        int[][] weights = [[0, 3, 6, 1], [4, 7, None, None], [None, None, 4, 7], [2, 5, 8, None]];
        Use[] uses =
        [
            new Use(0, 0, 0), new Use(1, 2, 0), new Use(0, 1, 1), new Use(1, 1, 2), new Use(0, 2, 3), new Use(1, 3, 3),
        ];
        return new DepthwisePlan(1, 2 * Columns, 3, 1, quads, weights, uses);
    }

    /// <summary>Any window: four taps after the other.</summary>
    private static DepthwisePlan Any(in DepthwiseShape shape)
    {
        int taps = shape.KernelHeight * shape.KernelWidth, count = (taps + 3) / 4;
        var weights = new int[count][];
        var quads = new int[count * Columns][];
        var uses = new Use[quads.Length];
        int outputStep = shape.Flat ? shape.OutputPitch : shape.StrideWidth;
        int tapStep = shape.DilationWidth * (shape.Flat ? shape.Channels : 1);
        for (int i = 0; i < quads.Length; i++)
        {
            int weight = i / Columns, output = i % Columns;
            quads[i] = [None, None, None, None];
            weights[weight] = [None, None, None, None];
            for (int tap = 4 * weight; tap < Math.Min(taps, (4 * weight) + 4); tap++)
            {
                int column = (output * outputStep) + (tap % shape.KernelWidth * tapStep);
                weights[weight][tap % 4] = tap;
                quads[i][tap % 4] = Pixel(tap / shape.KernelWidth, column);
            }

            uses[i] = new Use(output, i, weight);
        }

        return new DepthwisePlan(1, Columns * outputStep, shape.KernelHeight, 0, quads, weights, uses);
    }

    private static int Pixel(int row, int column) => (row << RowShift) | column;

    /// <summary>Adds a weight times a quad to output column·Rows + row of the step.</summary>
    internal readonly struct Use(int output, int quad, int weight, int part = 0)
    {
        public readonly int Output = output;
        public readonly int Quad = quad;
        public readonly int Weight = weight;

        /// <summary>Of a quad whose even and odd bytes are int16 apart: 0 for the even ones, 1 for the odd ones.</summary>
        public readonly int Part = part;

        /// <summary>A number of the quad's part.</summary>
        public int Pixels => (2 * Quad) + Part;
    }
}
