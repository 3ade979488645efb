namespace ModelOpt.Compiler.Operators.Sampling;

/// <summary>Numbers of <c>mean</c> and deviation <c>scale</c>, distributed normally.</summary>
internal sealed class RandomNormal() : RandomTensor(isLike: false)
{
    protected override bool IsNormal => true;
}
