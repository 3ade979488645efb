using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Reduction;

/// <summary>The greatest element over axes; of no elements, the least number of the type.</summary>
internal sealed class ReduceMax() : ReduceExtreme(BuiltinOperator.ReduceMax)
{
    public override void Forward(ForwardContext context) => ReductionSums.Run<Greatest>(context);

    private readonly struct Greatest : IFold
    {
        static T IFold.Start<T>() => T.CreateSaturating(double.NegativeInfinity);

        static T IFold.Add<T>(T sum, T element) => T.Max(sum, element);
    }
}
