using ModelOpt.Runtime.Kernels.MatMul;

namespace ModelOpt.Compiler.Kernels;

/// <summary>
/// B[p, j] = B[p·rowStride + j], read where it is: rows are as long as whole registers, and what stands behind their ends is finite.
/// </summary>
internal readonly unsafe struct RowsSource(float* b, nint rowStride) : IPanelSource
{
    public int Registers => GemmF32.CopiedRegisters;

    public bool IsInPlace => true;

    public nint Stride(int width) => rowStride;

    public float* Panel(int k0, int kc, int column, int columns, int width, float* scratch) => b + (k0 * rowStride) + column;
}
