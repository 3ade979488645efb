namespace ModelOpt.Runtime.Kernels.Contract;

/// <summary>
/// One planned step. A kernel is bound to shapes, quantization and packed constants when the model is loaded and is
/// shared by all sessions: it holds no run-time state. At run time it gets spans, and allocates nothing.
/// </summary>
internal abstract class Kernel
{
    /// <summary>Bytes of scratch memory, 64-byte aligned, that each concurrent call of <see cref="Run"/> needs.</summary>
    public virtual int ScratchBytes => 0;

    /// <summary>
    /// Number of independent items (rows, tiles, channels blocks) the output can be divided into. The executor calls
    /// <see cref="Run"/> once for all of them, or concurrently for disjoint ranges. The bits of the output must not
    /// depend on the division.
    /// </summary>
    public virtual int Items => 1;

    /// <summary>
    /// Rough cost of all items in multiply-adds or element operations. With <see cref="WorkAtOnce"/> it decides whether threads pay.
    /// </summary>
    public virtual long Work => 0;

    /// <summary>
    /// Whether input 0 may lie anywhere, unaligned: if it is an input of the model that nothing else reads, the kernel then runs
    /// when the input is set and reads it where the caller has it.
    /// </summary>
    public virtual bool ReadsAnywhere => false;

    /// <summary>How much of <see cref="Work"/> is done in the time of one element operation of a plain kernel.</summary>
    public virtual int WorkAtOnce => 1;

    /// <summary>Computes the items <paramref name="start"/> (inclusive) to <paramref name="end"/> (exclusive).</summary>
    public abstract void Run(in KernelArguments args, int start, int end);
}
