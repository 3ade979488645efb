using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Reduction;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Plan;

/// <summary>
/// Operators and forms that others write: each becomes operators that kernels compute. Integer weights of a float layer become floats, so
/// that its input is not rounded when the model runs, as LiteRT does.
/// </summary>
internal static class ForeignForms
{
    /// <summary>Whether a node is one.</summary>
    public static bool Has(Node node) => Find(node) is not null;

    /// <summary>What computes a node; some of it may be such forms, too.</summary>
    /// <param name="node">A node that is one, the shapes of whose inputs are known.</param>
    /// <param name="budget">What may be allocated for constants.</param>
    /// <exception cref="InvalidModelException">It does not fit its operands.</exception>
    public static List<Node> Parts(Node node, ConstantBudget budget)
    {
        var nodes = new List<Node>();
        OperatorKernels.Guard(node, () => { Find(node)!(new Expansion(node, nodes, budget)); return true; });
        return nodes;
    }

    private static Action<Expansion>? Find(Node node) => ForeignIntegers.IsWide(node) ? ForeignIntegers.InReals : node.Operator switch
    {
        BuiltinOperator.Mean or BuiltinOperator.Sum when ReduceOperator.IsTooLong(node) => ForeignIntegers.InReals,
        BuiltinOperator.Quantize when ForeignIntegers.IsBetween(node) => ForeignIntegers.Requantize,
        BuiltinOperator.UnidirectionalSequenceLstm when !ForeignRecurrent.IsReal(node) => ForeignRecurrent.SequenceLstm,
        BuiltinOperator.Lstm => ForeignRecurrent.OneStep,
        BuiltinOperator.BidirectionalSequenceLstm => ForeignRecurrent.BothLstm,
        BuiltinOperator.Rnn => ForeignRecurrent.OneStepRnn,
        BuiltinOperator.UnidirectionalSequenceRnn => ForeignRecurrent.SequenceRnn,
        BuiltinOperator.BidirectionalSequenceRnn => ForeignRecurrent.BothRnn,
        BuiltinOperator.Svdf => ForeignRecurrent.Svdf,
        BuiltinOperator.FakeQuant => FakeQuant,
        BuiltinOperator.SquaredDifference => e => e.InFloat(SquaredDifference),
        BuiltinOperator.Square => e => e.InFloat(Square),
        BuiltinOperator.FloorDiv => FloorDiv,
        BuiltinOperator.L2Normalization => e => e.InFloat(L2Normalization),
        BuiltinOperator.LogSoftmax => e => e.InFloat(LogSoftmax),
        BuiltinOperator.MirrorPad => ForeignMovement.MirrorPad,
        BuiltinOperator.ReverseV2 => ForeignMovement.Reverse,
        BuiltinOperator.GatherND => ForeignMovement.GatherTuples,
        BuiltinOperator.EmbeddingLookup => ForeignMovement.EmbeddingLookup,
        BuiltinOperator.SpaceToBatchND => ForeignMovement.SpaceToBatch,
        BuiltinOperator.BatchToSpaceND => ForeignMovement.BatchToSpace,
        BuiltinOperator.ZerosLike => ForeignMovement.ZerosLike,
        BuiltinOperator.Rank => e => e.Know(BitConverter.GetBytes(e.Input(0).Rank)),
        BuiltinOperator.Densify when node.Input(0).IsConstant => e => e.Know(e.Input(0).Data!.Value),
        BuiltinOperator.Select when node.Input(0).Rank == node.Output.Rank || node.Input(0).Rank == 0 =>
            e => e.Add(BuiltinOperator.SelectV2, [e.Input(0), e.Input(1), e.Input(2)], e.Output),
        BuiltinOperator.TransposeConv => TransposedConvolution.Expand,
        BuiltinOperator.Custom => node.CustomCode switch
        {
            "Convolution2DTransposeBias" => TransposedConvolution.ExpandBiased,
            "TFLite_Detection_PostProcess" => ForeignDetection.Expand,
            _ => null,
        },
        BuiltinOperator.Conv2D or BuiltinOperator.DepthwiseConv2D or BuiltinOperator.FullyConnected or BuiltinOperator.BatchMatMul
            when IsHybrid(node) => Hybrid,
        _ => null,
    };

    private static void FakeQuant(Expansion at)
    {
        FakeQuantOptions options = FakeQuantOptions.Read(at.Node.Options);
        Tensor x = at.Input(0), low = at.Temporary(x.Type, x.Shape), y = at.Temporary(x.Type, x.Shape);
        at.Node.Require(options.IsValid && x.Type == TensorType.Float32, "it has no such numbers");
        at.Add(BuiltinOperator.Maximum, [x, at.Constant(options.Low)], low);
        at.Add(BuiltinOperator.Minimum, [low, at.Constant(options.High)], y);
        Tensor parts = at.Temporary(x.Type, x.Shape), whole = at.Temporary(x.Type, x.Shape);
        at.Add(BuiltinOperator.Mul, [y, at.Constant(1 / options.Scale)], parts);
        at.Add(BuiltinOperator.Round, [parts], whole);
        at.Add(BuiltinOperator.Mul, [whole, at.Constant(options.Scale)], at.Output);
    }

    private static bool IsHybrid(Node node) => node.OptionalInput(0) is { Type: TensorType.Float32 }
        && node.OptionalInput(1) is { IsConstant: true, Type: TensorType.Int8 or TensorType.UInt8, Quantization: not null };

    private static void Hybrid(Expansion at)
    {
        Tensor weights = at.Input(1), floats = at.Temporary(TensorType.Float32, weights.Shape);
        at.Add(BuiltinOperator.Dequantize, [weights], floats);
        Tensor?[] inputs = [.. at.Node.Inputs];
        inputs[1] = floats;
        at.Keep(inputs);
    }

    private static void SquaredDifference(Expansion at, Tensor[] x, Tensor y)
    {
        Tensor difference = at.Temporary(y.Type, y.Shape);
        at.Add(BuiltinOperator.Sub, x, difference);
        at.Add(BuiltinOperator.Mul, [difference, difference], y);
    }

    private static void Square(Expansion at, Tensor[] x, Tensor y) => at.Add(BuiltinOperator.Mul, [x[0], x[0]], y);

    // Rounded down, not towards zero.
    private static void FloorDiv(Expansion at)
    {
        Tensor x = at.Input(0), divisor = at.Input(1), y = at.Output;
        if (y.Type == TensorType.Float32)
        {
            Tensor quotient = at.Temporary(y.Type, y.Shape);
            at.Add(BuiltinOperator.Div, [x, divisor], quotient);
            at.Add(BuiltinOperator.Floor, [quotient], y);
            return;
        }

        Tensor rest = at.Temporary(y.Type, y.Shape), whole = at.Temporary(y.Type, y.Shape);
        at.Add(BuiltinOperator.FloorMod, [x, divisor], rest);
        at.Add(BuiltinOperator.Sub, [x, rest], whole);
        at.Add(BuiltinOperator.Div, [whole, divisor], y);
    }

    private static void L2Normalization(Expansion at, Tensor[] x, Tensor y)
    {
        const float Least = 1e-6f;
        Tensor squares = at.Temporary(y.Type, x[0].Shape), root = Row(at, x[0]), bounded = Row(at, x[0]);
        at.Add(BuiltinOperator.Mul, [x[0], x[0]], squares);
        at.Add(BuiltinOperator.Sqrt, [Reduced(at, BuiltinOperator.Sum, squares)], root);
        at.Add(BuiltinOperator.Maximum, [root, at.Constant(Least)], bounded);
        at.Add(BuiltinOperator.Div, [x[0], bounded], y);
    }

    private static void LogSoftmax(Expansion at, Tensor[] x, Tensor y)
    {
        int[] shape = x[0].Shape;
        Tensor below = at.Temporary(y.Type, shape), powers = at.Temporary(y.Type, shape), log = Row(at, x[0]);
        at.Add(BuiltinOperator.Sub, [x[0], Reduced(at, BuiltinOperator.ReduceMax, x[0])], below);
        at.Add(BuiltinOperator.Exp, [below], powers);
        at.Add(BuiltinOperator.Log, [Reduced(at, BuiltinOperator.Sum, powers)], log);
        at.Add(BuiltinOperator.Sub, [below, log], y);
    }

    private static Tensor Reduced(Expansion at, BuiltinOperator op, Tensor x)
    {
        Tensor result = Row(at, x);
        at.Add(op, [x, at.Ints(x.Rank - 1)], result, new ReducerOptions(true));
        return result;
    }

    private static Tensor Row(Expansion at, Tensor like)
    {
        at.Node.Require(like.Rank > 0, "it has no axes");
        return at.Temporary(like.Type, [.. like.Shape[..^1], 1]);
    }
}
