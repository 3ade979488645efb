using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Assembled;

namespace ModelOpt.Runtime.Kernels.Convolution;

using static Int8EpilogueConstants;
using static SparseTileArguments;

/// <summary>
/// Assembles the innermost product of sparse int8 convolutions: one output channel after the other, for all pixels of a
/// tile at once. Lanes are pixels; a block of four weights is broadcast and multiplied with the four input bytes of as many pixels as a
/// register has lanes, and only blocks that are not all zero are listed. Requantization follows in registers, as in
/// <see cref="Int8TileEmitter"/>.
/// </summary>
internal static class SparseTileEmitter
{
    // Registers volatile in both calling conventions.
    private const Gpr Row = Gpr.Rax, Blocks = Gpr.Rcx, Patches = Gpr.Rdx, Channel = Gpr.R8, BlocksLeft = Gpr.R10, Arguments = Gpr.R11;

    private const int PixelRegisters = 8;

    public static void Emit(SparseTileShape shape, X64Assembler code)
    {
        PanelLayout layout = shape.Layout;
        // From the highest on: weights, ones, a temporary; between those and the sums pixels.
        int weights = code.Target.Registers - 1, firstPixels = code.Target.Vex ? PanelLayout.MaxVectors : 2 * PanelLayout.MaxVectors;
        int pixelRegisters = code.Target.Vex ? 4 : PixelRegisters;
        var product = new ByteProductEmitter(SparseBlocks.Product(code.Target), code, weights - 2, weights - 1);
        Frame.Enter(code, Arguments);
        code.Mov(Blocks, new Address(Arguments, BlocksAt));
        code.Mov(Patches, new Address(Arguments, PatchesAt));
        code.Mov(Channel, new Address(Arguments, ChannelsAt));
        code.Mov(Int8EpilogueEmitter.Constants, new Address(Arguments, ConstantsAt));
        product.LoadConstant(Int8EpilogueEmitter.Constants);
        Label channel = code.Here();
        code.Mov(BlocksLeft, new Address(Channel, SparseChannel.CountAt));
        code.VpBroadcastD(0, new Address(Channel, SparseChannel.StartAt));
        for (int vector = 1; vector < layout.Vectors; vector++)
            code.VMov(vector, 0);
        Label block = code.Here();
        code.Load32(Row, new Address(Blocks, 0));
        code.VpBroadcastD(weights, new Address(Blocks, 4));
        code.Add(Row, Patches);
        for (int vector = 0; vector < layout.Vectors; vector++)
        {
            int pixels = firstPixels + (vector % pixelRegisters);
            code.VMov(pixels, new Address(Row, code.Target.Bytes * vector), layout.Width(vector));
            product.Add(vector, pixels, weights, layout.Width(vector));
        }

        code.Add(Blocks, sizeof(long));
        code.Sub(BlocksLeft, 1);
        code.JumpIfNotZero(block);
        EmitStore(shape, code, weights);
        code.Add(Channel, SparseChannel.Bytes);
        code.Dec(new Address(Arguments, ChannelsLeftAt));
        code.JumpIfNotZero(channel);
        Frame.Leave(code);
    }

    private static void EmitStore(SparseTileShape shape, X64Assembler code, int multiplier)
    {
        PanelLayout layout = shape.Layout;
        var epilogue = new Int8EpilogueEmitter(shape.Epilogue, code);
        code.Mov(Row, new Address(Channel, SparseChannel.RowAt));
        code.Add(Row, new Address(Arguments, RowsAt));
        code.VpBroadcastD(multiplier, new Address(Channel, SparseChannel.MultiplierAt));
        for (int sum = 0; sum < layout.Vectors; sum++)
        {
            code.VCvtDq2Ps(sum, sum);
            code.VMulPs(sum, sum, multiplier);
            epilogue.Round(sum);
        }

        for (int unit = 0; unit < layout.Vectors; unit += layout.UnitVectors(unit))
        {
            VectorWidth width = epilogue.Narrow(unit, layout.UnitVectors(unit), multiplier);
            code.VMov(new Address(Row, layout.Lanes * unit), unit, width);
        }
    }
}

/// <summary>All that the code of a sparse tile depends on.</summary>
/// <param name="Layout">Registers of output pixels.</param>
/// <param name="Epilogue">How sums become outputs.</param>
internal readonly record struct SparseTileShape(PanelLayout Layout, Int8Epilogue Epilogue)
{
    public bool Equals(SparseTileShape other) => Layout.Equals(other.Layout) && Epilogue.Equals(other.Epilogue);

    public override int GetHashCode() => Layout.Channels;
}

/// <summary>An output channel of a sparse tile.</summary>
internal struct SparseChannel
{
    public const int CountAt = 0, RowAt = 8, StartAt = 16, MultiplierAt = 20, Bytes = 24;

    /// <summary>Blocks of the channel, at least 1.</summary>
    public long Count;

    /// <summary>Bytes from the tile's first result to the channel's.</summary>
    public long Row;

    /// <summary>Where the sums start.</summary>
    public int Start;

    /// <summary>Of the sums.</summary>
    public float Multiplier;
}

/// <summary>Arguments of an assembled sparse tile.</summary>
internal unsafe struct SparseTileArguments
{
    public const int PatchesAt = 0, BlocksAt = 8, ChannelsAt = 16, RowsAt = 24, ConstantsAt = 32, ChannelsLeftAt = 40;

    /// <summary>[blocks, pixels in the layout's order, 4] unsigned input bytes.</summary>
    public byte* Patches;

    /// <summary>Of each channel in turn its blocks: 32 bits from the patches to the block's, and four weights.</summary>
    public long* Blocks;

    /// <summary>The channels.</summary>
    public SparseChannel* Channels;

    /// <summary>Receives the results, pixels of a channel side by side.</summary>
    public byte* Rows;

    /// <summary><see cref="Int8EpilogueConstants"/>.</summary>
    public byte* Constants;

    /// <summary>Channels to compute, at least 1.</summary>
    public long ChannelsLeft;
}
