using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Reduction;

/// <summary>The logarithm of the sum over axes.</summary>
internal sealed class ReduceLogSum : ReduceFunction
{
    public override OperatorTraits Traits(Node node) => OperatorTraits.None;

    public override void Forward(ForwardContext context) => ReductionSums.Run<SumFold>(context, Math.Log);

    protected override double Slope(double x, double y) => Math.Exp(-y);

    protected override void Lower(LoweringSteps steps, TfliteTensor x, int[] axes, bool keep, TfliteTensor y)
    {
        x = Wide(steps, x);
        steps.Floats(BuiltinOperator.Log, steps.Reduce(BuiltinOperator.Sum, x, axes, keep), y);
    }

    private readonly struct SumFold : IFold
    {
        static T IFold.Start<T>() => T.Zero;

        static T IFold.Add<T>(T sum, T element) => unchecked(sum + element);
    }
}
