using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Normalization;

/// <summary>e^x divided by its sum along attribute <c>axis</c> (last where absent).</summary>
/// <remarks>
/// Before opset 13 the sum ran over all axes from <c>axis</c> (default 1) on. Such a node is marked until its input's shape is
/// known; it is the newer form where all but one of these axes have size 1, and becomes one of a matrix in <c>SoftmaxFlattening</c>
/// where not.
/// </remarks>
internal sealed class Softmax : AxisNormalization, IDifferentiable
{
    /// <summary>Marks a node whose sum runs over all axes from <c>axis</c> on.</summary>
    public const string Flattens = "flattens";

    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 11, new(13, Flatten)];

    public override QuantizationRule Quantization => QuantizationRule.FixedUnit;

    public override IEnumerable<AxisRoute> Axes(Node node)
    {
        int rank = node.ShapeOf(0).Rank, axis = rank == 0 ? 0 : Axis(node, rank);
        return AxisRoutes.Kept(node, Enumerable.Range(0, rank).Where(a => node.Attributes.ContainsKey(Flattens) ? a < axis : a != axis));
    }

    public override OperatorTraits Traits(Node node) => OperatorTraits.HidesFarNumbers;

    /// <summary>Marks a node of an older opset; the step to opset 13 of the operators like this one.</summary>
    public static void Flatten(Graph graph, Node node)
    {
        node.Attributes["axis"] = node.Int("axis", 1);
        node.Attributes[Flattens] = 1L;
    }

    /// <summary>Makes a marked node one of a matrix, between reshapes.</summary>
    /// <param name="sizes">The sizes of the input, a vector of int64.</param>
    public static void ToMatrix(Graph graph, Node node, Value sizes)
    {
        Value x = node.Input(0), y = node.Output, matrix = Between("matrix", x), result = Between("result", y);
        graph.InsertBefore(node, new Node("Flatten", "", [x], [matrix]) { Attributes = { ["axis"] = node.Int("axis", 1) } });
        node.SetInput(0, matrix);
        node.SetOutput(0, result);
        node.Attributes.Remove(Flattens);
        node.Attributes["axis"] = 1L;
        // A size of 0 is one.
        graph.InsertAfter(node, new Node("Reshape", "", [result, sizes], [y]) { Attributes = { ["allowzero"] = 1L } });

        Value Between(string stem, Value like) =>
            new(graph.UniqueName($"{node.Label}_{stem}"), like.Type) { Quantization = like.Quantization };
    }

    /// <summary>Makes a marked node one of a matrix when it is read, before shapes are known.</summary>
    public static void FlattenOpen(Graph graph, Node node)
    {
        Value sizes = new(graph.UniqueName($"{node.Label}_sizes"));
        graph.InsertBefore(node, new Node("Shape", "", [node.Input(0)], [sizes]));
        ToMatrix(graph, node, sizes);
    }

    public override void InferShapes(Node node)
    {
        ElementType type = node.CommonFloatType();
        Shape x = node.ShapeOf(0);
        if (node.Attributes.ContainsKey(Flattens)) Unflatten(node, x);
        if (x.Rank > 0) Axis(node, x.Rank);
        node.Define(0, type, x);
    }

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0);
        ElementType type = x.Type == ElementType.Float64 ? ElementType.Float64 : ElementType.Float32;
        Tensor source = Casting.To(x, type), y = context.Node.Allocate(type, x.Dims);
        (int size, int stride) = Lines(context.Node, x);
        for (int at = 0; at < x.Count; at += size * stride)
        {
            for (int i = at; i < at + stride; i++)
            {
                if (type == ElementType.Float32) Line(source.As<float>()[i..], y.As<float>()[i..], size, stride);
                else Line(source.As<double>()[i..], y.As<double>()[i..], size, stride);
            }
        }

        context.Output = Casting.To(y, x.Type);
    }

    /// <summary>dx = y · (dy − Σ dy·y), the sum along the axis.</summary>
    public void Backward(BackwardContext context)
    {
        Tensor y = context.Output, dx = context.Node.Allocate(ElementType.Float32, y.Dims);
        ReadOnlySpan<float> shares = y.As<float>(), dy = context.OutputGradient.As<float>();
        Span<float> to = dx.As<float>();
        (int size, int stride) = Lines(context.Node, y);
        for (int at = 0; at < y.Count; at += size * stride)
        {
            for (int i = at; i < at + stride; i++)
            {
                double sum = 0;
                for (int j = i; j < at + (size * stride); j += stride) sum += (double)dy[j] * shares[j];
                for (int j = i; j < at + (size * stride); j += stride) to[j] = shares[j] * (float)(dy[j] - sum);
            }
        }

        context.Gradients[0] = dx;
    }

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        Value x = node.Input(0);
        if (node.Attributes.ContainsKey(Flattens))
        {
            LowerFlattened(context, node);
            return;
        }

        int[] order = context.OrderOf(x);
        int axis = Axis(node, order.Length);
        if (order[^1] != axis) order = [.. order.Where(a => a != axis), axis];
        context.Emit(
            BuiltinOperator.Softmax, [context.Input(node, 0, order)], [context.Output(node, 0, order)], new SoftmaxOptions(1));
    }

    private static void LowerFlattened(Lowering context, Node node)
    {
        TfliteTensor x = context.Input(node, 0), y = context.Output(node, 0);
        int axis = Axis(node, x.Rank);
        if (x.OpenAxis > 0 || (x.OpenAxis == 0 && axis != 1))
            throw GraphDiagnostics.DynamicShape.Error(node.Label, node.Input(0).Name, node.ShapeOf(0));
        int[] matrix = [DataMovement.Count(x.Dims.AsSpan(0, axis)), DataMovement.Count(x.Dims.AsSpan(axis))];
        TfliteTensor shares = Lowering.Temporary(node, y.Type, matrix, x.OpenAxis, y.Quantization);
        TfliteTensor rows = new LoweringSteps(context, node).Reshape(x, matrix, x.OpenAxis);
        context.Emit(BuiltinOperator.Softmax, [rows], [shares], new SoftmaxOptions(1));
        context.EmitReshape(shares, y);
    }

    /// <summary>How many elements are summed, and how far apart they lie.</summary>
    private static (int Size, int Stride) Lines(Node node, Tensor x)
    {
        if (x.Rank == 0) return (1, 1);
        int axis = Axis(node, x.Rank), rest = DataMovement.Count(x.Dims[(axis + 1)..]);
        return node.Attributes.ContainsKey(Flattens) ? (x.Dims[axis] * rest, 1) : (x.Dims[axis], rest);
    }

    private static void Unflatten(Node node, Shape x)
    {
        long first = node.Int("axis", 1);
        int axis = first == x.Rank ? x.Rank : node.Axis(first, x.Rank);
        int[] larger = [.. Enumerable.Range(axis, x.Rank - axis).Where(i => x[i] != 1)];
        if (larger.Length > 1) return;
        node.Attributes.Remove(Flattens);
        node.Attributes["axis"] = larger.Length == 1 ? larger[0] : x.Rank - 1L;
    }

    private static void Line(ReadOnlySpan<float> x, Span<float> y, int size, int stride)
    {
        float largest = float.NegativeInfinity;
        for (int i = 0; i < size; i++) largest = MathF.Max(largest, x[i * stride]);
        float[] line = new float[size];
        for (int i = 0; i < size; i++) line[i] = x[i * stride] - largest;
        MathF32.Exp(line, line);
        double sum = 0;
        foreach (float e in line) sum += e;
        for (int i = 0; i < size; i++) y[i * stride] = (float)(line[i] / sum);
    }

    private static void Line(ReadOnlySpan<double> x, Span<double> y, int size, int stride)
    {
        double largest = double.NegativeInfinity, sum = 0;
        for (int i = 0; i < size; i++) largest = Math.Max(largest, x[i * stride]);
        for (int i = 0; i < size; i++) sum += y[i * stride] = Math.Exp(x[i * stride] - largest);
        for (int i = 0; i < size; i++) y[i * stride] /= sum;
    }
}
