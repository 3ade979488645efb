using ModelOpt.Runtime.Jit;

namespace ModelOpt.Runtime.Kernels.Assembled;

/// <summary>All that the code of an assembled int8 convolution tile depends on.</summary>
/// <param name="Rows">Output pixels of a tile.</param>
/// <param name="Layout">Registers of output channels.</param>
/// <param name="Runs">Runs of neighbouring input bytes under the window.</param>
/// <param name="Steps">Groups of four bytes in a run: as many elements, or two of int16.</param>
/// <param name="PixelBytes">From the input of one output pixel to that of the next.</param>
/// <param name="OutputBytes">From one output pixel to the next.</param>
/// <param name="Flip">The input is int8 and has to be made uint8 by flipping the top bit.</param>
/// <param name="Tail">See <see cref="UnitTail"/>; 0 where the last unit is stored whole.</param>
/// <param name="Epilogue">How sums become outputs.</param>
/// <param name="Product">How bytes are multiplied.</param>
/// <param name="Complements">Input bytes are flipped by bits of each step, see <see cref="Assembled.Complements"/>.</param>
/// <param name="Split">There are weights that are multiplied in two halves, see <see cref="PairSplit"/>.</param>
internal readonly record struct Int8TileShape(
    int Rows, PanelLayout Layout, int Runs, int Steps, int PixelBytes, int OutputBytes, bool Flip, int Tail, Int8Epilogue Epilogue,
    ByteProduct Product = ByteProduct.Dot, bool Split = false, bool Complements = false)
{
    // Written out, here and in other shapes: EqualityComparer<T> of our own T is compiled at run time, even where all else
    // was compiled beforehand.
    public bool Equals(Int8TileShape other) =>
        Rows == other.Rows && Layout.Equals(other.Layout) && Runs == other.Runs && Steps == other.Steps && PixelBytes == other.PixelBytes
        && OutputBytes == other.OutputBytes && Flip == other.Flip && Tail == other.Tail && Product == other.Product && Split == other.Split
        && Complements == other.Complements        && Epilogue.Equals(other.Epilogue);

    public override int GetHashCode() => (((((Layout.Channels * 31) + Rows) * 31) + Steps) * 31) + OutputBytes;
}

/// <summary>How the epilogue narrows sums to 8 bits.</summary>
/// <param name="Unsigned">Outputs are uint8 instead of int8.</param>
/// <param name="ClampInFloat">
/// A product of sum and multiplier may leave int32: clamp before the conversion. Otherwise saturation clamps.
/// </param>
/// <param name="ClampBytes">The output range is narrower than its type.</param>
/// <param name="Residual">The residual added to the result, if any.</param>
internal readonly record struct Int8Epilogue(bool Unsigned, bool ClampInFloat, bool ClampBytes, ResidualSide Residual)
{
    // Below int32's limit by more than float32 rounds there.
    private const double Limit = 2e9;

    public bool Equals(Int8Epilogue other) =>
        Unsigned == other.Unsigned && ClampInFloat == other.ClampInFloat && ClampBytes == other.ClampBytes && Residual == other.Residual;

    public override int GetHashCode() => (int)Residual;

    /// <summary>The epilogue of a layer.</summary>
    /// <param name="quantization">Gives the output's clamp.</param>
    /// <param name="unsigned">Outputs are uint8.</param>
    /// <param name="fits">Whether <see cref="Fits"/> holds for all channels.</param>
    /// <param name="residual">The residual, or null.</param>
    public static Int8Epilogue For(LayerQuantization quantization, bool unsigned, bool fits, ResidualAdd? residual)
    {
        (int min, int max) = unsigned ? (0, 255) : (-128, 127);
        int low = residual?.OutputMin ?? quantization.OutputMin, high = residual?.OutputMax ?? quantization.OutputMax;
        return new Int8Epilogue(unsigned, !fits, low > min || high < max, residual?.Side ?? ResidualSide.None);
    }

    /// <summary>Whether the product of a channel's sum and multiplier stays within int32.</summary>
    /// <param name="bound">The sum's absolute value is at most this; it wraps at 2^31.</param>
    /// <param name="multiplier">Of the channel.</param>
    public static bool Fits(long bound, float multiplier) => Math.Min(bound, 1L << 31) * (double)multiplier < Limit;
}

/// <summary>Arguments of an assembled int8 convolution tile.</summary>
internal unsafe struct Int8TileArguments
{
    public const int InputAt = 0, WeightsAt = 8, StartsAt = 16, MultipliersAt = 24, OutputAt = 32, TilesAt = 40, RunsAt = 48,
        ConstantsAt = 56, MaskAt = 64, ResidualAt = 72, SplitAt = 80, ComplementsAt = 88;

    /// <summary>First run of the first pixel.</summary>
    public byte* Input;

    /// <summary>[Runs, Steps, Vectors, lanes, 4 or 2] signed weights: bytes, or int16.</summary>
    public sbyte* Weights;

    /// <summary>[Vectors·lanes] where the sums start, in the order of <see cref="PanelLayout.Channel"/>.</summary>
    public int* Starts;

    /// <summary>[Vectors·lanes] multipliers of the sums.</summary>
    public float* Multipliers;

    /// <summary>First channel of the first pixel.</summary>
    public byte* Output;

    /// <summary>Tiles to compute, at least 1.</summary>
    public long Tiles;

    /// <summary>[Runs] bytes from the input to each run; not read where there is one run.</summary>
    public long* Runs;

    /// <summary><see cref="Int8EpilogueConstants"/>.</summary>
    public byte* Constants;

    /// <summary>Bytes of the last unit that are stored.</summary>
    public ulong Mask;

    /// <summary>From an output to the value that is added to it.</summary>
    public nint Residual;

    /// <summary><see cref="PairSplit"/>; not read where there is none.</summary>
    public byte* Split;

    /// <summary>[Runs, Steps] bits that input bytes are flipped by; not read where there are none.</summary>
    public uint* Complements;
}

/// <summary>How a unit of which not all bytes are outputs is stored.</summary>
internal static class UnitTail
{
    /// <summary>Under a mask register, whatever their number.</summary>
    public const int Masked = -1;

    /// <summary>The tail of a unit: the number of bytes where there are no masks, so that the code depends on it.</summary>
    public static int Of(Target target, int bytes) => target.Vex ? bytes : Masked;
}
