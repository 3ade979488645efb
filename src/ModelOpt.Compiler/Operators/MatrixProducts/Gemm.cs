using System.Numerics;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Convolution;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.MatrixProducts;

/// <summary>alpha · A′·B′ + beta · C, where A′ [M, K] and B′ [K, N] may be stored transposed and C is broadcast to [M, N].</summary>
internal sealed class Gemm : Operator, IDifferentiable
{
    public override IReadOnlyList<OpsetStep> Versions { get; } = [1, 6, OpsetStep.Without(7, "broadcast"), 9, 11, 13];

    public override Arity Arity => new(2, 3);

    public override ElementKinds Takes(Node node) => ElementKinds.Numbers;

    public override QuantizationRule Quantization => QuantizationRule.Weighted;

    public override int DataInputs => 3;

    // A product of two computed matrices is a BATCH_MATMUL, which takes no activation.
    public override OperatorTraits Traits(Node node) =>
        OperatorTraits.Layer | (node.Input(1).IsConstant ? OperatorTraits.TakesActivation : OperatorTraits.None);

    public override int WeightAxis(Node node) => Transposed(node).B ? 0 : 1;

    public override IEnumerable<AxisRoute> Axes(Node node)
    {
        (bool a, bool b) = Transposed(node);
        yield return new AxisRoute(AxisPlace.In(0, a ? 0 : 1), AxisPlace.In(1, b ? 1 : 0));
        for (int axis = 0; axis < 2; axis++)
        {
            AxisPlace own = axis == 0 ? AxisPlace.In(0, a ? 1 : 0) : AxisPlace.In(1, b ? 0 : 1);
            if (AxisRoutes.BroadcastPlaces(node, [2], node.Output.Shape!, axis, 0) is { } sum)
                yield return new AxisRoute([own, .. sum, AxisPlace.Out(0, axis)]);
        }
    }

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
            if (both.Rank != 2 || Enumerable.Range(0, 2).Any(i => both[i].IsKnown && both[i] != y[i]))
                throw GraphDiagnostics.ShapeMismatch.Error(node.Label, $"C {c} cannot be broadcast to {y}");
        }

        if (!type.IsFloat() && (node.Float("alpha", 1) != 1 || node.Float("beta", 1) != 1))
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, Type, "alpha or beta with integers");
        node.Define(0, type, y);

        static string Mark(bool transposed) => transposed ? " (transposed)" : "";
    }

    public override void Forward(ForwardContext context)
    {
        Tensor a = context.Input(0), b = context.Input(1);
        ElementType type = a.Type is ElementType.Float16 or ElementType.BFloat16 ? ElementType.Float32 : a.Type;
        (bool transA, bool transB) = Transposed(context.Node);
        int[] dims = [a.Dims[transA ? 1 : 0], b.Dims[transB ? 0 : 1]];
        Tensor y = context.Allocate(type, dims);
        y.Bytes.Span.Clear();
        float alpha = context.Node.Float("alpha", 1), beta = context.Node.Float("beta", 1);
        Tensor? c = context.InputOrNull(2) is { } given && beta != 0
            ? Broadcasting.Expand(context.Node, Casting.To(given, type), dims) : null;
        if (c is not null && alpha == 1) ElementDispatch.Numbers(type, new AddAction(y, c, 1, beta));
        new MatrixProduct(dims[0], dims[1], a.Dims[transA ? 0 : 1], transA, transB).AddTo(
            Casting.To(a, type), Casting.To(b, type), y, context.Pool);
        if (alpha != 1) ElementDispatch.Numbers(type, new AddAction(y, c, alpha, beta));
        context.Output = Casting.To(y, a.Type);
    }

    public IReadOnlyList<int> Parameters => [1, 2];

    public bool ReadsOutputs => false;

    /// <summary>dA′ = alpha · dY·B′ᵀ, dB′ = alpha · A′ᵀ·dY, and for C the sums over the broadcast axes, times beta.</summary>
    public void Backward(BackwardContext context)
    {
        Tensor a = context.Input(0), b = context.Input(1), dy = context.OutputGradient;
        (bool transA, bool transB) = Transposed(context.Node);
        float alpha = context.Node.Float("alpha", 1), beta = context.Node.Float("beta", 1);
        int m = dy.Dims[0], n = dy.Dims[1], k = a.Dims[transA ? 0 : 1];
        if (context.Wants(0))
        {
            Tensor da = context.Zeros(a.Dims);
            if (transA) new MatrixProduct(k, m, n, transB, true).AddTo(b, dy, da, context.Pool);
            else new MatrixProduct(m, k, n, false, !transB).AddTo(dy, b, da, context.Pool);
            context.Gradients[0] = Scaled(da, alpha);
        }

        if (context.Wants(1))
        {
            Tensor db = context.Zeros(b.Dims);
            if (transB) new MatrixProduct(n, k, m, true, transA).AddTo(dy, a, db, context.Pool);
            else new MatrixProduct(k, n, m, !transA, false).AddTo(a, dy, db, context.Pool);
            context.Gradients[1] = Scaled(db, alpha);
        }

        if (context.Wants(2))
        {
            Tensor dc = Broadcasting.Reduce(context.Node, dy, context.Input(2).Dims);
            context.Gradients[2] = beta == 1 ? dc : Scaled(Tensor.Of<float>(dc.Dims, dc.As<float>()), beta);
        }

        static Tensor Scaled(Tensor tensor, float factor)
        {
            if (factor == 1) return tensor;
            foreach (ref float element in tensor.As<float>()) element *= factor;
            return tensor;
        }
    }

    public override long Macs(Node node) =>
        node.Output.Shape is { } y && node.Input(0).Shape is { } a
            ? y.CountOfOne() * Math.Max(1, a[Transposed(node).A ? 0 : 1].Size) : 0;

    public override bool TakesComputedSizes(Node node) => true;

    public override void Lower(Lowering context, Node node)
    {
        (bool transA, bool transB) = Transposed(node);
        float alpha = node.Float("alpha", 1), beta = node.Float("beta", 1);
        if (!node.Output.Type.IsFloat())
        {
            LowerIntegers(context, node, transA, transB);
            return;
        }

        Value? c = beta == 0 ? null : node.InputOrNull(2);
        // The product, then times alpha and plus beta · C where it does not do that itself. The last step has the activation.
        List<Action<TfliteTensor?, TfliteTensor, ActivationFunction>> steps =
            [Product(context, node, takesBias: alpha == 1 && beta == 1, ref c)];
        if (alpha != 1)
            steps.Add((from, to, activation) => Arithmetic(BuiltinOperator.Mul, from!, Scalar(alpha), to, activation));
        if (c is not null)
        {
            TfliteTensor summand = context.Input(node, 2);
            if (beta != 1)
            {
                // The factor has a dimension, so the product has one too.
                TfliteTensor scaled = Lowering.Temporary(node, summand, summand.Dims is [] ? [1] : summand.Dims);
                Arithmetic(BuiltinOperator.Mul, summand, Scalar(beta), scaled, ActivationFunction.None);
                summand = scaled;
            }

            steps.Add((from, to, activation) => Arithmetic(BuiltinOperator.Add, from!, summand, to, activation));
        }

        if (steps.Count > 1 && context.RunsQuantized(node))
            throw GraphDiagnostics.UnsupportedForm.Error(node.Label, Type, "alpha, beta or a C per row, on quantized data");
        ActivationFunction last = context.TakeActivation(node);
        TfliteTensor y = context.Output(node, 0);
        TfliteTensor? result = null;
        for (int i = 0; i < steps.Count; i++)
        {
            bool isLast = i == steps.Count - 1;
            TfliteTensor to = isLast ? y : Lowering.Temporary(node, y, y.Dims);
            steps[i](result, to, isLast ? last : ActivationFunction.None);
            result = to;
        }

        TfliteTensor Scalar(float value) => context.Constant($"{node.Label}/constant", Tensor.Vector(value));

        void Arithmetic(BuiltinOperator op, TfliteTensor a, TfliteTensor b, TfliteTensor to, ActivationFunction activation) =>
            context.Emit(op, [a, b], [to], new ArithmeticOptions(
                op == BuiltinOperator.Mul ? BuiltinOptionsType.Mul : BuiltinOptionsType.Add, activation));
    }

    /// <summary>The product, with C where that is a bias which the layer adds itself; then there is no C left.</summary>
    private static Action<TfliteTensor?, TfliteTensor, ActivationFunction> Product(
        Lowering context, Node node, bool takesBias, ref Value? c)
    {
        (bool transA, bool transB) = Transposed(node);
        if (node.ShapeOf(0)[transA ? 0 : 1] == (Dim)0) return (_, to, _) => new LoweringSteps(context, node).Fill(0, to);
        if (node.Input(1).Constant is not { } weights)
        {
            TfliteTensor left = context.Input(node, 0), right = context.Input(node, 1);
            return (_, to, _) => context.Emit(BuiltinOperator.BatchMatMul, [left, right], [to], new BatchMatMulOptions(transA, transB));
        }

        int outputs = weights.Dims[transB ? 0 : 1];
        bool isBias = takesBias && c?.Constant is { } bias && IsBias(bias, outputs);
        if (isBias) c = null;
        TfliteTensor x = transA ? context.Input(node, 0, [1, 0]) : context.FullyConnectedInput(node, 0);
        TfliteTensor w = transA
            ? context.Input(node, 1, transB ? [0, 1] : [1, 0]) : context.FullyConnectedWeight(node, 1, 0, transB);
        TfliteTensor b = LayerBias.Of(context, node, isBias ? 2 : -1, x, w, outputs);
        return (_, to, activation) => context.Emit(
            BuiltinOperator.FullyConnected, [x, w, b], [to], new FullyConnectedOptions(activation));
    }

    public override string? WhyFloat(Node node)
    {
        if (node.Float("alpha", 1) != 1 || node.Float("beta", 1) != 1) return "it has an alpha or beta";
        if (node.InputOrNull(2)?.Constant is not { } c) return null;
        return node.Input(1).Constant is { } weight && IsBias(c, weight.Dims[Transposed(node).B ? 0 : 1])
            ? null : "its C differs from row to row";
    }

    private static bool IsBias(Tensor c, int outputs) => c.Count == 1 || (c.Count == outputs && c.Dims[^1] == outputs);

    private static void LowerIntegers(Lowering context, Node node, bool transA, bool transB)
    {
        var steps = new LoweringSteps(context, node);
        TfliteTensor product = steps.IntegerProduct(
            context.Input(node, 0, transA ? [1, 0] : [0, 1]), context.Input(node, 1, transB ? [1, 0] : [0, 1]));
        TfliteTensor y = context.Output(node, 0);
        if (node.InputOrNull(2) is null) context.EmitReshape(product, y);
        else steps.Add(product, context.Input(node, 2), y);
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
