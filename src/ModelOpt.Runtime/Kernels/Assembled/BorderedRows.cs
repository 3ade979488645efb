namespace ModelOpt.Runtime.Kernels.Assembled;

/// <summary>
/// Copies of the input rows under a window that moves down with a horizontal stride of 1, in scratch memory: unsigned, with
/// their padding on both sides.
/// </summary>
internal sealed unsafe class BorderedRows
{
    // Assembled code reads whole registers.
    private const int Overrun = 64;

    private readonly int _slots;
    private readonly int _left;
    private readonly int _inside;
    private readonly int _right;
    private readonly bool _flip;
    private readonly byte _padding;

    /// <param name="window">Shape of the operation.</param>
    /// <param name="rows">Rows in use at a time, each the window's vertical dilation below the one before.</param>
    /// <param name="flip">The input is int8 and has to be made uint8 by flipping the top bit.</param>
    /// <param name="padding">Value of the padding in the copy.</param>
    public BorderedRows(in Window2D window, int rows, bool flip, byte padding)
    {
        _slots = ((rows - 1) * window.DilationHeight) + 1;
        int columns = window.OutputWidth + ((window.KernelWidth - 1) * window.DilationWidth);
        int left = Math.Min(window.PadLeft, columns), inside = Math.Min(window.InputWidth, columns - left);
        _left = left * window.InputChannels;
        _inside = inside * window.InputChannels;
        _right = (columns - left - inside) * window.InputChannels;
        _flip = flip;
        _padding = padding;
        Pitch = checked((columns * window.InputChannels) + Overrun + 63) & ~63;
    }

    /// <summary>Bytes of a copied row, with those that may be read beyond it.</summary>
    public int Pitch { get; }

    /// <summary>Room for the copies; each thread needs its own.</summary>
    public int ScratchBytes => checked(TagBytes + (_slots * Pitch));

    private int TagBytes => ((_slots * sizeof(int)) + 63) & ~63;

    /// <summary>Prepares scratch memory of unknown contents.</summary>
    public void Forget(byte* scratch) => Int8Rows.Fill(scratch, _slots * sizeof(int), 0xFF);

    /// <summary>The copy of a row, made now unless it is still there. Rows come in their order.</summary>
    /// <param name="row">First pixel of the row.</param>
    /// <param name="number">The row's number among all rows of the batch.</param>
    /// <param name="scratch">Prepared by <see cref="Forget"/>.</param>
    public byte* Copy(byte* row, int number, byte* scratch)
    {
        int slot = number % _slots;
        int* tag = (int*)scratch + slot;
        byte* copy = scratch + TagBytes + ((nint)slot * Pitch);
        if (*tag == number)
            return copy;
        if (*tag < 0)
        {
            Int8Rows.Fill(copy, _left, _padding);
            Int8Rows.Fill(copy + _left + _inside, _right, _padding);
        }

        *tag = number;
        Int8Rows.Flip(row, _inside, _flip, copy + _left);
        return copy;
    }
}
