using System.Numerics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Operators.MatrixProducts;

/// <summary>A matrix in a tensor.</summary>
/// <param name="Start">The matrix's first element.</param>
internal readonly record struct MatrixPlace(Tensor Tensor, int Start)
{
    /// <summary>The matrix that a tensor begins with.</summary>
    public static implicit operator MatrixPlace(Tensor tensor) => new(tensor, 0);
}

/// <summary>One product C[m, n] += A·B of matrices that lie in larger tensors.</summary>
/// <param name="K">Columns of A, rows of B.</param>
/// <param name="TransposeA">Whether A is stored [k, m].</param>
/// <param name="TransposeB">Whether B is stored [n, k].</param>
internal readonly record struct MatrixProduct(int M, int N, int K, bool TransposeA = false, bool TransposeB = false)
{
    /// <summary>Adds the product to C; float32 on the runtime's kernel, with the same bits for any number of threads.</summary>
    /// <param name="pool">Threads to work on, or null.</param>
    public void AddTo(MatrixPlace a, MatrixPlace b, MatrixPlace c, WorkerPool? pool)
    {
        if (c.Tensor.Type == ElementType.Float32)
            ModelOpt.Runtime.Kernels.MatMul.Gemm.Multiply(
                M, N, K,
                a.Tensor.As<float>().Slice(a.Start, M * K), TransposeA ? M : K, TransposeA,
                b.Tensor.As<float>().Slice(b.Start, K * N), TransposeB ? K : N, TransposeB,
                c.Tensor.As<float>().Slice(c.Start, M * N), N, accumulate: true, pool: pool);
        else
            ElementDispatch.Numbers(c.Tensor.Type, new Action(this, a, b, c));
    }

    private readonly struct Action(MatrixProduct p, MatrixPlace a, MatrixPlace b, MatrixPlace c) : INumberAction
    {
        public void Run<T>() where T : unmanaged, INumber<T>
        {
            ReadOnlySpan<T> x = a.Tensor.As<T>()[a.Start..], w = b.Tensor.As<T>()[b.Start..];
            Span<T> y = c.Tensor.As<T>()[c.Start..];
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
