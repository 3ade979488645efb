using System.Numerics;
using System.Runtime.InteropServices;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Activations;

/// <summary>min(max(x, low), high); the bounds are the scalar inputs 1 and 2, each optional.</summary>
internal sealed class Clip : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 6, new(11, MoveBounds) { Dropped = ["min", "max"] }, 12, 13];

    public override Arity Arity => new(1, 3);

    public override ElementKinds Takes(Node node) => ElementKinds.Numbers;

    public override QuantizationRule Quantization => QuantizationRule.Elementwise;

    public override int DataInputs => 1;

    public override IEnumerable<AxisRoute> Axes(Node node) => AxisRoutes.Kept(node);

    public override OperatorTraits Traits(Node node) => OperatorTraits.HidesFarNumbers
        | (Bounds(node) is (0, float.PositiveInfinity) ? OperatorTraits.Homogeneous : 0);

    public override string? WhyFloat(Node node) =>
        node.Inputs.Skip(1).Any(bound => bound is { IsConstant: false }) ? "its bounds are computed at run time" : null;

    private static void MoveBounds(Graph graph, Node node)
    {
        MoveBound(graph, node, "min", 1, float.MinValue);
        MoveBound(graph, node, "max", 2, float.MaxValue);
    }

    public override void InferShapes(Node node)
    {
        node.FollowType(1);
        node.FollowType(2);
        ElementType type = node.CommonType(1, 2);
        for (int i = 1; i <= 2; i++)
        {
            if (node.InputOrNull(i)?.Shape is { } shape && shape.Any(d => d is not { IsKnown: true, Size: 1 }))
                throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"bound {i} has shape {shape} and is not a scalar");
        }

        node.Define(0, type, node.ShapeOf(0));
    }

    /// <summary>The bounds of a float Clip that are known at compile time; infinite where absent.</summary>
    /// <returns>The bounds, or null where one is computed.</returns>
    public static (float Low, float High)? Bounds(Node node) =>
        Bound(node, 1, float.NegativeInfinity) is { } low && Bound(node, 2, float.PositiveInfinity) is { } high
            ? (low, high) : null;

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0);
        Tensor y = context.Allocate(x.Type, x.Dims);
        if (x.Type == ElementType.BFloat16)
        {
            Tensor wide = Tensor.Zeros(ElementType.Float32, x.Dims);
            new Action(Cast(x)!, Cast(context.InputOrNull(1)), Cast(context.InputOrNull(2)), wide).Run<float>();
            y = Casting.To(wide, x.Type);
        }
        else if (x.Type == ElementType.Float32)
            Floats(x, context.InputOrNull(1), context.InputOrNull(2), y);
        else
            ElementDispatch.Numbers(x.Type, new Action(x, context.InputOrNull(1), context.InputOrNull(2), y));
        context.Output = y;

        static Tensor? Cast(Tensor? tensor) => tensor is null ? null : Casting.To(tensor, ElementType.Float32);
    }

    public void Backward(BackwardContext context)
    {
        Tensor x = context.Input(0), dy = context.OutputGradient;
        Tensor dx = context.Allocate(x.Dims);
        float low = context.InputOrNull(1)?.As<float>()[0] ?? float.NegativeInfinity;
        float high = context.InputOrNull(2)?.As<float>()[0] ?? float.PositiveInfinity;
        ElementRanges.Run(dx.Count, context.Pool, (start, length) => Gradient(
            x.As<float>().Slice(start, length), low, high, dy.As<float>().Slice(start, length), dx.As<float>().Slice(start, length)));
        context.Gradients[0] = dx;
    }

    /// <summary>The gradient of a clamp: that of the result where the element lies between the bounds, else 0.</summary>
    public static void Gradient(ReadOnlySpan<float> x, float low, float high, ReadOnlySpan<float> dy, Span<float> dx)
    {
        Vector<float> lows = new(low), highs = new(high);
        int i = 0;
        for (; i <= dx.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> value = new(x[i..]);
            Vector<int> between = Vector.GreaterThan(value, lows) & Vector.LessThan(value, highs);
            Vector.ConditionalSelect(between, new Vector<float>(dy[i..]), Vector<float>.Zero).CopyTo(dx[i..]);
        }

        for (; i < dx.Length; i++) dx[i] = x[i] > low && x[i] < high ? dy[i] : 0;
    }

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        int[] order = context.OrderOf(node.Input(0));
        BuiltinOperator? single = Bounds(node) switch
        {
            (float.NegativeInfinity, float.PositiveInfinity) => null,
            (0, float.PositiveInfinity) => BuiltinOperator.Relu,
            (0, 6) => BuiltinOperator.Relu6,
            (-1, 1) => BuiltinOperator.ReluN1To1,
            _ => null,
        };
        TfliteTensor x = context.Input(node, 0, order), y = context.Output(node, 0, order);
        if (single is { } op)
        {
            context.Emit(op, [x], [y]);
            return;
        }

        // Rounding is monotone: bounds on the output's grid give the rounded bounded value.
        var steps = new List<(BuiltinOperator Op, TfliteTensor[] Inputs, IOperatorOptions? Options)>();
        if (x.Quantization != y.Quantization)
            steps.Add((BuiltinOperator.Quantize, [], new EmptyOptions(BuiltinOptionsType.Quantize)));
        AddBound(1, BuiltinOperator.Maximum);
        AddBound(2, BuiltinOperator.Minimum);
        if (steps.Count == 0)
            context.EmitReshape(x, y);
        for (int i = 0; i < steps.Count; i++)
        {
            TfliteTensor result = i == steps.Count - 1 ? y : Lowering.Temporary(node, y, y.Dims);
            new LoweringSteps(context, node).EmitWide(steps[i].Op, [x, .. steps[i].Inputs], result, steps[i].Options);
            x = result;
        }

        void AddBound(int index, BuiltinOperator op)
        {
            if (node.InputOrNull(index) is not { } bound) return;
            if (y.Quantization is not null && !bound.IsConstant)
                throw GraphDiagnostics.UnsupportedForm.Error(node.Label, Type, "bounds that are computed, on quantized data");
            TfliteTensor limit = bound.Constant is { } constant
                ? context.Constant(bound.Name, constant, y.Quantization) : context.Input(node, index);
            steps.Add((op, [limit], new EmptyOptions(BuiltinOptionsType.MaximumMinimum)));
        }
    }

    private static float? Bound(Node node, int index, float fallback) =>
        node.InputOrNull(index) is not { } value ? fallback
        : value.Constant is { Type: ElementType.Float32, Count: 1 } constant ? constant.As<float>()[0] : null;

    private static void MoveBound(Graph graph, Node node, string name, int index, float none)
    {
        float bound = node.Float(name, none);
        node.Attributes.Remove(name);
        if (bound != none) node.SetInput(index, graph.AddConstant($"{node.Label}_{name}", Tensor.Scalar(bound)));
    }

    private static void Floats(Tensor x, Tensor? min, Tensor? max, Tensor y)
    {
        float low = min is null ? float.NegativeInfinity : min.As<float>()[0];
        float high = max is null ? float.PositiveInfinity : max.As<float>()[0];
        ReadOnlySpan<float> source = x.As<float>();
        Span<float> target = y.As<float>();
        ReadOnlySpan<Vector<float>> wide = MemoryMarshal.Cast<float, Vector<float>>(source);
        Span<Vector<float>> wideTarget = MemoryMarshal.Cast<float, Vector<float>>(target);
        Vector<float> lows = new(low), highs = new(high);
        for (int i = 0; i < wide.Length; i++) wideTarget[i] = Vector.Min(Vector.Max(wide[i], lows), highs);
        for (int i = wide.Length * Vector<float>.Count; i < target.Length; i++)
            target[i] = MathF.Min(MathF.Max(source[i], low), high);
    }

    private readonly struct Action(Tensor x, Tensor? min, Tensor? max, Tensor y) : INumberAction
    {
        public void Run<T>() where T : unmanaged, INumber<T>
        {
            ReadOnlySpan<T> source = x.As<T>();
            Span<T> target = y.As<T>();
            source.CopyTo(target);
            if (min is not null)
                foreach (ref T t in target) t = T.Max(t, min.As<T>()[0]);
            if (max is not null)
                foreach (ref T t in target) t = T.Min(t, max.As<T>()[0]);
        }
    }
}
