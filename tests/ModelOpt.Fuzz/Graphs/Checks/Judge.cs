using Microsoft.ML.OnnxRuntime;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Techniques.Quantize;
using ModelOpt.Runtime;
using ModelOpt.Runtime.Tflite;
using GraphReader = ModelOpt.Runtime.Model.GraphReader;

namespace ModelOpt.Fuzz.Graphs.Checks;

/// <summary>
/// Compresses a model and compares: the .tflite in the runtime, and where asked for in LiteRT, the .onnx in ONNX Runtime and in the
/// interpreter tell the story of the original in ONNX Runtime.
/// </summary>
internal sealed class Judge(Workbench bench)
{
    /// <summary>Judges a variant.</summary>
    /// <param name="original">The model, evaluated.</param>
    /// <param name="liteRt">Whether LiteRT runs it, too.</param>
    /// <returns>What is wrong, or null.</returns>
    public Finding? Try(Subject original, Variant variant, bool liteRt)
    {
        try
        {
            CompiledModel compiled = bench.Compress(original.Model, variant, original.Inputs);
            Compare(original, variant, compiled, liteRt);
            return null;
        }
        catch (FindingException e)
        {
            return e.Finding;
        }
    }

    private static void Compare(Subject original, Variant variant, CompiledModel compiled, bool liteRt)
    {
        Subject emitted = Emitted(original, compiled);
        Claims.Check(variant, compiled);
        if (compiled.Report.Diagnostics.FirstOrDefault(d => Workbench.IsUnverified(d.Descriptor)) is { } unverified)
            throw new FindingException(new Finding(FindingKind.Wrong, "not verified", unverified.Message));
        bool isQuantized = original.Model.Graph.Node.Any(n => n.OpType == "QuantizeLinear");
        bool hasGrids = emitted.Model.Graph.Node.Any(n => n.OpType == "QuantizeLinear");
        Dictionary<string, Dictionary<string, Tensor>[]> engines = new()
        {
            ["runtime"] = InRuntime(original, compiled.Tflite),
            ["interpreter"] = InInterpreter(original, compiled.Onnx),
        };
        // LiteRT computes nothing for operators that it does not have, and does not always say so.
        if (liteRt && !GraphReader.Read(compiled.Tflite).Nodes.Any(n => n.Operator.IsCustom()))
            engines.Add("LiteRT", LiteRtRuns.Of(original, compiled.Tflite));
        bool roundsAtRun = RoundsAtRun(compiled.Tflite);
        if (!isQuantized && !hasGrids)
        {
            foreach ((string engine, Dictionary<string, Tensor>[] results) in engines)
            {
                if (roundsAtRun && engine == "runtime") IntegerCheck.Same(emitted, results, AtRun(emitted), $"{engine} against .onnx");
                else FloatCheck.Close(emitted, results, $"{engine} against .onnx");
            }

            if (variant.Mode == QuantizationMode.None && !variant.IsLossy)
                FloatCheck.Close(original, emitted.Values, ".onnx against the original");
            else if (!variant.IsLossy) FloatCheck.Rounded(original, emitted.Values, variant.Mode == QuantizationMode.Float16);
            return;
        }

        Subject expected = isQuantized ? original : emitted;
        NodeCheck.Run(expected);
        (Dictionary<string, Tensor>[] clean, Dictionary<string, double> noise) =
            Noise.OfActivations(expected, isQuantized ? null : original);
        if (isQuantized) engines.Add(".onnx", emitted.Values);
        // LiteRT multiplies by 8 bits in a LeakyRelu of integers, and is up to a step off where others are half of one.
        bool isCoarse = expected.Model.Graph.Node.Any(n => n.OpType == "LeakyRelu");
        Dictionary<string, double> twice = noise.ToDictionary(n => n.Key, n => 4 * n.Value);
        Dictionary<string, double> more = roundsAtRun ? AtRun(expected).ToDictionary(n => n.Key, n => n.Value + noise[n.Key]) : noise;
        foreach ((string engine, Dictionary<string, Tensor>[] results) in engines)
            IntegerCheck.Same(expected, results,
                engine == "runtime" ? more : isCoarse && engine == "LiteRT" ? twice : noise, $"{engine} against QDQ");
        if (isQuantized) return;
        // Where a layer reads a Concat of ranges far apart, one grid has to serve, and the compiler says so.
        if (compiled.Report.Diagnostics.All(d => d.Descriptor.Code != RecipeDiagnostics.WideConcat.Code))
            IntegerCheck.Grids(original, emitted);
        if (!variant.IsLossy) IntegerCheck.Near([original, PrescribedGrids.Bound(original, emitted.Model)], emitted, clean, noise);
    }

    /// <summary>Whether recurrent layers of a file round what they multiply, which those of the .onnx do not.</summary>
    private static bool RoundsAtRun(byte[] tflite) => GraphReader.Read(tflite).Nodes.Any(n =>
        n.Operator is BuiltinOperator.LSTM or BuiltinOperator.GRU or BuiltinOperator.RNN && n.Input(1).Type == TensorType.Int8);

    /// <summary>
    /// The squared error of each output that the compiler, which measures the mean over samples and outputs, lets recurrent layers make by
    /// rounding at run.
    /// </summary>
    private static Dictionary<string, double> AtRun(Subject expected) => expected.Outputs.Distinct().ToDictionary(o => o, output =>
    {
        double[] values = [.. expected.Values.SelectMany(v => Difference.Numbers(v[output])).Where(double.IsFinite)];
        double share = RecurrentIntegers.MostLoss * RecurrentIntegers.MostLoss * expected.Outputs.Length;
        return values.Length == 0 ? 0 : share * values.Average(x => x * x);
    });

    private static Subject Emitted(Subject original, CompiledModel compiled)
    {
        ModelProto model = ModelProto.Parser.ParseFrom(compiled.Onnx);
        if (!model.Graph.Output.Select(o => o.Name).SequenceEqual(original.Outputs))
            throw new FindingException(new Finding(
                FindingKind.Wrong, "names of outputs", string.Join(", ", model.Graph.Output.Select(o => o.Name))));
        try
        {
            return new Subject(model, original.Inputs);
        }
        catch (OnnxRuntimeException e)
        {
            throw new FindingException(new Finding(FindingKind.NotLoadable, "ONNX Runtime", e.Message));
        }
    }

    private static Dictionary<string, Tensor>[] InRuntime(Subject original, byte[] tflite)
    {
        try
        {
            using RuntimeModel model = new(tflite);
            // An output that is an input has another name in the file, where names are unique.
            HashSet<string> inputs = [.. original.Inputs[0].Keys];
            if (!model.Outputs.Zip(original.Outputs).All(o => o.First == o.Second || inputs.Contains(o.Second)))
                throw new FindingException(new Finding(
                    FindingKind.Wrong, "names of outputs in the runtime", string.Join(", ", model.Outputs)));
            model.Outputs = original.Outputs;
            Dictionary<string, Tensor>[] results = [.. original.Inputs.Select(i => model.Run(i))];
            if (!model.TakesBatches) return results;
            Dictionary<string, Tensor> batch = model.Run(original.Inputs.Take(3).ToArray());
            foreach (string output in original.Outputs)
            {
                byte[] single = [.. results.Take(3).SelectMany(r => r[output].Bytes.ToArray())];
                if (!batch[output].Bytes.Span.SequenceEqual(single))
                    throw new FindingException(new Finding(
                        FindingKind.Wrong, "batch", $"output '{output}' of a batch of 3 differs from that of its samples"));
            }

            return results;
        }
        catch (InvalidModelException e)
        {
            throw new FindingException(new Finding(FindingKind.NotLoadable, "runtime", e.Message));
        }
        catch (Exception e) when (e is not FindingException)
        {
            throw new FindingException(new Finding(FindingKind.Crash, $"runtime: {e.GetType().Name}", $"{e}"));
        }
    }

    private static Dictionary<string, Tensor>[] InInterpreter(Subject original, byte[] onnx)
    {
        try
        {
            Graph graph = OnnxReader.Read(onnx);
            ShapeInference.Run(graph, useStated: true);
            Interpreter interpreter = new(graph) { FakeQuantize = true };
            return [.. original.Inputs.Select(i => new Dictionary<string, Tensor>(interpreter.Run(i)))];
        }
        catch (CompilationException e)
        {
            throw new FindingException(new Finding(FindingKind.NotLoadable, "the emitted .onnx in the compiler", e.Message));
        }
    }
}
