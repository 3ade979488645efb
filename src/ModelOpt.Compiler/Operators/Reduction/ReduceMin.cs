using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Reduction;

/// <summary>The least element over axes; of no elements, the greatest number of the type.</summary>
internal sealed class ReduceMin() : ReduceExtreme(BuiltinOperator.ReduceMin)
{
    public override void Forward(ForwardContext context) => ReductionSums.Run<Least>(context);

    private readonly struct Least : IFold
    {
        static T IFold.Start<T>() => T.CreateSaturating(double.PositiveInfinity);

        static T IFold.Add<T>(T sum, T element) => T.Min(sum, element);
    }
}
