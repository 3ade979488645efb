using ModelOpt.Runtime.Model;

namespace ModelOpt.Runtime.Kernels;

/// <summary>
/// An operator whose output is as long as the number of elements of input 0 that it finds. It is planned when they were counted:
/// <see cref="Node.Count"/>.
/// </summary>
internal interface ICountingOperator
{
    /// <summary>How many it finds.</summary>
    /// <param name="input">Input 0.</param>
    /// <param name="values">Its elements.</param>
    int Count(Tensor input, ReadOnlySpan<byte> values);
}
