using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Reduction;

/// <summary>log Σ eˣ over axes, as m + log Σ e^(x − m) with the greatest element m, so that nothing overflows.</summary>
internal sealed class ReduceLogSumExp : ReduceFunction
{
    public override OperatorTraits Traits(Node node) => OperatorTraits.None;

    public override void Forward(ForwardContext context)
    {
        Tensor x = context.Input(0), source = Casting.To(x, ElementType.Float64);
        int[] axes = ReducedAxes.Of(context.Node, x.Rank, context.InputOrNull(1)), targets = ReductionSums.Targets(x, axes);
        Tensor y = context.Node.Allocate(ElementType.Float64, ReductionSums.KeptDims(x, axes));
        double[] greatest = new double[y.Count];
        Array.Fill(greatest, double.NegativeInfinity);
        ReadOnlySpan<double> from = source.As<double>();
        Span<double> sums = y.As<double>();
        for (int i = 0; i < from.Length; i++) greatest[targets[i]] = Math.Max(greatest[targets[i]], from[i]);
        // Where the greatest is infinite, the difference to it says nothing.
        for (int i = 0; i < greatest.Length; i++) greatest[i] = double.IsInfinity(greatest[i]) ? 0 : greatest[i];
        for (int i = 0; i < from.Length; i++) sums[targets[i]] += Math.Exp(from[i] - greatest[targets[i]]);
        // Of integers, it is a float32 that loses its fraction.
        for (int i = 0; i < sums.Length; i++)
            sums[i] = x.Type.IsFloat() ? greatest[i] + Math.Log(sums[i]) : (float)greatest[i] + (float)Math.Log(sums[i]);
        context.Output = ReductionSums.Shaped(context, Casting.To(y, x.Type), axes);
    }

    protected override double Slope(double x, double y) => Math.Exp(x - y);

    protected override void Lower(LoweringSteps steps, TfliteTensor x, int[] axes, bool keep, TfliteTensor y)
    {
        TfliteTensor source = y.Type == TensorType.Float32 ? x : steps.Cast(x, TensorType.Float32);
        TfliteTensor greatest = steps.Reduce(BuiltinOperator.ReduceMax, source, axes, keep: true);
        TfliteTensor bounded = steps.Binary(BuiltinOperator.Maximum, steps.Binary(
            BuiltinOperator.Minimum, greatest, steps.Scalar(float.MaxValue, greatest)), steps.Scalar(float.MinValue, greatest));
        TfliteTensor powers = steps.Unary(BuiltinOperator.Exp, steps.Subtract(source, bounded));
        TfliteTensor logarithm = steps.Unary(BuiltinOperator.Log, steps.Reduce(BuiltinOperator.Sum, powers, axes, keep));
        TfliteTensor shift = keep ? bounded : steps.Reshape(bounded, logarithm.Dims, logarithm.OpenAxis);
        bool isFloat = y.Type == TensorType.Float32;
        TfliteTensor sum = steps.Add(logarithm, shift, isFloat ? y : null);
        if (!isFloat) steps.Cast(sum, y.Type, y);
    }
}
