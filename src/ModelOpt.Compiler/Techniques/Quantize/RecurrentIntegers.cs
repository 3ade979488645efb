using System.Globalization;
using ModelOpt.Compiler.Calibration;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Options;
using ModelOpt.Compiler.Simplify;
using ModelOpt.Runtime.Kernels.Recurrent;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>
/// Lets recurrent layers multiply in int8 where <see cref="QuantizationMode.Int8"/> is asked for: their weights are integers already, and
/// each step rounds its input and state with their own ranges. What that costs the outputs is measured on the calibration samples; layers
/// that cost too much compute in float32.
/// </summary>
internal sealed class RecurrentIntegers : Pass
{
    /// <summary>Why a layer stays in float.</summary>
    public const string Reason = "computes in float32: 8 bits for its input and state would cost the outputs too much";

    /// <summary>The root of the squared error's share of the square of an output: a cosine of 0.995.</summary>
    public const double MostLoss = 0.1;

    // Beside what rounding elsewhere costs, this is nothing.
    private const double MostMore = 1.05;

    public override PassPhase Phase => PassPhase.Quantize;

    public override PassResult Apply(Graph graph, PassContext context)
    {
        Node[] layers = [.. graph.Nodes.Where(n => Fits(n) && context.QuantizationOf(n) == QuantizationMode.Int8)];
        if (layers.Length == 0 || !context.IsCalibrated) return PassResult.Of(0);
        using Calibrator calibrator = new(graph, context);
        OutputLoss loss = new(new FloatOutputs(graph, calibrator, context), context);
        double before = loss.Of(graph);
        Try(layers);
        double after = loss.Of(graph);
        if (!IsLittle(after))
        {
            Try([]);
            // One by one, each beside those that stay.
            foreach (Node layer in layers)
            {
                layer.RoundsAtRun = true;
                double own = loss.Of(graph);
                layer.RoundsAtRun = IsLittle(own);
                if (layer.RoundsAtRun) after = own;
            }
        }

        int count = layers.Count(l => l.RoundsAtRun);
        List<PassNote> notes = [.. layers.Where(l => !l.RoundsAtRun).Select(l => new PassNote(l, Reason))];
        if (count > 0)
        {
            notes.Add(new(string.Create(CultureInfo.InvariantCulture,
                $"{count} recurrent layers multiply in int8: the outputs' error is {after:P1} of their size, and was {before:P1}")));
        }

        return new PassResult(count, notes);

        void Try(Node[] chosen)
        {
            foreach (Node layer in layers) layer.RoundsAtRun = chosen.Contains(layer);
        }

        bool IsLittle(double measured) => measured <= Math.Max(MostLoss, MostMore * before);
    }

    /// <summary>Whether both matrices are int8 with scales that the kernel takes.</summary>
    private static bool Fits(Node node) => LayerWeight.IsRecurrent(node)
        && LayerWeight.OfRecurrent(node).ToArray() is { Length: > 1 } weights
        && Array.TrueForAll(weights, w => w.Value is { Quantization: { Type: ElementType.Int8 } grid, Constant: { } tensor }
            && (grid.IsPerTensor || grid.Axis == w.Axis) && grid.ZeroPoints.All(z => z == 0)
            && tensor.Dims[^1] <= IntegerMatrix.MostColumns);
}
