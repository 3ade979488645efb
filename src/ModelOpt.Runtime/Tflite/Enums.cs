namespace ModelOpt.Runtime.Tflite;

/// <summary>TFLite's numbers of element types.</summary>
internal enum TensorType : byte
{
    Float32 = 0,
    Float16 = 1,
    Int32 = 2,
    UInt8 = 3,
    Int64 = 4,
    String = 5,
    Bool = 6,
    Int16 = 7,
    Complex64 = 8,
    Int8 = 9,
    Float64 = 10,
    Complex128 = 11,
    UInt64 = 12,
    Resource = 13,
    Variant = 14,
    UInt32 = 15,
    UInt16 = 16,
    Int4 = 17,
    BFloat16 = 18,
    Int2 = 19,
}

internal static class TensorTypes
{
    /// <summary>Bytes of one element; 0 for types whose elements have no fixed number of whole bytes.</summary>
    public static int Size(this TensorType type) => type switch
    {
        TensorType.Int8 or TensorType.UInt8 or TensorType.Bool => 1,
        TensorType.Float16 or TensorType.Int16 or TensorType.UInt16 or TensorType.BFloat16 => 2,
        TensorType.Float32 or TensorType.Int32 or TensorType.UInt32 => 4,
        TensorType.Float64 or TensorType.Int64 or TensorType.UInt64 => 8,
        _ => 0,
    };
}

/// <summary>Implicit padding: Same keeps ceil(input/stride) outputs, the odd element of padding at the end.</summary>
internal enum Padding : byte
{
    Same = 0,
    Valid = 1,
}

/// <summary>Activation that an operator applies to its result.</summary>
internal enum ActivationFunction : byte
{
    None = 0,
    Relu = 1,
    ReluN1To1 = 2,
    Relu6 = 3,
    Tanh = 4,
    SignBit = 5,
}

/// <summary>Members of the union of operator options that are used here.</summary>
internal enum BuiltinOptionsType : byte
{
    None = 0,
    Conv2D = 1,
    DepthwiseConv2D = 2,
    Pool2D = 5,
    Svdf = 6,
    Rnn = 7,
    FullyConnected = 8,
    Softmax = 9,
    Concatenation = 10,
    Add = 11,
    Lstm = 14,
    ResizeBilinear = 15,
    Reshape = 17,
    SpaceToDepth = 19,
    Mul = 21,
    Pad = 22,
    Gather = 23,
    Transpose = 26,
    Reducer = 27,
    Sub = 28,
    Div = 29,
    Squeeze = 30,
    SequenceRnn = 31,
    StridedSlice = 32,
    Exp = 33,
    TopKV2 = 34,
    Split = 35,
    Cast = 37,
    Dequantize = 38,
    MaximumMinimum = 39,
    ArgMax = 40,
    Neg = 42,
    PadV2 = 43,
    Slice = 48,
    TransposeConv = 49,
    ExpandDims = 52,
    Shape = 55,
    ArgMin = 57,
    FakeQuant = 58,
    Pack = 59,
    OneHot = 61,
    Unpack = 64,
    BidirectionalSequenceLstm = 69,
    BidirectionalSequenceRnn = 70,
    UnidirectionalSequenceLstm = 71,
    ResizeNearestNeighbor = 74,
    LeakyRelu = 75,
    MirrorPad = 77,
    SplitV = 79,
    Quantize = 89,
    HardSwish = 91,
    If = 92,
    While = 93,
    DepthToSpace = 94,
    ScatterNd = 97,
    BatchMatMul = 101,
    Cumsum = 102,
    CallOnce = 103,
    VarHandle = 111,
    Random = 114,
    Gelu = 116,
}
