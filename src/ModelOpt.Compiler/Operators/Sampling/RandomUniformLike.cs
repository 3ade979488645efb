namespace ModelOpt.Compiler.Operators.Sampling;

/// <summary>Numbers from <c>low</c> to <c>high</c>, each as likely as the others, in the shape of the input.</summary>
internal sealed class RandomUniformLike() : RandomTensor(isLike: true)
{
    protected override bool IsNormal => false;
}
