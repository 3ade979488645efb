using System.Numerics;

namespace ModelOpt.Compiler.Operators;

/// <summary>Loops over float32 elements that several places need.</summary>
internal static class Elements
{
    /// <summary>sum = a + b.</summary>
    /// <param name="a">The first summands.</param>
    /// <param name="b">As many second ones.</param>
    /// <param name="sum">Takes the sums; may be one of the two.</param>
    public static void Sum(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> sum)
    {
        int i = 0;
        for (; i <= sum.Length - Vector<float>.Count; i += Vector<float>.Count)
            (new Vector<float>(a[i..]) + new Vector<float>(b[i..])).CopyTo(sum[i..]);
        for (; i < sum.Length; i++) sum[i] = a[i] + b[i];
    }
}
