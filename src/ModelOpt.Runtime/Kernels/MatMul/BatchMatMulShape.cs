namespace ModelOpt.Runtime.Kernels.MatMul;

/// <summary>
/// Shape of C[b] = A[b]·B[b]: A is stored [M, K], or [K, M] with <paramref name="TransposeA"/>; B [K, N], or [N, K] with
/// <paramref name="TransposeB"/>; C [M, N]. Broadcasting is a matter of the indices.
/// </summary>
/// <param name="M">Rows of C.</param>
/// <param name="N">Columns of C.</param>
/// <param name="K">Summed dimension.</param>
/// <param name="TransposeA">A is stored transposed.</param>
/// <param name="TransposeB">B is stored transposed.</param>
/// <param name="IndicesA">For each matrix of C, which matrix of A.</param>
/// <param name="IndicesB">For each matrix of C, which matrix of B.</param>
internal sealed record BatchMatMulShape(
    int M, int N, int K, bool TransposeA, bool TransposeB, int[] IndicesA, int[] IndicesB)
{
    /// <summary>Matrices of C.</summary>
    public int Batch => IndicesA.Length;
}
