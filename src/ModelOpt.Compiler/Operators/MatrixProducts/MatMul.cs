using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Convolution;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.MatrixProducts;

/// <summary>
/// NumPy's matmul: A […, M, K] · B […, K, N], the leading axes broadcast. An operand of rank 1 counts as a row (left) or
/// a column (right), and its axis is absent from the result.
/// </summary>
internal sealed class MatMul : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 9, 13];

    public override Arity Arity => new(2, 2);

    public override ElementKinds Takes(Node node) => ElementKinds.Numbers;

    public override QuantizationRule Quantization => QuantizationRule.Weighted;

    public override int DataInputs => 2;

    public override OperatorTraits Traits(Node node) => OperatorTraits.None;

    // ONNX Runtime refuses a MatMul whose weight has a scale per column.
    public override int WeightAxis(Node node) => -1;

    public override IEnumerable<AxisRoute> Axes(Node node)
    {
        int a = node.ShapeOf(0).Rank, b = node.ShapeOf(1).Rank, rank = node.Output.Shape!.Rank, batch = Math.Max(Math.Max(a, b) - 2, 0);
        yield return new AxisRoute(AxisPlace.In(0, a - 1), AxisPlace.In(1, Math.Max(0, b - 2)));
        for (int axis = 0; axis < batch; axis++)
        {
            if (AxisRoutes.BroadcastPlaces(node, [0, 1], new Shape(node.Output.Shape.Take(batch)), axis, 2) is { } places)
                yield return new AxisRoute([.. places, AxisPlace.Out(0, axis)]);
        }

        if (a > 1) yield return new AxisRoute(AxisPlace.In(0, a - 2), AxisPlace.Out(0, batch));
        if (b > 1) yield return new AxisRoute(AxisPlace.In(1, b - 1), AxisPlace.Out(0, rank - 1));
    }

    public override void InferShapes(Node node)
    {
        ElementType type = node.CommonType(1);
        Shape a = node.ShapeOf(0), b = node.ShapeOf(1);
        if (a.Rank == 0 || b.Rank == 0)
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, "an operand is a scalar");
        Shape left = a.Rank == 1 ? new Shape(1, a[0]) : a, right = b.Rank == 1 ? new Shape(b[0], 1) : b;
        Dim k = left[^1], otherK = right[^2];
        if (k.IsKnown && otherK.IsKnown && k != otherK)
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"the operands {a} and {b} do not fit each other");
        IEnumerable<Dim> y = Broadcasting.Combine(node, new Shape(left.SkipLast(2)), new Shape(right.SkipLast(2)));
        if (a.Rank > 1) y = y.Append(left[^2]);
        if (b.Rank > 1) y = y.Append(right[^1]);
        node.Define(0, type, new Shape(y));
    }

    public override void Forward(ForwardContext context)
    {
        Tensor a = context.Input(0), b = context.Input(1);
        ElementType type = a.Type is ElementType.Float16 or ElementType.BFloat16 ? ElementType.Float32 : a.Type;
        Tensor left = Casting.To(a.Rank == 1 ? a.Reshape([1, a.Count]) : a, type);
        Tensor right = Casting.To(b.Rank == 1 ? b.Reshape([b.Count, 1]) : b, type);
        int m = left.Dims[^2], k = left.Dims[^1], n = right.Dims[^1];
        int[] batch = Broadcasting.Combine(
            context.Node, new Shape(left.Dims[..^2]), new Shape(right.Dims[..^2])).ToSizes()!;
        int[] dims = [.. batch, .. a.Rank > 1 ? [m] : Array.Empty<int>(), .. b.Rank > 1 ? [n] : Array.Empty<int>()];
        Tensor y = context.Allocate(type, dims);
        y.Bytes.Span.Clear();
        if (right.Rank == 2)
            new MatrixProduct(y.Count / Math.Max(1, n), n, k).AddTo(left, right, y, context.Pool);
        else
        {
            int[] lefts = Starts(left, batch, m * k), rights = Starts(right, batch, k * n);
            for (int i = 0; i < lefts.Length; i++)
                new MatrixProduct(m, n, k).AddTo(new(left, lefts[i]), new(right, rights[i]), new(y, i * m * n), context.Pool);
        }

        context.Output = Casting.To(y, a.Type);
    }

    public IReadOnlyList<int> Parameters => [1];

    /// <summary>dA = dY·Bᵀ and dB = Aᵀ·dY, summed over the broadcast axes in the order of the batch.</summary>
    public void Backward(BackwardContext context)
    {
        Tensor a = context.Input(0), b = context.Input(1), dy = context.OutputGradient;
        Tensor left = a.Rank == 1 ? a.Reshape([1, a.Count]) : a, right = b.Rank == 1 ? b.Reshape([b.Count, 1]) : b;
        int m = left.Dims[^2], k = left.Dims[^1], n = right.Dims[^1];
        Tensor da = context.Zeros(a.Dims), db = context.Zeros(b.Dims);
        if (right.Rank == 2) m = dy.Count / Math.Max(1, n);
        int[] batch = right.Rank == 2 ? [] : Broadcasting.Combine(
            context.Node, new Shape(left.Dims[..^2]), new Shape(right.Dims[..^2])).ToSizes()!;
        int[] lefts = right.Rank == 2 ? [0] : Starts(left, batch, m * k), rights = Starts(right, batch, k * n);
        for (int i = 0; i < lefts.Length; i++)
        {
            if (context.Wants(0))
                new MatrixProduct(m, k, n, false, true).AddTo(new(dy, i * m * n), new(right, rights[i]), new(da, lefts[i]), context.Pool);
            if (context.Wants(1))
                new MatrixProduct(k, n, m, true, false).AddTo(new(left, lefts[i]), new(dy, i * m * n), new(db, rights[i]), context.Pool);
        }

        context.Gradients[0] = da;
        context.Gradients[1] = db;
    }

    public override long Macs(Node node) =>
        node.Output.Shape is { } y && node.Input(0).Shape is { } a ? y.CountOfOne() * Math.Max(1, a[^1].Size) : 0;

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        Shape a = node.ShapeOf(0), b = node.ShapeOf(1);
        TfliteTensor y = context.Output(node, 0);
        if (a[^1] == (Dim)0)
        {
            new LoweringSteps(context, node).Fill(0, y);
            return;
        }

        if (!node.Output.Type.IsFloat())
        {
            TfliteTensor matrix = context.Input(node, 0), other = context.Input(node, 1);
            if (a.Rank == 1) matrix = Reshaped(context, node, matrix, [1, matrix.Dims[0]]);
            if (b.Rank == 1) other = Reshaped(context, node, other, [other.Dims[0], 1]);
            context.EmitReshape(new LoweringSteps(context, node).IntegerProduct(matrix, other), y);
            return;
        }

        if (node.Input(1).Constant is { Rank: <= 2 } weights)
        {
            int outputs = weights.Rank == 2 ? weights.Dims[1] : 1;
            TfliteTensor x = a.Rank == 2 ? context.FullyConnectedInput(node, 0) : context.Input(node, 0);
            if (a.Rank == 1) x = Reshaped(context, node, x, [1, x.Dims[0]]);
            TfliteTensor w = weights.Rank == 2 && a.Rank == 2 ? context.FullyConnectedWeight(node, 1, 0, transposed: false)
                : weights.Rank == 2 ? context.Input(node, 1, [1, 0])
                : context.ConstantInput(node, 1, "row", tensor => tensor.Reshape([1, tensor.Count]), axis => 1);
            TfliteTensor bias = LayerBias.Of(context, node, -1, x, w, outputs);
            // A matrix may come as a tensor of more dimensions, which the operator flattens.
            int[] dims = a.Rank == 2 ? [x.Dims[0], outputs] : [.. x.Dims[..^1], outputs];
            TfliteTensor product = dims.Length == y.Rank ? y : Lowering.Temporary(node, y.Type, dims, x.OpenAxis, y.Quantization);
            context.Emit(
                BuiltinOperator.FullyConnected, [x, w, bias], [product],
                new FullyConnectedOptions(ActivationFunction.None, KeepDimensions: a.Rank > 2));
            if (product != y) context.EmitReshape(product, y);
            return;
        }

        TfliteTensor left = context.Input(node, 0), right = context.Input(node, 1);
        if (a.Rank == 1) left = Reshaped(context, node, left, [1, left.Dims[0]]);
        if (b.Rank == 1) right = Reshaped(context, node, right, [right.Dims[0], 1]);
        TfliteTensor result = y;
        if (a.Rank == 1 || b.Rank == 1)
        {
            int rank = Math.Max(left.Rank, right.Rank);
            int[] batch = y.Dims[..(rank - 2)];
            int open = y.OpenAxis < rank - 2 || b.Rank == 1 ? y.OpenAxis : y.OpenAxis + 1;
            result = Lowering.Temporary(node, y.Type, [.. batch, left.Dims[^2], right.Dims[^1]], open, y.Quantization);
        }

        context.Emit(BuiltinOperator.BatchMatMul, [left, right], [result], new BatchMatMulOptions(false, false));
        if (result != y) context.EmitReshape(result, y);
    }

    private static TfliteTensor Reshaped(Lowering context, Node node, TfliteTensor tensor, int[] dims)
    {
        int open = tensor.OpenAxis < 0 ? -1 : dims[0] == 1 && tensor.Rank == 1 ? tensor.OpenAxis + 1 : tensor.OpenAxis;
        TfliteTensor result = Lowering.Temporary(node, tensor.Type, dims, open, tensor.Quantization);
        context.EmitReshape(tensor, result);
        return result;
    }

    /// <summary>Where the matrix of each element of the broadcast batch starts.</summary>
    private static int[] Starts(Tensor tensor, ReadOnlySpan<int> batch, int matrix)
    {
        int count = 1;
        foreach (int dim in batch) count *= dim;
        var starts = new int[count];
        for (int i = 0; i < count; i++)
        {
            int rest = i, stride = matrix;
            for (int axis = batch.Length - 1, own = tensor.Rank - 3; own >= 0; axis--, own--)
            {
                int position = rest % batch[axis];
                rest /= batch[axis];
                if (tensor.Dims[own] != 1) starts[i] += position * stride;
                stride *= tensor.Dims[own];
            }
        }

        return starts;
    }
}
