using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Recurrent;

/// <summary>
/// modelopt.LSTM, modelopt.GRU and modelopt.RNN: ONNX's operators in its layout 1, the samples first. All outputs are there. Weights of
/// int8 are multiplied in int8.
/// </summary>
internal sealed class RecurrentOperator : KernelOperator
{
    private const int MaxOperands = 8;

    public override TensorSpec[] Infer(Node node)
    {
        (RecurrentShape shape, RecurrentOptions options) = Read(node);
        (int batch, int hidden, int directions) = (shape.Batch, shape.Hidden, options.Directions);
        int rows = checked(shape.Gates * hidden);
        TensorType weights = HasIntegers(node) ? TensorType.Int8 : TensorType.Float32;
        Check(node, 1, weights, directions, rows, shape.Inputs);
        Check(node, 2, weights, directions, rows, hidden);
        if (HasIntegers(node))
        {
            node.Require(
                shape.Inputs <= IntegerMatrix.MostColumns && hidden <= IntegerMatrix.MostColumns, "its int8 rows are too long");
            CheckScales(node, node.Input(1), rows);
            CheckScales(node, node.Input(2), rows);
        }

        Check(node, 3, TensorType.Float32, directions, checked(2 * rows));
        Check(node, 4, TensorType.Int32, batch);
        Check(node, 5, TensorType.Float32, batch, directions, hidden);
        Check(node, 6, TensorType.Float32, batch, directions, hidden);
        Check(node, 7, TensorType.Float32, directions, checked(3 * hidden));
        node.Require(
            node.Inputs.Length <= (shape.Cell == RecurrentCell.Lstm ? MaxOperands : MaxOperands - 2), "it has too many inputs");
        TensorSpec y = new(TensorType.Float32, [batch, shape.Steps, directions, hidden]);
        TensorSpec last = new(TensorType.Float32, [batch, directions, hidden]);
        return shape.Cell == RecurrentCell.Lstm ? [y, last, last] : [y, last];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched)
    {
        // Weights, bias and peepholes have no samples.
        foreach (int index in (ReadOnlySpan<int>)[1, 2, 3, 7])
        {
            if (node.OptionalInput(index) is { } tensor && batched.Contains(tensor))
                return false;
        }

        return true;
    }

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        (RecurrentShape shape, RecurrentOptions options) = Read(node);
        bool integers = HasIntegers(node);
        var layer = integers
            ? new RecurrentLayer(shape, options, Integers(node.Input(1)), Integers(node.Input(2)))
            : new RecurrentLayer(shape, options, Packed(node.Input(1)), Packed(node.Input(2)));
        return new RecurrentKernel(layer, options.Directions, node.Inputs.Length, node.Outputs.Length, integers);
    }

    /// <summary>Whether it multiplies in int8: both weights are stored so, and its values are float32.</summary>
    private static bool HasIntegers(Node node) => node.Input(1).Type == TensorType.Int8;

    private static void CheckScales(Node node, Tensor weights, int rows)
    {
        Quantization? grid = weights.Quantization;
        node.Require(
            weights.IsConstant && grid is not null && (grid.Count == 1 || (grid.Count == rows && grid.Axis == 1)),
            "its int8 weights are not constants with a scale, or one for each row");
        for (int i = 0; i < grid!.Count; i++)
            node.Require(grid.ZeroPoint(i) == 0 && float.IsFinite(grid.Scale(i)), "its int8 weights are not symmetric");
    }

    private static IntegerWeights Integers(Tensor weights) => new(weights.Constant<sbyte>(), weights.Quantization!.Scales());

    private static ReadOnlySpan<float> Packed(Tensor weights) => weights.IsConstant ? weights.Constant<float>() : default;

    private static (RecurrentShape Shape, RecurrentOptions Options) Read(Node node)
    {
        RecurrentOptions options = RecurrentOptions.Read(node.Options);
        Tensor x = node.Input(0), r = node.Input(2);
        if (x.Type != TensorType.Float32)
            throw node.UnsupportedTypes();
        node.Require(x.Rank == 3 && r.Rank == 3, "the sequences and the weights must have 3 dimensions");
        RecurrentCell cell = node.Operator switch
        {
            BuiltinOperator.LSTM => RecurrentCell.Lstm,
            BuiltinOperator.GRU => RecurrentCell.Gru,
            _ => RecurrentCell.Rnn,
        };
        var shape = new RecurrentShape(cell, x.Shape[0], x.Shape[1], x.Shape[2], r.Shape[2]);
        node.Require(
            options.Direction <= RecurrentDirection.Bidirectional && options.Activations.Length == options.Directions * shape.Activations
                && Array.TrueForAll(options.Activations, a => Enum.IsDefined(a.Function)),
            "its options contradict each other");
        return (shape, options);
    }

    private static void Check(Node node, int index, TensorType type, params ReadOnlySpan<int> sizes)
    {
        if ((index <= 2 ? node.Input(index) : node.OptionalInput(index)) is not { } tensor)
            return;
        node.Require(
            tensor.Type == type && sizes.SequenceEqual(tensor.Shape),
            $"input {index} is {TensorSpec.Of(tensor)} where {new TensorSpec(type, sizes.ToArray())} is expected");
    }
}
