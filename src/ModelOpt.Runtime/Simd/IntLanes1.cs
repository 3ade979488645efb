namespace ModelOpt.Runtime.Simd;

/// <summary>One int32 lane: kernels instantiated with it are the scalar oracles.</summary>
internal readonly unsafe struct IntLanes1 : IIntLanes<int>
{
    public static int Count => 1;

    public static int Create(int value) => value;

    public static int Load(int* source) => *source;

    public static void Store(int* destination, int value) => *destination = value;

    public static int Add(int left, int right) => left + right;

    public static int Multiply(int left, int right) => left * right;

    public static int DotPairs(int left, int right, int sum) =>
        sum + ((short)left * (short)right) + ((left >> 16) * (right >> 16));

    public static int DotUnsignedQuads(int left, int right, int sum) =>
        sum + ((byte)left * (sbyte)right) + ((byte)(left >> 8) * (sbyte)(right >> 8))
        + ((byte)(left >> 16) * (sbyte)(right >> 16)) + ((byte)(left >> 24) * (right >> 24));

    public static int DotSignedQuads(int left, int right, int sum) =>
        sum + ((sbyte)left * (sbyte)right) + ((sbyte)(left >> 8) * (sbyte)(right >> 8))
        + ((sbyte)(left >> 16) * (sbyte)(right >> 16)) + ((left >> 24) * (right >> 24));

    public static int LoadSByte(byte* source) => (sbyte)*source;

    public static int LoadByte(byte* source) => *source;
}
