using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Reduction;

/// <summary>A function of a sum of functions over axes, such as √Σx².</summary>
internal abstract class ReduceFunction() : ReduceOperator(BuiltinOperator.Sum), IDifferentiable
{
    public sealed override QuantizationRule Quantization => QuantizationRule.Float;

    protected sealed override bool KeepsElements => false;

    /// <summary>The elements in a type whose sums do not wrap before the function is taken of them.</summary>
    protected static TfliteTensor Wide(LoweringSteps steps, TfliteTensor x) =>
        x.Type is TensorType.Float32 or TensorType.UInt64 ? x : steps.Cast(x, TensorType.Int64);

    /// <summary>dy/dx of an element.</summary>
    protected abstract double Slope(double x, double y);

    /// <summary>dx = dy · dy/dx.</summary>
    public void Backward(BackwardContext context)
    {
        Tensor x = context.Input(0), dx = context.Allocate(x.Dims);
        int[] targets = ReductionSums.Targets(x, ReducedAxes.Of(context.Node, x.Rank, context.InputOrNull(1)));
        ReadOnlySpan<float> from = x.As<float>(), y = context.Output.As<float>(), dy = context.OutputGradient.As<float>();
        Span<float> to = dx.As<float>();
        for (int i = 0; i < to.Length; i++) to[i] = (float)(dy[targets[i]] * Slope(from[i], y[targets[i]]));
        context.Gradients[0] = dx;
    }
}

/// <summary>Σx².</summary>
internal readonly struct SquareFold : IFold
{
    static T IFold.Start<T>() => T.Zero;

    static T IFold.Add<T>(T sum, T element) => unchecked(sum + (element * element));
}
