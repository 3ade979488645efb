using System.Collections.Concurrent;
using System.CommandLine;
using System.Globalization;
using ModelOpt.Cli.Engines;
using ModelOpt.Cli.Models;
using ModelOpt.Cli.Options;
using ModelOpt.Cli.Output;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Data;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Training;

namespace ModelOpt.Cli.Commands;

/// <summary><c>modelopt evaluate</c>: how often a classifier is right.</summary>
internal static class EvaluateCommand
{
    private sealed record Options(
        string Model, string Data, string Labels, SampleFormat Format, int LabelOffset, int Limit, EngineKind Engine, string? Reference,
        bool Json);

    public static Command Create(Terminal terminal)
    {
        var model = new Argument<string>("MODEL") { Description =
            "The classifier: a .onnx or .tflite file, or the .embedded one of a build." };
        var data = new Option<string>("--data")
        {
            Description = "The samples: a .npy, .npz (data.npz#name) or IDX file (perhaps .gz), or a folder of .png images.",
            HelpName = "DATA",
            Required = true,
        };
        var labels = new Option<string?>("--labels")
        {
            Description = "The class number of each sample: an integer .npy, .npz or IDX file, a text file of one number a line, "
                + "or a folder with a subfolder of images per class. Without it, the subfolders of DATA.",
            HelpName = "LABELS",
        };
        var catalog = new CatalogOptions(o => o.Name
            is nameof(CompileOptions.InputMean) or nameof(CompileOptions.InputStd) or nameof(CompileOptions.DataLayout));
        var offset = CliOptions.Whole("--label-offset", "Added to each label: 1 where the model's class 0 means 'background'.");
        var limit = CliOptions.Count("--limit", "Evaluates the first N samples only.");
        var engine = CliOptions.Choice(
            "--engine",
            "What runs the model: ModelOpt's runtime (the default), the compiler's interpreter, which computes in float by the "
                + "operators' definition, or Microsoft's ONNX Runtime if it is installed. The last runs .onnx models only.",
            ("modelopt", EngineKind.ModelOpt), ("interpreter", EngineKind.Interpreter), ("onnxruntime", EngineKind.OnnxRuntime));
        var reference = new Option<string?>("--reference")
        {
            Description = "The original model: also prints how often both choose the same class, and the error of the scores "
                + "relative to their root mean square. An .onnx file is computed node by node in float.",
            HelpName = "MODEL",
        };

        Option<bool> json = CliOptions.Json();
        var command = new HeadedCommand("evaluate",
            """
            Measures how often a classifier's best score belongs to the right class, and prints it: top-1 91.60 % (229/250).

            Example: modelopt evaluate squeezenet.tflite --data test.npy --labels labels.npy
                       --mean 123.675,116.28,103.53 --std 58.395,57.12,57.375
            """)
        {
            model, data, labels, offset, limit, engine, reference, json,
        };
        catalog.AddTo(command);
        command.SetAction((parsed, cancellation) => terminal.RunAsync(parsed.GetRequiredValue(model), () => Run(
            new Options(
                parsed.GetRequiredValue(model),
                parsed.GetRequiredValue(data),
                parsed.GetValue(labels) ?? parsed.GetRequiredValue(data),
                FormatOf(catalog.In(parsed)),
                parsed.GetValue(offset),
                parsed.GetValue(limit) is > 0 and int given ? given : int.MaxValue,
                parsed.GetValue(engine),
                parsed.GetValue(reference),
                parsed.GetValue(json)),
            terminal,
            cancellation)));
        return command;
    }

    private static SampleFormat FormatOf(CompileOptions options) => new(options.InputMean, options.InputStd, options.DataLayout);

    private static void Run(Options options, Terminal terminal, CancellationToken cancellation)
    {
        using IEngine engine = Open(options.Model, options.Engine);
        using IEngine? reference = options.Reference is null ? null : Open(options.Reference, ReferenceEngine(options));
        TensorSignature input = Sized(engine.Input), other = reference is null ? input : Sized(reference.Input);
        if (!Fits(other, input))
            throw Other(options, $"an input {Text(other)}", $"one {Text(input)}");
        using InputSamples samples = InputSamples.Open([options.Data], input, options.Format);
        int[] labels = LabelSource.Read(options.Labels);
        if (labels.Length != samples.Count)
        {
            throw new CompilationException(
                DataDiagnostics.LabelCountMismatch.At(options.Labels, null, labels.Length, samples.Count));
        }

        Evaluation result = Evaluate(engine, reference, samples, labels, options, terminal, cancellation);
        if (options.Json) terminal.WriteJson(Json(options, result));
        else Print(options, result, terminal);

        // Open sizes are those of the data, where it has one size.
        TensorSignature Sized(TensorSignature signature)
        {
            if (signature.Shape.Skip(1).All(d => d.IsKnown)) return signature;
            using SampleSource source = SampleSource.Open(options.Data);
            if (source.Shapes.Count > 1) return signature;
            bool areBytes = source.Type == ElementType.UInt8;
            Shape? shape = SampleSizes.In(signature.Shape, source.SampleShape, options.Format.Layout, areBytes);
            return signature with { Shape = shape ?? signature.Shape };
        }

        static string Text(TensorSignature input) => $"{input.Type} [{input.Shape}]";

        IEngine Open(string model, EngineKind kind) => Engine.Open(
            kind,
            model,
            new CompileOptions
            {
                Quantization = QuantizationMode.None,
                CalibrationData = [options.Data],
                DataLayout = options.Format.Layout,
            },
            cancellation);

        // Compiling the reference would make the faults of the lowering again that the comparison is to show.
        static EngineKind ReferenceEngine(Options options) =>
            options.Engine == EngineKind.ModelOpt && ModelFile.FormatOf(options.Reference!) == ModelFormat.Onnx
                ? EngineKind.Interpreter : options.Engine;
    }

    private static void Print(Options options, Evaluation result, Terminal terminal)
    {
        if (ModelFile.FormatOf(options.Model) == ModelFormat.PackedTflite) terminal.WriteResult("TFLite packed for embedding");
        if (options.Reference is not null)
        {
            terminal.WriteResult(string.Create(CultureInfo.InvariantCulture,
                $"same class as the reference {100.0 * result.Same / result.Count:F2} % ({result.Same}/{result.Count}), "
                + $"error of the scores {100 * result.Error:F2} %"));
        }

        terminal.WriteAnswer(string.Create(
            CultureInfo.InvariantCulture, $"top-1 {100.0 * result.Right / result.Count:F2} % ({result.Right}/{result.Count})"));
    }

    private static object Json(Options options, Evaluation result) => new
    {
        options.Model,
        engine = options.Engine.ToString().ToLowerInvariant(),
        samples = result.Count,
        result.Right,
        top1 = (double)result.Right / result.Count,
        reference = options.Reference is null ? null : new
        {
            model = options.Reference,
            result.Same,
            agreement = (double)result.Same / result.Count,
            result.Error,
        },
    };

    /// <summary>Runs the samples on the engine, and on the reference where there is one.</summary>
    private static Evaluation Evaluate(
        IEngine engine,
        IEngine? reference,
        InputSamples samples,
        int[] labels,
        Options options,
        Terminal terminal,
        CancellationToken cancellation)
    {
        int count = Math.Min(options.Limit, samples.Count), right = 0, same = 0, done = 0;
        double[] noises = new double[count], signals = new double[count];
        var parallel = new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = Environment.ProcessorCount };
        try
        {
            // One reader, in order: compressed data is not read at random.
            Parallel.ForEach(Partitioner.Create(Read(), EnumerablePartitionerOptions.NoBuffering), parallel, sample =>
            {
                float[] scores = engine.Run(sample.Input);
                if (ClassScores.Best(scores) == ClassOf(sample.Index, scores.Length)) Interlocked.Increment(ref right);
                if (reference?.Run(sample.Input) is { } wanted)
                {
                    if (wanted.Length != scores.Length)
                        throw Other(options, $"{wanted.Length} scores", scores.Length.ToString(CultureInfo.InvariantCulture));
                    if (ClassScores.Best(scores) == ClassScores.Best(wanted)) Interlocked.Increment(ref same);
                    signals[sample.Index] = wanted.Sum(w => (double)w * w);
                    noises[sample.Index] = wanted.Zip(scores, (w, s) => (double)(w - s) * (w - s)).Sum();
                }

                terminal.Report(new CompileProgress("evaluate", Interlocked.Increment(ref done), count));
            });
        }
        catch (AggregateException e)
        {
            throw e.InnerExceptions.OfType<CompilationException>().FirstOrDefault()
                ?? e.InnerExceptions[0];
        }

        double error = signals.Sum() > 0 ? Math.Sqrt(noises.Sum() / signals.Sum()) : 0;
        return new Evaluation(count, right, same, error);

        IEnumerable<(int Index, Tensor Input)> Read()
        {
            for (int i = 0; i < count; i++) yield return (i, samples.Read(i));
        }

        long ClassOf(int index, int classes)
        {
            if (classes < 2)
                throw new CompilationException(EvaluationDiagnostics.NotClassifier.At(options.Model, null, "a single score"));
            long label = (long)labels[index] + options.LabelOffset;
            if (label >= 0 && label < classes) return label;
            string offset = options.LabelOffset == 0 ? "" : $" plus {options.LabelOffset}";
            throw new CompilationException(EvaluationDiagnostics.LabelOutOfRange.At(
                options.Labels, null, $"{labels[index]}{offset}", index, classes));
        }
    }

    /// <summary>Whether both take the same samples; a batch that is open takes one, whatever it is called.</summary>
    private static bool Fits(TensorSignature other, TensorSignature input) => other.Type == input.Type
        && other.Shape.Rank == input.Shape.Rank
        && other.Shape.Zip(input.Shape).Index().All(d => d.Item.First == d.Item.Second
            || (!d.Item.First.IsKnown && !d.Item.Second.IsKnown)
            || (d.Index == 0 && (d.Item.First.IsKnown ? d.Item.First : d.Item.Second) == (Dim)1));

    private static CompilationException Other(Options options, string found, string expected) =>
        new(EvaluationDiagnostics.OtherReference.At(options.Reference, null, found, expected));

    /// <summary>How many of the samples were right, how many as the reference says, and the error of the scores against it.</summary>
    private sealed record Evaluation(int Count, int Right, int Same, double Error);
}
