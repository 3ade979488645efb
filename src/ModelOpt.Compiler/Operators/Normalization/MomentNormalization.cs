using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Reduction;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Normalization;

/// <summary>
/// x̂ = (x − mean) / √(var + ε), y = x̂ · scale + shift, with mean and variance over axes; without centring, x̂ = x / √(mean(x²) + ε).
/// It computes in float: on a grid, the variance of small numbers and ε would be lost.
/// </summary>
internal abstract class MomentNormalization : Operator, IDifferentiable
{
    public sealed override QuantizationRule Quantization => QuantizationRule.Float;

    public sealed override int DataInputs => 1;

    public sealed override OperatorTraits Traits(Node node) => OperatorTraits.None;

    public sealed override IEnumerable<AxisRoute> Axes(Node node)
    {
        Shape x = node.ShapeOf(0);
        int[] axes = Reduced(node, x.Rank);
        foreach (int axis in Enumerable.Range(0, x.Rank).Where(a => !axes.Contains(a)))
        {
            AxisPlace[] parameters = [.. Enumerable.Range(1, node.Inputs.Count - 1).Where(i => node.InputOrNull(i) is not null)
                .Select(i => (Input: i, Axis: Array.IndexOf(ParameterAxes(node, x.Rank), axis)))
                .Where(p => p.Axis >= 0).Select(p => AxisPlace.In(p.Input, p.Axis))];
            yield return new AxisRoute([AxisPlace.In(0, axis), .. parameters, AxisPlace.Out(0, axis)]);
        }
    }

    /// <summary>The axes that mean and variance are taken over.</summary>
    protected abstract int[] Reduced(Node node, int rank);

    /// <summary>Whether the mean is subtracted.</summary>
    protected virtual bool Centres => true;

    /// <summary>The axes of the input that those of scale and shift meet, aligned at the end of these.</summary>
    protected abstract int[] ParameterAxes(Node node, int rank);

    /// <summary>What is added to the variance.</summary>
    protected virtual double Epsilon(Node node) => node.Float("epsilon", 1e-5f);

    public override void InferShapes(Node node)
    {
        ElementType type = node.CommonFloatType(1, 2);
        Shape x = node.ShapeOf(0);
        Reduced(node, x.Rank);
        var parameter = new Shape(ParameterAxes(node, x.Rank).Select(a => x[a]));
        for (int i = 1; i <= 2; i++)
        {
            if (node.InputOrNull(i)?.Shape is { } shape && Broadcasting.Combine(node, parameter, shape).Rank != parameter.Rank)
                throw Diagnostics.GraphDiagnostics.ShapeMismatch.Error(node.Label, $"input {i} is {shape}, not {parameter}");
        }

        node.Define(0, type, x);
    }

    public sealed override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0), source = Casting.To(x, ElementType.Float64), y = context.Node.Allocate(ElementType.Float64, x.Dims);
        int[] targets = ReductionSums.Targets(x, Reduced(context.Node, x.Rank));
        (double[] means, double[] inverses) = Statistics(context.Node, source.As<double>(), targets, x.Type);
        int[] places = Places(context.Node, x);
        Tensor? scale = Parameter(context.Node, context.InputOrNull(1), x), shift = Parameter(context.Node, context.InputOrNull(2), x);
        ReadOnlySpan<double> from = source.As<double>();
        ReadOnlySpan<double> factors = scale is null ? [] : scale.As<double>(), summands = shift is null ? [] : shift.As<double>();
        Span<double> to = y.As<double>();
        for (int i = 0; i < to.Length; i++)
        {
            double unit = (from[i] - means[targets[i]]) * inverses[targets[i]];
            to[i] = (unit * (scale is null ? 1 : factors[places[i]])) + (shift is null ? 0 : summands[places[i]]);
        }

        context.Output = Casting.To(y, x.Type);
    }

    public IReadOnlyList<int> Parameters => [1, 2];

    /// <summary>
    /// dx = (g − mean(g) − x̂·mean(g·x̂)) / √(var + ε) with g = dy · scale, without mean(g) where nothing is centred; the gradients of
    /// scale and shift sum dy·x̂ and dy.
    /// </summary>
    public void Backward(BackwardContext context)
    {
        Node node = context.Node;
        Tensor x = context.Input(0), dx = context.Allocate(x.Dims);
        int[] targets = ReductionSums.Targets(x, Reduced(node, x.Rank)), places = Places(node, x);
        double[] elements = [.. Elements.ToFloats(x)];
        (double[] means, double[] inverses) = Statistics(node, elements, targets, x.Type);
        Tensor? scale = Parameter(node, context.InputOrNull(1), x);
        ReadOnlySpan<float> dy = context.OutputGradient.As<float>();
        ReadOnlySpan<double> factors = scale is null ? [] : scale.As<double>();
        int[] sizes = [.. ParameterAxes(node, x.Rank).Select(a => x.Dims[a])];
        double[] sums = new double[means.Length], products = new double[means.Length];
        double[] scales = new double[DataMovement.Count(sizes)], shifts = new double[scales.Length];
        double count = elements.Length / (double)Math.Max(1, means.Length);
        for (int i = 0; i < elements.Length; i++)
        {
            double unit = (elements[i] - means[targets[i]]) * inverses[targets[i]], g = dy[i] * (scale is null ? 1 : factors[places[i]]);
            scales[places[i]] += dy[i] * unit;
            shifts[places[i]] += dy[i];
            sums[targets[i]] += Centres ? g : 0;
            products[targets[i]] += g * unit;
        }

        for (int i = 0; i < elements.Length; i++)
        {
            int t = targets[i];
            double unit = (elements[i] - means[t]) * inverses[t], g = dy[i] * (scale is null ? 1 : factors[places[i]]);
            dx.As<float>()[i] = (float)(inverses[t] * (g - ((sums[t] + (unit * products[t])) / count)));
        }

        context.Gradients[0] = dx;
        if (context.Wants(1)) context.Gradients[1] = Summed(scales, 1);
        if (context.Wants(2)) context.Gradients[2] = Summed(shifts, 2);

        Tensor Summed(double[] all, int input) => Broadcasting.Reduce(
            node, Tensor.Of<float>(sizes, Array.ConvertAll(all, s => (float)s)), context.Input(input).Dims);
    }

    public override bool TakesComputedSizes(Node node) => true;

    public sealed override void Lower(Lowering context, Node node)
    {
        var steps = new LoweringSteps(context, node);
        int[] order = context.OrderOf(node.Input(0)), axes = Reduced(node, order.Length);
        int[] stored = [.. Enumerable.Range(0, order.Length).Where(i => axes.Contains(order[i]))];
        TfliteTensor x = context.Input(node, 0, order), y = context.Output(node, 0, order);
        TfliteTensor centred = Centres ? steps.Subtract(x, steps.Reduce(BuiltinOperator.Mean, x, stored, keep: true)) : x;
        TfliteTensor variance = steps.Reduce(BuiltinOperator.Mean, steps.Multiply(centred, centred), stored, keep: true);
        TfliteTensor padded = steps.Add(variance, steps.Scalar((float)Epsilon(node), variance));
        TfliteTensor inverse = steps.Unary(BuiltinOperator.Rsqrt, padded);
        bool hasScale = node.InputOrNull(1) is not null, hasShift = node.InputOrNull(2) is not null;
        TfliteTensor result = steps.Multiply(centred, inverse, hasScale || hasShift ? null : y);
        if (hasScale) result = steps.Multiply(result, Stored(context, steps, node, 1, order), hasShift ? null : y);
        if (hasShift) steps.Add(result, Stored(context, steps, node, 2, order), y);
    }

    /// <summary>Scale or shift with an axis for each of the input's, in the order in which that is stored.</summary>
    private TfliteTensor Stored(Lowering context, LoweringSteps steps, Node node, int index, int[] order)
    {
        int[] axes = ParameterAxes(node, order.Length);
        int missing = axes.Length - node.ShapeOf(index).Rank;
        if (node.Input(index).Constant is not null)
        {
            int[] Wide(Tensor t) =>
                [.. order.Order().Select(a => Array.IndexOf(axes, a) is var p && p >= missing ? t.Dims[p - missing] : 1)];
            return context.ConstantInput(
                node, index, $"normalization {string.Join(',', order)}", t => AxisOrder.Permute(t.Reshape(Wide(t)), order),
                axis => Array.IndexOf(order, axes[axis + missing]));
        }

        // In ONNX's order first: a computed scale is rare, and its axes are few.
        TfliteTensor given = context.Input(node, index);
        int[] wide = [.. order.Order().Select(a => Array.IndexOf(axes, a) is var p && p >= missing ? given.Dims[p - missing] : 1)];
        TfliteTensor reshaped = steps.Reshape(given, wide);
        if (AxisOrder.IsIdentity(order)) return reshaped;
        TfliteTensor result = Lowering.Temporary(node, reshaped.Type, AxisOrder.Apply(wide, order));
        context.Emit(
            BuiltinOperator.Transpose, [reshaped, context.Constant("permutation", Tensor.Vector<int>(order))], [result],
            new EmptyOptions(BuiltinOptionsType.Transpose));
        return result;
    }

    /// <summary>For each element, the element of scale and shift, repeated to the sizes that they meet.</summary>
    private int[] Places(Node node, Tensor x)
    {
        int[] axes = ParameterAxes(node, x.Rank);
        return ReductionSums.Targets(x, [.. Enumerable.Range(0, x.Rank).Where(a => !axes.Contains(a))]);
    }

    private Tensor? Parameter(Node node, Tensor? given, Tensor x) => given is null ? null : Broadcasting.Expand(
        node, Casting.To(given, ElementType.Float64), [.. ParameterAxes(node, x.Rank).Select(a => x.Dims[a])]);

    /// <summary>The means, and the inverses of the deviations.</summary>
    private (double[] Means, double[] Inverses) Statistics(Node node, ReadOnlySpan<double> x, int[] targets, ElementType type)
    {
        int groups = targets.Length == 0 ? 0 : targets.Max() + 1;
        double[] means = new double[groups], squares = new double[groups];
        double count = targets.Length / (double)Math.Max(1, groups), epsilon = Epsilon(node);
        for (int i = 0; Centres && i < x.Length; i++) means[targets[i]] += x[i] / count;
        for (int i = 0; i < x.Length; i++)
        {
            double distance = x[i] - means[targets[i]];
            squares[targets[i]] += ReductionSums.Held(distance * distance, type) / count;
        }

        return (means, Array.ConvertAll(squares, s => 1 / Math.Sqrt(s + epsilon)));
    }
}
