using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Training;
using ModelOpt.Runtime.Simd;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Benchmarks;

/// <summary>
/// How long a training step of a classifier takes: data, gradient, update, in float32, with batch normalization, and with int8 simulated.
/// Samples and labels are
/// noise, which costs what any others do. Numbers of threads take turns, so that what else the machine does slows all alike.
/// </summary>
internal static class TrainingTable
{
    private const int Turns = 5, StepsPerEpoch = 8;

    private static readonly TimeSpan LeastTurn = TimeSpan.FromSeconds(0.5);

    /// <summary>A table in Markdown: a row for float32 and int8 on one thread and on all.</summary>
    /// <param name="model">An ONNX file with one input, its batch open, and class scores as its output.</param>
    public static void Print(string model, int batch)
    {
        string folder = Directory.CreateTempSubdirectory("modelopt-training").FullName;
        try
        {
            Console.WriteLine($"{Path.GetFileName(model)}, batch {batch}, {SimdTiers.Best}, {Environment.ProcessorCount} processors");
            Console.WriteLine();
            Console.WriteLine("| form | threads | ms a step | of processors | MB allocated a step | collections of generation 0, 1, 2 in "
                + "100 steps |");
            Console.WriteLine("| --- | --- | --- | --- | --- | --- |");
            Print(folder, model, batch, Form.Float32);
            if (ModelCompiler.Read(File.ReadAllBytes(model), model, new CompileOptions()).Nodes.Any(n => n.Type == "BatchNormalization"))
                Print(folder, model, batch, Form.BatchStatistics);
            Print(folder, model, batch, Form.Int8);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Print(string folder, string model, int batch, Form form)
    {
        Run[] runs = [.. new[] { 1, Environment.ProcessorCount }.Distinct()
            .Select(threads => new Run(folder, model, batch, form, threads))];
        foreach (Run run in runs) run.Turn();
        foreach (Run run in runs) run.Forget();
        for (int turn = 0; turn < Turns; turn++)
        {
            foreach (Run run in runs) run.Turn();
        }

        foreach (Run run in runs)
        {
            Console.WriteLine($"| {form} | {run.Row()} |");
            run.Dispose();
        }
    }

    /// <summary>What a step simulates.</summary>
    private enum Form
    {
        /// <summary>Normalizations are folded into the layers before them.</summary>
        Float32,

        /// <summary>Normalizations are by statistics of the batch, as <c>modelopt train</c> does.</summary>
        BatchStatistics,

        /// <summary>The compressed model, as fine-tuning does.</summary>
        Int8,
    }

    private sealed class Run : IDisposable
    {
        private readonly TrainingSet _data;
        private readonly Trainer _trainer;
        private readonly WorkerPool _pool;
        private readonly List<double> _milliseconds = [];
        private readonly int[] _collections = new int[3];
        private readonly int[] _samples;
        private long _allocated;
        private TimeSpan _processors;

        public Run(string folder, string model, int batch, Form form, int threads)
        {
            Graph graph = ModelCompiler.Read(File.ReadAllBytes(model), model, new CompileOptions());
            _samples = [.. Enumerable.Range(0, batch * StepsPerEpoch)];
            int classes = (int)graph.Outputs[0].Shape![^1].Size;
            var random = new Random(1);
            int[] dims = [_samples.Length, .. graph.Inputs[0].Shape!.Skip(1).Select(d => (int)d.Size)];
            float[] inputs = new float[dims.Aggregate(1, (a, b) => a * b)];
            for (int i = 0; i < inputs.Length; i++) inputs[i] = random.NextSingle();
            long[] labels = [.. _samples.Select(_ => random.NextInt64(classes))];
            string own = Directory.CreateDirectory(Path.Combine(folder, $"{form}{threads}")).FullName, x = Path.Combine(own, "x.npy"),
                y = Path.Combine(own, "y.npy");
            WriteNpy(x, "<f4", dims, MemoryMarshal.AsBytes<float>(inputs));
            WriteNpy(y, "<i8", [_samples.Length], MemoryMarshal.AsBytes<long>(labels));
            bool isNormalized = form == Form.BatchStatistics;
            CompileOptions options = new() { Quantization = form == Form.Int8 ? QuantizationMode.Int8 : QuantizationMode.None,
                CalibrationData = [x], CalibrationSamples = 16 };
            PassContext context = new(options, new Recipe(), new DiagnosticList());
            PassPipeline.Simplify(graph, context, keepsNormalization: isNormalized);
            if (!isNormalized) PassPipeline.Compress(graph, context);
            _data = new TrainingSet(graph, options, "TrainingData", [x], y);
            _pool = new WorkerPool(threads);
            TrainingSettings settings = new(1, batch, 1e-4, OptimizerKind.Adam, LearningRateSchedule.Constant, Augmentation.None, 0);
            _trainer = new Trainer(graph, settings, [new LabelObjective(ClassScores.Of(graph, out _))], _pool, isNormalized);
        }

        public void Turn()
        {
            long bytes = GC.GetTotalAllocatedBytes();
            int[] before = [.. Enumerable.Range(0, 3).Select(GC.CollectionCount)];
            TimeSpan worked = Environment.CpuUsage.TotalTime;
            for (long begin = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begin) < LeastTurn;)
            {
                long last = Stopwatch.GetTimestamp();
                _trainer.Run(
                    _data, _samples,
                    (_, _, _) =>
                    {
                        _milliseconds.Add(Stopwatch.GetElapsedTime(last).TotalMilliseconds);
                        last = Stopwatch.GetTimestamp();
                    },
                    _ => true,
                    CancellationToken.None);
            }

            _processors += Environment.CpuUsage.TotalTime - worked;
            _allocated += GC.GetTotalAllocatedBytes() - bytes;
            for (int g = 0; g < 3; g++) _collections[g] += GC.CollectionCount(g) - before[g];
        }

        public void Forget()
        {
            _milliseconds.Clear();
            Array.Clear(_collections);
            (_allocated, _processors) = (0, default);
        }

        public string Row()
        {
            int steps = _milliseconds.Count;
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{_pool.Threads} | {_milliseconds.Order().ElementAt(steps / 2):F2} | {_processors.TotalMilliseconds / steps:F2} | "
                    + $"{_allocated / 1e6 / steps:F1} | {string.Join(", ", _collections.Select(c => c * 100 / steps))}");
        }

        public void Dispose()
        {
            _data.Dispose();
            _pool.Dispose();
        }

        private static void WriteNpy(string path, string type, int[] dims, ReadOnlySpan<byte> elements)
        {
            string header = $"{{'descr': '{type}', 'fortran_order': False, 'shape': ({string.Concat(dims.Select(d => $"{d}, "))}), }}";
            header = header.PadRight(((header.Length + 10 + 64) / 64 * 64) - 11) + "\n";
            using FileStream file = File.Create(path);
            file.Write([0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, (byte)(header.Length >> 8), .. Encoding.ASCII.GetBytes(header)]);
            file.Write(elements);
        }
    }
}
