using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Emit.Tflite;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators;

/// <summary>e^x divided by its sum along attribute <c>axis</c> (last where absent).</summary>
/// <remarks>
/// Before opset 13 the sum ran over all axes from <c>axis</c> (default 1) on. Such a node is marked until its input's rank is
/// known; it is the newer form where all but one of these axes have size 1.
/// </remarks>
internal sealed class Softmax : Operator, IDifferentiable
{
    private const string Flattens = "flattens";

    public override string Type => "Softmax";

    public override QuantizationRule Quantization => QuantizationRule.FixedUnit;

    public override void Normalize(Graph graph, Node node, int opset)
    {
        if (opset >= 13) return;
        node.Attributes["axis"] = node.Int("axis", 1);
        node.Attributes[Flattens] = 1L;
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
        int axis = x.Rank == 0 ? 0 : Axis(context.Node, x.Rank), size = x.Rank == 0 ? 1 : x.Dims[axis], stride = 1;
        for (int i = axis + 1; i < x.Rank; i++) stride *= x.Dims[i];
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
    /// <param name="context">What was computed.</param>
    public void Backward(BackwardContext context)
    {
        Tensor y = context.Output, dx = context.Node.Allocate(ElementType.Float32, y.Dims);
        ReadOnlySpan<float> shares = y.As<float>(), dy = context.OutputGradient.As<float>();
        Span<float> to = dx.As<float>();
        int axis = y.Rank == 0 ? 0 : Axis(context.Node, y.Rank), size = y.Rank == 0 ? 1 : y.Dims[axis], stride = 1;
        for (int i = axis + 1; i < y.Rank; i++) stride *= y.Dims[i];
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

    public override void Lower(Lowering context, Node node)
    {
        Value x = node.Input(0);
        int[] order = context.OrderOf(x);
        int axis = Axis(node, order.Length);
        if (order[^1] != axis) order = [.. order.Where(a => a != axis), axis];
        context.Emit(
            BuiltinOperator.Softmax, [context.Input(node, 0, order)], [context.Output(node, 0, order)], new SoftmaxOptions(1));
    }

    private static int Axis(Node node, int rank) => node.Axis(node.Int("axis", -1), rank);

    private static void Unflatten(Node node, Shape x)
    {
        long first = node.Int("axis", 1);
        int axis = first == x.Rank ? x.Rank : node.Axis(first, x.Rank);
        int[] larger = [.. Enumerable.Range(axis, x.Rank - axis).Where(i => x[i] != 1)];
        if (larger.Length > 1)
            throw GraphDiagnostics.UnsupportedForm.Error(
                node.Label, node.Type, $"the sum over {larger.Length} axes of {x}, as before opset 13");
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
