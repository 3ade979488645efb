using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Reduction;

/// <summary>The sum of squares over axes.</summary>
internal sealed class ReduceSumSquare : ReduceFunction
{
    public override OperatorTraits Traits(Node node) => OperatorTraits.None;

    public override void Forward(ForwardContext context) => ReductionSums.Run<SquareFold>(context);

    protected override double Slope(double x, double y) => 2 * x;

    protected override void Lower(LoweringSteps steps, TfliteTensor x, int[] axes, bool keep, TfliteTensor y) =>
        steps.Reduce(BuiltinOperator.Sum, steps.Multiply(x, x), axes, keep, y);
}
