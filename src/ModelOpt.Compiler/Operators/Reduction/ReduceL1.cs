using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Reduction;

/// <summary>The sum of absolute values over axes.</summary>
internal sealed class ReduceL1 : ReduceFunction
{
    public override OperatorTraits Traits(Node node) => OperatorTraits.Homogeneous;

    public override void Forward(ForwardContext context) => ReductionSums.Run<AbsoluteFold>(context);

    protected override double Slope(double x, double y) => Math.Sign(x);

    protected override void Lower(LoweringSteps steps, TfliteTensor x, int[] axes, bool keep, TfliteTensor y) =>
        steps.Reduce(BuiltinOperator.Sum, steps.Magnitude(x), axes, keep, y);

    private readonly struct AbsoluteFold : IFold
    {
        static T IFold.Start<T>() => T.Zero;

        static T IFold.Add<T>(T sum, T element) => unchecked(sum + (element < T.Zero ? -element : element));
    }
}
