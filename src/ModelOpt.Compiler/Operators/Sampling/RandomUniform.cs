namespace ModelOpt.Compiler.Operators.Sampling;

/// <summary>Numbers from <c>low</c> to <c>high</c>, each as likely as the others.</summary>
internal sealed class RandomUniform() : RandomTensor(isLike: false)
{
    protected override bool IsNormal => false;
}
