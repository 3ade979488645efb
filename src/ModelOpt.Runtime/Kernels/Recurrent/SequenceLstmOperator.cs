using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Kernels.Recurrent;

/// <summary>
/// UNIDIRECTIONAL_SEQUENCE_LSTM in float32, its state in float32, or on the grid of its tensor. Inputs: x; 1–4 weights of the input, 5–8 of
/// the state, 9–11 of the cell (input, forget, output), 12–15 biases, each of the input gate, forget gate, candidates and output gate; 16
/// and 17 the projection and its bias; 18 and 19 state and cell; 20–23 scales of layer normalization. Where there is no input gate, it is
/// what the forget gate leaves. Outputs: y, and behind it state and cell.
/// </summary>
internal sealed class SequenceLstmOperator : KernelOperator
{
    public const int Gates = 4;

    private const int Operands = 24;

    public override TensorSpec[] Infer(Node node)
    {
        (SequenceLstmShape shape, _) = Read(node);
        Tensor x = node.Input(0), state = node.Input(18), cell = node.Input(19);
        TensorSpec y = new(TensorType.Float32, [x.Shape[0], x.Shape[1], shape.Outputs]);
        return node.Outputs.Length == 1 ? [y] : [y, TensorSpec.Of(state), TensorSpec.Of(cell)];
    }

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => !SequenceLstmOptions.Read(node.Options).TimeMajor
        && batched.Contains(node.Input(18)) && batched.Contains(node.Input(19))
        && !node.Inputs.Where((t, i) => i is not (0 or 18 or 19) && t is not null && batched.Contains(t)).Any();

    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        (SequenceLstmShape shape, SequenceLstmOptions options) = Read(node);
        var layer = new SequenceLstm(shape, options);
        for (int gate = 0; gate < Gates; gate++)
        {
            if (gate == 0 && shape.IsCoupled)
                continue;
            layer.InputWeights[gate] = Packed(node.Input(1 + gate));
            layer.StateWeights[gate] = Packed(node.Input(5 + gate));
            layer.Biases[gate] = Vector(node, 12 + gate);
            layer.Normalizations[gate] = Vector(node, 20 + gate);
        }

        (layer.InputPeephole, layer.ForgetPeephole, layer.OutputPeephole) = (Vector(node, 9), Vector(node, 10), Vector(node, 11));
        if (node.OptionalInput(16) is { } projection)
            (layer.Projection, layer.ProjectionBias) = (Packed(projection), Vector(node, 17));
        return new SequenceLstmKernel(
            layer, StateGrid.Of(node.Input(18)), StateGrid.Of(node.Input(19)), node.Outputs.Length > 1);

        static GateMatrix Packed(Tensor weights)
        {
            var matrix = new GateMatrix();
            matrix.Pack(weights.Constant<float>(), 0, weights.Shape[0], weights.Shape[1], Simd.SimdTiers.Best);
            return matrix;
        }
    }

    private static float[]? Vector(Node node, int index) => node.OptionalInput(index)?.Constant<float>().ToArray();

    private static (SequenceLstmShape Shape, SequenceLstmOptions Options) Read(Node node)
    {
        var options = SequenceLstmOptions.Read(node.Options);
        Tensor x = node.Input(0), candidates = node.Input(3), recurrent = node.Input(7);
        node.Require(x.Rank == 3 && candidates.Rank == 2 && recurrent.Rank == 2, "its sequences or weights have no such sizes");
        node.Require(node.Inputs.Length is 20 or Operands, $"it has {node.Inputs.Length} inputs");
        node.Require(
            options.Activation is ActivationFunction.None or ActivationFunction.Relu or ActivationFunction.Relu6 or ActivationFunction.Tanh,
            "its activation is none of these");
        (int batch, int steps) = options.TimeMajor ? (x.Shape[1], x.Shape[0]) : (x.Shape[0], x.Shape[1]);
        bool isCoupled = node.OptionalInput(1) is null, isProjected = node.OptionalInput(16) is not null;
        var shape = new SequenceLstmShape(batch, steps, x.Shape[2], candidates.Shape[0], recurrent.Shape[1], isCoupled);
        node.Require(isProjected || shape.Outputs == shape.Cells, "its state and its cell have different sizes");
        for (int gate = isCoupled ? 1 : 0; gate < Gates; gate++)
        {
            Check(node, 1 + gate, shape.Cells, shape.Inputs);
            Check(node, 5 + gate, shape.Cells, shape.Outputs);
            CheckIfAny(node, 12 + gate, shape.Cells);
            CheckIfAny(node, 20 + gate, shape.Cells);
        }

        for (int i = 9; i < 12; i++)
            CheckIfAny(node, i, shape.Cells);
        bool isNormalized = node.OptionalInput(21) is not null;
        for (int gate = isCoupled ? 1 : 0; gate < Gates; gate++)
            node.Require(node.OptionalInput(20 + gate) is not null == isNormalized, "some of its gates are normalized, and others are not");
        CheckIfAny(node, 16, shape.Outputs, shape.Cells);
        CheckIfAny(node, 17, shape.Outputs);
        CheckState(node, 18, batch, shape.Outputs);
        CheckState(node, 19, batch, shape.Cells);
        return (shape, options);
    }

    private static void CheckIfAny(Node node, int index, params ReadOnlySpan<int> sizes)
    {
        if (node.OptionalInput(index) is not null)
            Check(node, index, sizes);
    }

    private static void Check(Node node, int index, params ReadOnlySpan<int> sizes)
    {
        Tensor tensor = node.Input(index);
        node.Require(
            tensor.Type == TensorType.Float32 && tensor.IsConstant && sizes.SequenceEqual(tensor.Shape),
            $"input {index} is {TensorSpec.Of(tensor)} where a constant {new TensorSpec(TensorType.Float32, sizes.ToArray())} is expected");
    }

    private static void CheckState(Node node, int index, params ReadOnlySpan<int> sizes)
    {
        Tensor tensor = node.Input(index);
        bool isReal = tensor.Type == TensorType.Float32
            || (tensor.Type is TensorType.Int8 or TensorType.Int16 && tensor.Quantization is { Count: 1 } grid && grid.Scale(0) > 0);
        node.Require(isReal && sizes.SequenceEqual(tensor.Shape), $"its state is {TensorSpec.Of(tensor)}");
    }
}
