namespace ModelOpt.Compiler.Operators.Description;

/// <summary>How an operator is treated when its values are quantized to int8.</summary>
internal enum QuantizationRule
{
    /// <summary>Runs in float: its inputs are dequantized, its output is not quantized on its account.</summary>
    Float,

    /// <summary>
    /// Multiplies by a weight (input 1, constant; per output channel) and adds a bias (input 2, int32): Conv, Gemm, MatMul.
    /// </summary>
    Weighted,

    /// <summary>Computes from per-tensor activations with scales of their own: Add, Mul, GlobalAveragePool, ReduceMean…</summary>
    Elementwise,

    /// <summary>Only moves data: the output shares the input's parameters. Reshape, Transpose, MaxPool, Slice, Pad…</summary>
    SharesInput,

    /// <summary>All inputs and the output share one scale: Concat.</summary>
    SharesAll,

    /// <summary>The output's range is fixed at 0…255/256 (scale 1/256, zero point −128): Sigmoid, Softmax.</summary>
    FixedUnit,

    /// <summary>The output's range is fixed at −1…127/128 (scale 1/128, zero point 0): Tanh.</summary>
    FixedSymmetric,
}
