using System.Globalization;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Emit.Reports;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Quantize;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Compile;

/// <summary>
/// Runs the written files as the consumer will, and compares with what ONNX defines: the QDQ form evaluated node by node in float, which
/// shares no code with the lowering or the interpreter's integer layers.
/// </summary>
internal sealed class SelfCheck
{
    // A deep int8 network may amplify a tie that rounds to the other side; a real fault is further off than this.
    private const double MostOfQuantized = 0.25;
    private const double StepsOfTies = 8;
    // As a share of an output's root mean square. Networks that int8 suits lose a tenth.
    private const double LossToWarnOf = 0.3;

    private readonly Graph _graph;
    private readonly WrittenFiles _files;
    private readonly PassContext _context;

    private SelfCheck(Graph graph, WrittenFiles files, PassContext context) =>
        (_graph, _files, _context) = (graph, files, context);

    /// <summary>Verifies written files.</summary>
    /// <param name="graph">The graph that they were written from.</param>
    /// <param name="original">The model as it was read, its QDQ pairs as nodes.</param>
    /// <param name="context">The options that name the data, and the way out for diagnostics.</param>
    /// <returns>How far the outputs are from the original model's; empty where there are no calibration samples to say it.</returns>
    /// <exception cref="CompilationException">A file cannot be loaded, or computes something else.</exception>
    public static IReadOnlyList<OutputError> Run(Graph graph, WrittenFiles files, Graph original, PassContext context)
    {
        var check = new SelfCheck(graph, files, context);
        using TfliteRun shipped = TfliteRun.Load(files.Embedded, graph.AllNodes.Any(Operator.IsRandom));
        IReadOnlyList<Tensor[]> samples = CheckSamples.Of(graph, context);
        try
        {
            // The original runs first: a sample that it refuses says nothing about the files.
            if (context.Reference is not { } reference)
            {
                check.CompareQuantized(shipped, original, samples);
                check.CompareValues(shipped, samples);
                return [];
            }

            // The file may do the preprocessing itself: then it takes the bytes of which the float model gets numbers.
            IReadOnlyList<Tensor[]> numbers = CheckSamples.Of(reference, context);
            Tensor[] first = check.CompareFloat(reference, original, numbers[0]);
            foreach (Tensor[] other in context.IsCalibrated ? [] : numbers.Skip(1)) check.CompareFloat(reference, original, other);
            // Data may be of one size.
            Tensor[][] others = context.IsCalibrated && graph.Examples.Count > 1 ? [CheckSamples.OfExample(graph, 1)] : [];
            List<Tensor[]> actual = [.. check.CompareValues(shipped, [.. samples, .. others]).Take(samples.Count)];
            return context.IsCalibrated
                ? check.Losses([first, .. numbers.Take(samples.Count).Skip(1).Select(n => check.Evaluate(reference, n))], actual) : [];
        }
        catch (CompilationException e) when (e.Diagnostic.Descriptor.Code[..6] != "MOPT56")
        {
            context.Diagnostics.Report(VerificationDiagnostics.NotVerified.At(null, e.Diagnostic.Layer, e.Diagnostic.Message));
            return [];
        }
    }

    /// <summary>Each value of the file that is stored, and then the outputs of the file as it ships.</summary>
    /// <returns>These outputs, by sample.</returns>
    private List<Tensor[]> CompareValues(TfliteRun shipped, IReadOnlyList<Tensor[]> samples)
    {
        using var stored = new StoredValues(_graph, _context.Cancellation);
        Graph written = OnnxReader.Read(_files.Onnx, foldsPairs: false);
        ShapeInference.Run(written, useStated: true);
        bool isOpen = OpenSizes.AreOpen(_graph);
        Dictionary<string, float> steps = stored.All.Where(v => v.Quantization is { IsPerTensor: true })
            .ToDictionary(v => v.Name, v => v.Quantization!.Scale, StringComparer.Ordinal);
        // Where a Concat rounds its inputs itself, the .onnx has no node that does it before.
        List<Value> computed = [.. stored.All.Where(v => v.Producer is not null && !QdqPlan.IsRoundedByConcat(_graph, v))];
        List<Tensor[]> results = [];
        foreach (Tensor[] sample in samples.Select(AsDeclared))
        {
            stored.Begin(sample);
            Tensor[] outputs = shipped.Run(sample);
            Graph sized = isOpen ? OpenSizes.At(written, sample) : written;
            var comparison = new ValueComparison(stored, steps, sized, isOpen ? OpenSizes.At(_graph, sample) : _graph);
            new Interpreter(sized) { Pool = _context.Pool, Reuses = true, Substitute = comparison.Visit }
                .Run(sample, _context.Cancellation);
            computed.RemoveAll(v => comparison.Compared.Contains(v.Name));
            for (int i = 0; i < outputs.Length; i++)
            {
                if (TensorDifference.Find(stored.Outputs[i], outputs[i]) is { } difference)
                    throw VerificationDiagnostics.WrongOutput.Error(null, _graph.Outputs[i].Name, difference);
            }

            results.Add(outputs);
        }

        if (computed is [{ } missed, ..])
            _context.Diagnostics.Report(VerificationDiagnostics.NotCompared.At(null, missed.Producer!.Label, missed.Name));
        return results;
    }

    /// <summary>The float model that was compressed, and the one that was read.</summary>
    /// <returns>The outputs of the float model.</returns>
    private Tensor[] CompareFloat(Graph reference, Graph original, Tensor[] sample)
    {
        Tensor[] expected = Evaluate(original, sample), actual = Evaluate(reference, sample);
        for (int i = 0; i < actual.Length; i++)
        {
            if (TensorDifference.Find(expected[i], actual[i]) is null) continue;
            // What is left of a difference of equals is rounding: as much as the last bit of the sample changes.
            double rounding = TensorDifference.Largest(expected[i], Evaluate(original, [.. sample.Select(TensorDifference.Nudged)])[i]);
            if (TensorDifference.Find(expected[i], actual[i], rounding: TensorDifference.Nudges * rounding) is { } difference)
                throw VerificationDiagnostics.OtherFunction.Error(null, reference.Outputs[i].Name, difference);
        }

        return actual;
    }

    /// <summary>What compression costs in each float output, on the samples together; warns where it is much.</summary>
    private List<OutputError> Losses(IReadOnlyList<Tensor[]> originals, IReadOnlyList<Tensor[]> compressed)
    {
        Dictionary<string, double> errors = new(StringComparer.Ordinal);
        for (int i = 0; i < _graph.Outputs.Count; i++)
        {
            Tensor[] expected = [.. originals.Select(o => o[i])], actual = [.. compressed.Select(o => o[i])];
            if (!expected[0].Type.IsFloat()) continue;
            bool isSameShape = expected.Zip(actual).All(p => p.First.Dims.SequenceEqual(p.Second.Dims));
            double error = isSameShape ? TensorDifference.RelativeRms(Joined(expected), Joined(actual), 0) : 1;
            // Of an output that is zero there is no relative error.
            if (double.IsFinite(error)) errors[_graph.Outputs[i].Name] = error;
        }

        (string worst, double most) = errors.OrderByDescending(e => e.Value).FirstOrDefault();
        if (most > LossToWarnOf)
            _context.Diagnostics.Report(VerificationDiagnostics.MuchLost.At(null, null, worst,
                most.ToString("P0", CultureInfo.InvariantCulture)));
        return [.. errors.Select(e => new OutputError(e.Key, e.Value))];
    }

    private static Tensor Joined(Tensor[] samples) => Tensor.Vector<float>([.. samples.SelectMany(Elements.ToFloats)]);

    /// <summary>
    /// A model that was quantized already, and the file. Ties may fall to the other side, so that an output that is a few steps of its
    /// grid in all, or the difference of two that are, is no more exact than those steps.
    /// </summary>
    private void CompareQuantized(TfliteRun shipped, Graph original, IReadOnlyList<Tensor[]> samples)
    {
        foreach (Tensor[] sample in samples)
        {
            Tensor[] expected = Evaluate(original, sample), actual = shipped.Run(AsDeclared(sample));
            for (int i = 0; i < actual.Length; i++)
            {
                double error = TensorDifference.RelativeRms(expected[i], actual[i], StepsOfTies * NearestStep(original.Outputs[i]));
                if (!(error <= MostOfQuantized))
                    throw VerificationDiagnostics.WrongOutput.Error(
                        null, _graph.Outputs[i].Name, $"its error is {error:P0} of its root mean square");
            }
        }
    }

    /// <summary>The largest grid step of a value and of the values that it is computed from since the last rounding.</summary>
    private static float NearestStep(Value value)
    {
        float step = 0;
        var seen = new HashSet<Value>();
        var open = new Stack<Value>([value]);
        while (open.TryPop(out Value? next))
        {
            if (!seen.Add(next) || next.Producer is not { } node) continue;
            if (node.Type == "QuantizeLinear")
                step = Math.Max(step, node.Input(1).Constant is { } scales ? Elements.ToFloats(scales).Max() : 0);
            else foreach (Value input in node.Inputs.OfType<Value>()) open.Push(input);
        }

        return step;
    }

    /// <summary>A sample in the types in which the caller feeds the files.</summary>
    public static Tensor[] AsDeclared(Graph graph, Tensor[] sample) =>
        [.. sample.Zip(graph.Inputs, (tensor, input) => Casting.To(tensor, graph.DeclaredType(input) ?? tensor.Type))];

    private Tensor[] AsDeclared(Tensor[] sample) => AsDeclared(_graph, sample);

    private Tensor[] Evaluate(Graph model, Tensor[] sample) =>
        new Interpreter(OpenSizes.AreOpen(model) ? OpenSizes.At(model, sample) : model) { Pool = _context.Pool, Reuses = true }
            .Run(sample, _context.Cancellation);
}
