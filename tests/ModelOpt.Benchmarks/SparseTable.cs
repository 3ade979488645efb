using System.Diagnostics;
using System.Globalization;

namespace ModelOpt.Benchmarks;

/// <summary>
/// How many times as fast layers run with shares of zero weights as without zeros. All shares of a layer are measured in turns, so
/// that what else the machine does slows all alike; a ratio is the median over the turns.
/// </summary>
internal static class SparseTable
{
    private const int Turns = 41, LeastRuns = 5;

    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(3);

    // Shares of blocks of four, and of single weights.
    private static readonly int[] BlockPercents = [50, 60, 70, 80, 90], SinglePercents = [50, 60, 70, 80, 85, 90, 95];

    private static readonly (string Name, Func<Zeros, Layer> Create)[] Shapes =
    [
        ("1x1 512@14", z => Layer.Convolution("", 512, 14, 512, 1, zeros: z)),
        ("1x1 960>160@7", z => Layer.Convolution("", 960, 7, 160, 1, zeros: z)),
        ("1x1 64>128@28", z => Layer.Convolution("", 64, 28, 128, 1, zeros: z)),
        ("1x1 32>192@28", z => Layer.Convolution("", 32, 28, 192, 1, zeros: z)),
        ("3x3 256@14", z => Layer.Convolution("", 256, 14, 256, 3, zeros: z)),
        ("3x3 64@56", z => Layer.Convolution("", 64, 56, 64, 3, zeros: z)),
        ("3x3 32>128@28", z => Layer.Convolution("", 32, 28, 128, 3, zeros: z)),
        ("3x3 64@8 + add", z => Layer.Convolution("", 64, 8, 64, 3, zeros: z, added: true)),
        ("1x1 192>32@28 + add", z => Layer.Convolution("", 192, 28, 32, 1, zeros: z, added: true)),
        ("1x1 576>96@14 + add", z => Layer.Convolution("", 576, 14, 96, 1, zeros: z, added: true)),
        ("3x3 256@14, 4 groups", z => Layer.Convolution("", 256, 14, 256, 3, zeros: z, groups: 4)),
        ("3x3 128@28, 32 groups", z => Layer.Convolution("", 128, 28, 128, 3, zeros: z, groups: 32)),
        ("f32 1x1 512@14", z => Layer.Convolution("", 512, 14, 512, 1, zeros: z, isFloat: true)),
        ("f32 1x1 960>160@7", z => Layer.Convolution("", 960, 7, 160, 1, zeros: z, isFloat: true)),
        ("f32 1x1 64>128@28", z => Layer.Convolution("", 64, 28, 128, 1, zeros: z, isFloat: true)),
        ("f32 1x1 24>144@56", z => Layer.Convolution("", 24, 56, 144, 1, zeros: z, isFloat: true)),
        ("f32 3x3 256@14", z => Layer.Convolution("", 256, 14, 256, 3, zeros: z, isFloat: true)),
        ("f32 3x3 64@56", z => Layer.Convolution("", 64, 56, 64, 3, zeros: z, isFloat: true)),
        ("f32 3x3 16@32", z => Layer.Convolution("", 16, 32, 16, 3, zeros: z, isFloat: true)),
        ("fc 1280>1001", z => Layer.FullyConnected("", 1, 1280, 1001, zeros: z)),
        ("fc 640>128", z => Layer.FullyConnected("", 1, 640, 128, zeros: z)),
        ("fc 4096>4096", z => Layer.FullyConnected("", 1, 4096, 4096, zeros: z)),
        ("fc 512>256, 8 rows", z => Layer.FullyConnected("", 8, 512, 256, zeros: z)),
    ];

    /// <summary>Two tables in Markdown: zeros in blocks of four, and single ones. Layers that run as without zeros have a dash.</summary>
    /// <param name="filter">Part of the names of the layers to measure.</param>
    public static void Print(string filter)
    {
        foreach ((int[] percents, int block) in new[] { (BlockPercents, 4), (SinglePercents, 1) })
        {
            Console.WriteLine();
            Console.WriteLine(block == 1 ? "Single zeros" : "Zeros in blocks of four");
            Console.WriteLine();
            Console.WriteLine($"| shape | ms without | {string.Join(" | ", percents.Select(percent => $"{percent} %"))} |");
            Console.WriteLine($"| --- | --- | {string.Join(" | ", percents.Select(_ => "---"))} |");
            foreach ((string name, Func<Zeros, Layer> create) in Shapes)
            {
                if (name.Contains(filter, StringComparison.OrdinalIgnoreCase))
                    Console.WriteLine($"| {name} | {Row(create, percents, block)} |");
            }
        }
    }

    private static string Row(Func<Zeros, Layer> create, int[] percents, int block)
    {
        LayerRunner[] runners =
        [
            new LayerRunner(create(default)),
            .. percents.Select(percent => new LayerRunner(create(new Zeros(percent / 100.0, block)))),
        ];
        foreach (LayerRunner runner in runners)
            ShapeTable.WarmUp(runner);
        var times = new double[runners.Length, Turns];
        for (int turn = 0; turn < Turns; turn++)
        {
            for (int i = 0; i < runners.Length; i++)
                times[i, turn] = Time(runners[i]);
        }

        IEnumerable<string> cells = Enumerable.Range(1, percents.Length)
            .Select(i => !runners[i].Kernel.EndsWith("SparseKernel", StringComparison.Ordinal)
            ? "–"
            : "×" + Median(turn => times[0, turn] / times[i, turn]).ToString("F2", CultureInfo.InvariantCulture));
        string row = string.Join(" | ", cells.Prepend(Median(turn => times[0, turn]).ToString("F4", CultureInfo.InvariantCulture)));
        foreach (LayerRunner runner in runners)
            runner.Dispose();
        return row;
    }

    /// <summary>Milliseconds of a run: the best of those that a turn has time for.</summary>
    private static double Time(LayerRunner runner)
    {
        double best = double.MaxValue;
        long begin = Stopwatch.GetTimestamp();
        for (int runs = 0; runs < LeastRuns || Stopwatch.GetElapsedTime(begin) < Turn; runs++)
        {
            long start = Stopwatch.GetTimestamp();
            runner.Run();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        return best;
    }

    private static double Median(Func<int, double> ofTurn) => Enumerable.Range(0, Turns).Select(ofTurn).Order().ElementAt(Turns / 2);
}
