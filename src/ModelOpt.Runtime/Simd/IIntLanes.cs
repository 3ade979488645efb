namespace ModelOpt.Runtime.Simd;

/// <summary>
/// The int32 operations that a kernel needs of one vector width; the integer counterpart of <see cref="ILanes{V}"/>. All
/// arithmetic wraps modulo 2^32, so results are the same in any order and on any tier.
/// </summary>
/// <typeparam name="V">A register of int32 lanes.</typeparam>
internal unsafe interface IIntLanes<V>
    where V : unmanaged
{
    static abstract int Count { get; }

    static abstract V Create(int value);

    static abstract V Load(int* source);

    static abstract void Store(int* destination, V value);

    static abstract V Add(V left, V right);

    static abstract V Multiply(V left, V right);

    /// <summary>
    /// Each lane holds two int16: sum + left.low·right.low + left.high·right.high. Products of int16 in −255…255 sum to at
    /// most 130,050, so the instruction that saturates nowhere but at (−32768)² is exact.
    /// </summary>
    static abstract V DotPairs(V left, V right, V sum);

    /// <summary>
    /// Each lane holds four bytes, those of <paramref name="left"/> unsigned, those of <paramref name="right"/> signed: sum + Σ
    /// left·right.
    /// </summary>
    static abstract V DotUnsignedQuads(V left, V right, V sum);

    /// <summary>Each lane holds four signed bytes: sum + Σ left·right.</summary>
    static abstract V DotSignedQuads(V left, V right, V sum);

    /// <summary>Count bytes, sign-extended.</summary>
    static abstract V LoadSByte(byte* source);

    /// <summary>Count bytes, zero-extended.</summary>
    static abstract V LoadByte(byte* source);
}
