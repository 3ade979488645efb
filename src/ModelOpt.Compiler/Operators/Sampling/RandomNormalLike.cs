namespace ModelOpt.Compiler.Operators.Sampling;

/// <summary>Numbers of <c>mean</c> and deviation <c>scale</c>, distributed normally, in the shape of the input.</summary>
internal sealed class RandomNormalLike() : RandomTensor(isLike: true)
{
    protected override bool IsNormal => true;
}
