using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Reduction;

/// <summary>The root of the sum of squares over axes.</summary>
internal sealed class ReduceL2 : ReduceFunction
{
    public override OperatorTraits Traits(Node node) => OperatorTraits.Homogeneous;

    public override void Forward(ForwardContext context) => ReductionSums.Run<SquareFold>(context, Math.Sqrt);

    protected override double Slope(double x, double y) => y == 0 ? 0 : x / y;

    protected override void Lower(LoweringSteps steps, TfliteTensor x, int[] axes, bool keep, TfliteTensor y)
    {
        x = Wide(steps, x);
        steps.Floats(BuiltinOperator.Sqrt, steps.Reduce(BuiltinOperator.Sum, steps.Multiply(x, x), axes, keep), y);
    }
}
