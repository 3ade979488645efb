namespace ModelOpt.Runtime.Kernels.Depthwise;

/// <content>
/// Plans for products of two int16, where there are none of four bytes. A weight then has two positions, and a use says which half of a
/// quad it multiplies: the bytes 0 and 2, or 1 and 3. Nine taps need five pairs; two quads of four would make six.
/// </content>
internal sealed partial class DepthwisePlan
{
    /// <summary>
    /// 3×3: rows 1 and 2 of a column are a pair, which both output rows use. What is left, row 0 for the first output row and
    /// row 3 for the second, goes in pairs of neighbouring columns, which both columns of a step use.
    /// </summary>
    private static DepthwisePlan DensePairs3(int layerRows, int rows)
    {
        var quads = new int[4][];
        for (int x = 0; x < quads.Length; x += 2)
        {
            quads[x] = [Pixel(1, x), Pixel(1, x + 1), Pixel(2, x), Pixel(2, x + 1)];
            quads[x + 1] = [Pixel(0, x), rows == 2 ? Pixel(3, x) : None, Pixel(0, x + 1), rows == 2 ? Pixel(3, x + 1) : None];
        }

        const int pairs = 7;
        var weights = new List<int[]>();
        for (int y = 0; y < layerRows; y++)
        {
            int upper = 3 * (1 - y), edge = 6 * y;
            for (int kx = 0; kx < 3; kx++)
                weights.Add([upper + kx, upper + 3 + kx]);
            weights.AddRange([edge, edge + 1], [edge + 2, None], [None, edge], [edge + 1, edge + 2]);
        }

        var uses = new List<Use>();
        for (int output = 0; output < Columns * rows; output++)
        {
            (int x, int y) = Math.DivRem(output, rows);
            int first = pairs * y;
            for (int kx = 0; kx < 3; kx++)
                uses.Add(new Use(output, (x + kx) & ~1, first + kx, (x + kx) & 1));
            uses.Add(new Use(output, 1, first + 3 + (2 * x), y));
            uses.Add(new Use(output, 3, first + 4 + (2 * x), y));
        }

        return new DepthwisePlan(rows, Columns, rows + 2, 2, quads, [.. weights], [.. uses]);
    }

    /// <summary>3×3 with stride 2: as with four bytes, but what an output needs of its middle column is a pair.</summary>
    private static DepthwisePlan StridedPairs3()
    {
        int[][] quads =
        [
            [Pixel(0, 0), Pixel(2, 0), Pixel(1, 0), Pixel(0, 1)],
            [Pixel(1, 1), Pixel(1, 3), Pixel(2, 1), Pixel(2, 3)],
            [Pixel(0, 2), Pixel(2, 2), Pixel(1, 2), Pixel(0, 3)],
            [Pixel(0, 4), Pixel(2, 4), Pixel(1, 4), Pixel(0, 5)],
        ];
        int[][] weights = [[0, 3], [6, 1], [4, 7], [2, 5], [8, None]];
        Use[] uses =
        [
            new Use(0, 0, 0), new Use(1, 2, 0), new Use(0, 0, 1, 1), new Use(1, 2, 1, 1), new Use(0, 1, 2), new Use(1, 1, 2, 1),
            new Use(0, 2, 3), new Use(1, 3, 3), new Use(0, 2, 4, 1), new Use(1, 3, 4, 1),
        ];
        return new DepthwisePlan(1, 2 * Columns, 3, 1, quads, weights, uses);
    }

    /// <summary>The same plan with each weight divided into its two pairs; those of zeros are left out.</summary>
    private DepthwisePlan InPairs()
    {
        var weights = new List<int[]>();
        var uses = new List<Use>();
        for (int weight = 0; weight < Weights.Length; weight++)
        {
            for (int part = 0; part < 2; part++)
            {
                int[] pair = [Weights[weight][part], Weights[weight][part + 2]];
                if (pair is [None, None])
                    continue;
                foreach (Use use in Uses)
                {
                    if (use.Weight == weight)
                        uses.Add(new Use(use.Output, use.Quad, weights.Count, part));
                }

                weights.Add(pair);
            }
        }

        return new DepthwisePlan(Rows, ColumnStep, InputRows, Carried, Quads, [.. weights], [.. uses]);
    }
}
