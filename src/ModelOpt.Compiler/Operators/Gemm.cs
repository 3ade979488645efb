using System.Numerics;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Emit.Tflite;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Interpretation;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators;

/// <summary>alpha · A′·B′ + beta · C, where A′ [M, K] and B′ [K, N] may be stored transposed and C is broadcast to [M, N].</summary>
internal sealed class Gemm : Operator
{
    public override string Type => "Gemm";

    public override QuantizationRule Quantization => QuantizationRule.Weighted;

    public override int WeightAxis(Node node) => Transposed(node).B ? 0 : 1;

    public override void InferShapes(Node node)
    {
        ElementType type = node.CommonType(1, 2);
        Shape a = node.ShapeOf(0), b = node.ShapeOf(1);
        if (a.Rank != 2 || b.Rank != 2)
            throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"the operands are {a} and {b} instead of matrices");
        (bool transA, bool transB) = Transposed(node);
        Dim k = a[transA ? 0 : 1], otherK = b[transB ? 1 : 0];
        if (k.IsKnown && otherK.IsKnown && k != otherK)
            throw GraphDiagnostics.ShapeMismatch.Error(
                node.Label, $"the operands {a}{Mark(transA)} and {b}{Mark(transB)} do not fit each other");
        var y = new Shape(a[transA ? 1 : 0], b[transB ? 0 : 1]);
        if (node.InputOrNull(2) is not null)
        {
            Shape c = node.ShapeOf(2), both = Broadcasting.Combine(node, y, c);
            if (both.Rank != 2 || Enumerable.Range(0, 2).Any(i => y[i].IsKnown && both[i].IsKnown && both[i] != y[i]))
                throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"C {c} cannot be broadcast to {y}");
        }

        node.Define(0, type, y);

        static string Mark(bool transposed) => transposed ? " (transposed)" : "";
    }

    public override void Forward(ForwardContext context)
    {
        Tensor a = context.Input(0), b = context.Input(1);
        ElementType type = a.Type is ElementType.Float16 or ElementType.BFloat16 ? ElementType.Float32 : a.Type;
        (bool transA, bool transB) = Transposed(context.Node);
        int[] dims = [a.Dims[transA ? 1 : 0], b.Dims[transB ? 0 : 1]];
        Tensor y = context.Node.Allocate(type, dims);
        float alpha = context.Node.Float("alpha", 1), beta = context.Node.Float("beta", 1);
        Tensor? c = context.InputOrNull(2) is { } given && beta != 0
            ? Broadcasting.Expand(context.Node, Casting.To(given, type), dims) : null;
        if (c is not null && alpha == 1) ElementDispatch.Numbers(type, new AddAction(y, c, 1, beta));
        new MatrixProduct(dims[0], dims[1], a.Dims[transA ? 0 : 1], transA, transB).AddTo(
            Casting.To(a, type), 0, Casting.To(b, type), 0, y, 0, context.Pool);
        if (alpha != 1) ElementDispatch.Numbers(type, new AddAction(y, c, alpha, beta));
        context.Output = Casting.To(y, a.Type);
    }

    public override long Macs(Node node) =>
        node.Output.Shape is { } y && node.Input(0).Shape is { } a ? y.CountOfOne() * Math.Max(1, a[Transposed(node).A ? 0 : 1].Size) : 0;

    public override void Lower(Lowering context, Node node)
    {
        (bool transA, bool transB) = Transposed(node);
        float alpha = node.Float("alpha", 1), beta = node.Float("beta", 1);
        Value? c = beta == 0 ? null : node.InputOrNull(2);
        if (node.Input(1).Constant is { } weights)
        {
            int outputs = weights.Dims[transB ? 0 : 1];
            // A bias that is the same for every row; anything else is added afterwards.
            bool isBias = c is null || (c.Constant is { } bias && (bias.Count == 1 || (bias.Count == outputs && bias.Dims[^1] == outputs)));
            bool single = alpha == 1 && (c is null || (isBias && beta == 1));
            TfliteTensor x = transA ? context.Input(node, 0, [1, 0]) : context.FullyConnectedInput(node, 0);
            TfliteTensor w = transA
                ? context.Input(node, 1, transB ? [0, 1] : [1, 0]) : context.FullyConnectedWeight(node, 1, 0, transB);
            TfliteTensor b = LayerBias.Of(context, node, single && c is not null ? 2 : -1, x, w, outputs);
            ActivationFunction activation = single || !context.RunsQuantized(node) ? context.TakeActivation(node) : default;
            Finish(context, node, alpha, beta, single ? null : c, single ? activation : default, activation, output =>
                context.Emit(BuiltinOperator.FullyConnected, [x, w, b], [output], new FullyConnectedOptions(single ? activation : default)));
            return;
        }

        TfliteTensor left = context.Input(node, 0), right = context.Input(node, 1);
        Finish(context, node, alpha, beta, c, default, default, output => context.Emit(
            BuiltinOperator.BatchMatMul, [left, right], [output], new BatchMatMulOptions(transA, transB)));
    }

    /// <summary>Writes the product, then alpha and beta · C where they are left.</summary>
    private static void Finish(
        Lowering context, Node node, float alpha, float beta, Value? c, ActivationFunction fusedInProduct,
        ActivationFunction activation, Action<TfliteTensor> emitProduct)
    {
        TfliteTensor y = context.Output(node, 0);
        if (alpha == 1 && c is null)
        {
            emitProduct(y);
            return;
        }

        if (context.RunsQuantized(node))
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, node.Type, "alpha, beta or a C per row, on quantized data");
        ActivationFunction last = fusedInProduct == activation ? default : activation;
        TfliteTensor product = Lowering.Temporary(node, y, y.Dims);
        emitProduct(product);
        if (alpha != 1)
        {
            TfliteTensor scaled = c is null ? y : Lowering.Temporary(node, y, y.Dims);
            context.Emit(
                BuiltinOperator.Mul, [product, Scalar(alpha)], [scaled],
                new ArithmeticOptions(BuiltinOptionsType.Mul, c is null ? last : default));
            product = scaled;
        }

        if (c is null) return;
        TfliteTensor summand = context.Input(node, 2);
        if (beta != 1)
        {
            TfliteTensor scaled = Lowering.Temporary(node, summand, summand.Dims);
            context.Emit(
                BuiltinOperator.Mul, [summand, Scalar(beta)], [scaled], new ArithmeticOptions(BuiltinOptionsType.Mul, default));
            summand = scaled;
        }

        context.Emit(BuiltinOperator.Add, [product, summand], [y], new ArithmeticOptions(BuiltinOptionsType.Add, last));

        TfliteTensor Scalar(float value) => context.Constant($"{node.Label}/constant", Tensor.Vector(value));
    }

    private static (bool A, bool B) Transposed(Node node) => (node.Int("transA", 0) != 0, node.Int("transB", 0) != 0);

    /// <summary>y = alpha · y + beta · c; integers are scaled in double precision and rounded towards zero.</summary>
    private readonly struct AddAction(Tensor y, Tensor? c, float alpha, float beta) : INumberAction
    {
        public void Run<T>() where T : unmanaged, INumber<T>
        {
            Span<T> target = y.As<T>();
            ReadOnlySpan<T> summands = c is null ? default : c.As<T>();
            for (int i = 0; i < target.Length; i++)
            {
                T sum = Scale(target[i], alpha);
                target[i] = summands.IsEmpty ? sum : sum + Scale(summands[i], beta);
            }
        }

        private static T Scale<T>(T value, float factor) where T : unmanaged, INumber<T> =>
            factor == 1 ? value
            : typeof(T) == typeof(float) || typeof(T) == typeof(double) ? value * T.CreateTruncating(factor)
            : T.CreateSaturating(double.CreateTruncating(value) * factor);
    }
}
