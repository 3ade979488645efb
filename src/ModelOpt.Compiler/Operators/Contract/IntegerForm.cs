using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>
/// Says which nodes of an annotated graph compute on integers. The quantizer, the interpreter and both writers ask here, so
/// that all mean the same nodes; every other node computes in float between values that are rounded to their grids.
/// </summary>
internal static class IntegerForm
{
    // Writers of QDQ files multiply the scales of input and weight in float32 or in float64.
    private const float ScaleTolerance = 1e-6f;

    /// <summary>Steps of a bias beyond which the int32 accumulator has no room for the products.</summary>
    public const float MaxBiasSteps = 1 << 30;

    private static readonly Quantization Unit = Quantization.PerTensor(ElementType.Int8, 1f / 256, -128);
    private static readonly Quantization Symmetric = Quantization.PerTensor(ElementType.Int8, 1f / 128, 0);

    /// <summary>Whether a node computes on integers: it can, and its values lie on grids that its integer form takes.</summary>
    /// <param name="node">One of its nodes, not an activation that is fused into another.</param>
    public static bool Is(Graph graph, Node node) => WhyNot(node) is null && GridsFit(graph, node);

    /// <summary>Why a node computes in float whatever grids its values have, or null where grids decide.</summary>
    public static string? WhyNot(Node node)
    {
        Operator op = Operator.Of(node);
        if (op.Quantization == QuantizationRule.Float) return $"{node.Type} has no int8 form";
        if (Data(node).Concat(node.Outputs.OfType<Value>()).Any(v => v.Type != ElementType.Float32)) return "its values are not float32";
        if (op.WhyFloat(node) is { } reason) return reason;
        if (op.Quantization != QuantizationRule.Weighted) return null;
        if (node.Input(0).IsConstant) return "its first input is constant";
        return node.InputOrNull(2) is { IsConstant: false } ? "its bias is computed at run time" : null;
    }

    /// <summary>The inputs that are data: those that lie on grids where the node computes on integers.</summary>
    public static IEnumerable<Value> Data(Node node) => node.Inputs.Take(Operator.Of(node).DataInputs).OfType<Value>();

    /// <summary>What comes to lie on the grid of a node's result: the data, and the constant that it fills with.</summary>
    public static IEnumerable<Value> Sources(Node node) =>
        Operator.Of(node).Fill(node) is { IsConstant: true } fill ? Data(node).Append(fill) : Data(node);

    /// <summary>The values that a node writes, or its fused activation writes.</summary>
    public static IEnumerable<Value> Results(Graph graph, Node node) =>
        (FusedActivation.Of(graph, node) ?? node).Outputs.OfType<Value>();

    /// <summary>Whether a node only moves data, so that on integers all that it reads and writes has one grid.</summary>
    public static bool IsMover(Node node) =>
        Operator.Of(node).Quantization is QuantizationRule.SharesInput or QuantizationRule.SharesAll;

    /// <summary>Whether what a node reads and writes must lie on one grid: it moves data, and no two grids meet in it.</summary>
    public static bool JoinsGrids(Node node) => IsMover(node) && !Operator.Of(node).Traits(node).HasFlag(OperatorTraits.Copies);

    /// <summary>Whether a node writes nothing but elements that it reads, or others that lie on a grid.</summary>
    public static bool StaysOn(Node node, Quantization grid)
    {
        if (!JoinsGrids(node) || !Operator.Of(node).Traits(node).HasFlag(OperatorTraits.Moves)) return false;
        return Operator.Of(node).Fill(node) is not { } fill
            || (fill.Constant is { Type: ElementType.Float32 } value && grid.Round(value).Bytes.Span.SequenceEqual(value.Bytes.Span));
    }

    /// <summary>The grid that TFLite prescribes for a node's output, or null.</summary>
    public static Quantization? Prescribed(Node node) => Operator.Of(node).Quantization switch
    {
        QuantizationRule.FixedUnit => Unit,
        QuantizationRule.FixedSymmetric => Symmetric,
        _ => null,
    };

    /// <summary>The parameters that TFLite prescribes for an operator's int8 output, or null.</summary>
    /// <param name="isInt8">Whether a node is to run in int8.</param>
    public static Quantization? Prescribed(Value value, Func<Node, bool> isInt8) =>
        value.Producer is { } producer && isInt8(producer) ? Prescribed(producer) : null;

    /// <summary>
    /// The grid of a layer's sums: the input's step times the step of each output channel's weights. The int32 bias lies on it.
    /// </summary>
    /// <param name="node">A layer whose input and constant weight are annotated.</param>
    public static Quantization Sums(Node node)
    {
        float input = node.Input(0).Quantization!.Scale;
        float[] scales = [.. node.Input(1).Quantization!.Scales.Select(s => input * s)];
        int axis = scales.Length == 1 || node.InputOrNull(2) is not { } bias ? -1 : bias.Shape!.Rank - 1;
        return new Quantization(ElementType.Int32, scales, new int[scales.Length], axis);
    }

    /// <summary>Whether a layer's bias lies on the grid of its sums, up to the rounding of the scales, and leaves them room.</summary>
    /// <param name="node">A layer with a constant bias whose input and constant weight are annotated.</param>
    public static bool IsOnSums(Node node)
    {
        if (node.Input(2).Quantization is not { Type: ElementType.Int32 } grid || grid.ZeroPoints.Any(z => z != 0)) return false;
        Quantization sums = Sums(node);
        bool isAlong = grid.Axis == sums.Axis || grid.Scales.Count == 1;
        return isAlong && grid.Scales.Count == sums.Scales.Count
            && grid.Scales.Zip(sums.Scales).All(p => MathF.Abs(p.First - p.Second) <= ScaleTolerance * p.Second)
            && HasRoom(node.Input(2).Constant!, grid.Scales);
    }

    private static bool HasRoom(Tensor bias, IReadOnlyList<float> scales)
    {
        ReadOnlySpan<float> values = bias.Span<float>();
        for (int i = 0; i < values.Length; i++)
        {
            float most = (1 + ScaleTolerance) * MaxBiasSteps * scales[scales.Count == 1 ? 0 : i];
            if (!(MathF.Abs(values[i]) <= most)) return false;
        }

        return true;
    }

    /// <summary>Whether the integer form can multiply by a layer's constant weight: int8 without zero points, per output channel.</summary>
    public static bool HasIntegerWeight(Node node)
    {
        if (node.Input(1) is not { IsConstant: true, Quantization: { Type: ElementType.Int8 } grid }) return false;
        if (grid.ZeroPoints.Any(z => z != 0)) return false;
        return grid.IsPerTensor || grid.Axis == WeightAxis(node);
    }

    /// <summary>The axis of a layer's constant weight that counts output channels, or -1 where one scale must serve all of it.</summary>
    public static int WeightAxis(Node node) =>
        node.Type == "MatMul" && node.Input(1).Shape!.Rank == 2 ? 1 : Operator.Of(node).WeightAxis(node);

    private static bool GridsFit(Graph graph, Node node)
    {
        if (!Results(graph, node).All(Is8Bit) || !Is8Bit(node.Input(0))) return false;
        QuantizationRule rule = Operator.Of(node).Quantization;
        if (rule == QuantizationRule.Weighted && node.Input(1).IsConstant)
            return HasIntegerWeight(node) && (node.InputOrNull(2) is null || IsOnSums(node));
        if (!Data(node).All(Is8Bit)) return false;
        if (!Results(graph, node).All(v => Operator.Of(node).TakesGrids(Data(node).Select(d => d.Quantization!), v.Quantization!)))
            return false;
        if (Prescribed(node) is { } prescribed) return Results(graph, node).All(v => v.Quantization!.Equals(prescribed));
        return !IsMover(node) || Data(node).Concat(Results(graph, node)).All(v => v.Quantization!.Equals(node.Input(0).Quantization));
    }

    private static bool Is8Bit(Value value) =>
        value.Quantization is { IsPerTensor: true, Type: ElementType.Int8 or ElementType.UInt8 };
}
