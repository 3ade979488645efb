namespace ModelOpt.Runtime.Model;

/// <summary>
/// A value is not known yet that says sizes. A node that asks for it when shapes are inferred waits until the value is computed;
/// elsewhere the value must be a constant.
/// </summary>
internal sealed class ValueNeededException(Tensor tensor) : InvalidModelException(tensor.Error("must be a constant").Message)
{
    public Tensor Tensor => tensor;
}
