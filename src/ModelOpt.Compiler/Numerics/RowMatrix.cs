using System.Numerics;

namespace ModelOpt.Compiler.Numerics;

/// <summary>
/// A matrix of doubles in row-major order. Every element of a product is summed in one order, without fused operations, so that
/// it has the same bits on any processor and any number of threads.
/// </summary>
/// <param name="data">The elements; kept, not copied.</param>
/// <param name="workers">The threads that compute with the matrix, and with what is computed from it.</param>
internal sealed class RowMatrix(int rows, int columns, double[] data, Workers workers = default)
{
    // Below so many multiplications threads cost more than they save.
    private const long ParallelWork = 1 << 18;

    /// <summary>A matrix of zeros.</summary>
    public RowMatrix(int rows, int columns, Workers workers = default)
        : this(rows, columns, new double[(long)rows * columns], workers)
    {
    }

    /// <summary>The number of rows.</summary>
    public int Rows => rows;

    /// <summary>The number of columns.</summary>
    public int Columns => columns;

    /// <summary>The threads that compute with the matrix.</summary>
    public Workers Workers => workers;

    /// <summary>The elements, row by row.</summary>
    public double[] Data => data;

    /// <summary>An element.</summary>
    public double this[int row, int column]
    {
        get => data[((long)row * columns) + column];
        set => data[((long)row * columns) + column] = value;
    }

    /// <summary>A row, to read or write.</summary>
    public Span<double> Row(int row) => data.AsSpan(row * columns, columns);

    /// <summary>The identity.</summary>
    public static RowMatrix Identity(int size, Workers workers = default)
    {
        RowMatrix result = new(size, size, workers);
        for (int i = 0; i < size; i++) result[i, i] = 1;
        return result;
    }

    /// <summary>The product with a matrix of as many rows as this has columns. Zeros of this matrix cost nothing.</summary>
    public RowMatrix Times(RowMatrix right)
    {
        RowMatrix result = new(rows, right.Columns, workers.Pool is null ? right.Workers : workers);
        result.ForRows(rows, (long)columns * right.Columns, r =>
        {
            Span<double> sums = result.Row(r);
            ReadOnlySpan<double> left = Row(r);
            for (int k = 0; k < left.Length; k++)
            {
                if (left[k] != 0) AddScaled(sums, left[k], right.Row(k));
            }
        });
        return result;
    }

    /// <summary>The transposed matrix.</summary>
    public RowMatrix Transposed()
    {
        RowMatrix result = new(columns, rows, workers);
        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++) result[c, r] = this[r, c];
        }

        return result;
    }

    /// <summary>The difference.</summary>
    public RowMatrix Minus(RowMatrix other)
    {
        RowMatrix result = new(rows, columns, (double[])data.Clone(), workers);
        AddScaled(result.Data, -1, other.Data);
        return result;
    }

    /// <summary>The sum of all products of elements at the same place.</summary>
    public double Dot(RowMatrix other)
    {
        double sum = 0;
        for (int i = 0; i < data.Length; i++) sum += data[i] * other.Data[i];
        return sum;
    }

    /// <summary>The first rows.</summary>
    public RowMatrix Top(int count) => new(count, columns, data[..(count * columns)], workers);

    /// <summary>The same columns in another order.</summary>
    /// <param name="order">For each column of the result, the column of this matrix.</param>
    public RowMatrix Columnwise(int[] order)
    {
        RowMatrix result = new(rows, order.Length, workers);
        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < order.Length; c++) result[r, c] = this[r, order[c]];
        }

        return result;
    }

    /// <summary>target += factor · row.</summary>
    public static void AddScaled(Span<double> target, double factor, ReadOnlySpan<double> row)
    {
        int width = Vector<double>.Count, i = 0;
        Vector<double> factors = new(factor);
        for (; i <= target.Length - width; i += width)
            (new Vector<double>(target[i..]) + (factors * new Vector<double>(row[i..]))).CopyTo(target[i..]);
        for (; i < target.Length; i++) target[i] += factor * row[i];
    }

    /// <summary>Does something for each row, on several threads where there is enough to do.</summary>
    /// <param name="action">What is done; rows do not depend on each other.</param>
    public void ForRows(int count, long work, Action<int> action) => (count * work < ParallelWork ? default : workers).For(count, action);
}
