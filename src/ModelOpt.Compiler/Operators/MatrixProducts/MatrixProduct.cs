using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Operators.Pooling;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Operators.MatrixProducts;

/// <summary>One product C[m, n] += A·B of matrices that lie in larger tensors.</summary>
/// <param name="M">Rows of A and C.</param>
/// <param name="N">Columns of B and C.</param>
/// <param name="K">Columns of A, rows of B.</param>
/// <param name="TransposeA">Whether A is stored [k, m].</param>
/// <param name="TransposeB">Whether B is stored [n, k].</param>
internal readonly record struct MatrixProduct(int M, int N, int K, bool TransposeA = false, bool TransposeB = false)
{
    /// <summary>Adds the product to C; float32 on the runtime's kernel, with the same bits for any number of threads.</summary>
    /// <param name="a">A tensor with matrix A at element <paramref name="aStart"/>.</param>
    /// <param name="aStart">Where A starts.</param>
    /// <param name="b">A tensor of the same type, with B.</param>
    /// <param name="bStart">Where B starts.</param>
    /// <param name="c">A tensor of the same type, with C.</param>
    /// <param name="cStart">Where C starts.</param>
    /// <param name="pool">Threads to work on, or null.</param>
    public void AddTo(Tensor a, int aStart, Tensor b, int bStart, Tensor c, int cStart, WorkerPool? pool)
    {
        if (c.Type == ElementType.Float32)
            ModelOpt.Runtime.Kernels.MatMul.Gemm.Multiply(
                M, N, K,
                a.As<float>().Slice(aStart, M * K), TransposeA ? M : K, TransposeA,
                b.As<float>().Slice(bStart, K * N), TransposeB ? K : N, TransposeB,
                c.As<float>().Slice(cStart, M * N), N, accumulate: true, pool: pool);
        else
            ElementDispatch.Numbers(c.Type, new Action(this, a, aStart, b, bStart, c, cStart));
    }

    private readonly struct Action(
        MatrixProduct p, Tensor a, int aStart, Tensor b, int bStart, Tensor c, int cStart) : INumberAction
    {
        public void Run<T>() where T : unmanaged, INumber<T>
        {
            ReadOnlySpan<T> x = a.As<T>()[aStart..], w = b.As<T>()[bStart..];
            Span<T> y = c.As<T>()[cStart..];
            for (int i = 0; i < p.M; i++)
            {
                for (int j = 0; j < p.N; j++)
                {
                    T sum = y[(i * p.N) + j];
                    for (int k = 0; k < p.K; k++)
                    {
                        sum += x[p.TransposeA ? (k * p.M) + i : (i * p.K) + k]
                            * w[p.TransposeB ? (j * p.K) + k : (k * p.N) + j];
                    }

                    y[(i * p.N) + j] = sum;
                }
            }
        }
    }
}
