using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Data;

/// <summary>
/// The samples of a data file or folder, read one at a time, so that memory does not grow with their number.
/// </summary>
public abstract class SampleSource : IDisposable
{
    /// <summary>The number of samples.</summary>
    public abstract int Count { get; }

    /// <summary>The type of the elements as stored.</summary>
    public abstract ElementType Type { get; }

    /// <summary>The sizes of one sample as stored, without the axis that counts samples.</summary>
    public abstract IReadOnlyList<int> SampleShape { get; }

    /// <summary>Reads one sample.</summary>
    /// <param name="index">Which, from 0.</param>
    /// <returns>The sample as stored, of <see cref="SampleShape"/>.</returns>
    /// <exception cref="Diagnostics.CompilationException">The file is damaged.</exception>
    public abstract Tensor Read(int index);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the file.</summary>
    /// <param name="disposing">Whether called from <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
    }
}
