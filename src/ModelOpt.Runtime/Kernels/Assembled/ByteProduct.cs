using System.Runtime.Intrinsics;
using ModelOpt.Runtime.Jit;

namespace ModelOpt.Runtime.Kernels.Assembled;

/// <summary>How products of four unsigned bytes with four signed ones are added to an int32. Every way gives the same bits.</summary>
internal enum ByteProduct
{
    /// <summary>By one instruction, where the target has it.</summary>
    Dot,

    /// <summary>
    /// As sums of two in int16, then of four. A sum saturates where two weights together are beyond −128…128: mostly the complement of
    /// an input byte helps, see <see cref="Complements"/>. Weights that are left are halved, and the other halves are multiplied once
    /// more, see <see cref="PairSplit"/>.
    /// </summary>
    Bytes,

    /// <summary>Two at a time as int16, which the input is copied as: a third more instructions, for any weights.</summary>
    Words,
}

/// <summary>Chooses products.</summary>
internal static class ByteProducts
{
    // Where registers' weights are multiplied twice in this share of steps, words are faster.
    private const double MaxSplit = 0.12;

    // As panels mostly have.
    private const int PanelVectors = 2;

    /// <summary>The fastest product for weights of a layer, and the share of steps whose weights have other halves.</summary>
    /// <param name="target">Instructions.</param>
    /// <param name="weights">[channels, perChannel].</param>
    /// <param name="channels">Channels.</param>
    /// <param name="runBytes">Neighbours that are divided into steps of four; they divide the weights.</param>
    public static (ByteProduct Product, double Split) Choose(Target target, ReadOnlySpan<sbyte> weights, int channels, int runBytes)
    {
        if (target.HasDot)
            return (ByteProduct.Dot, 0);
        int perChannel = weights.Length / channels, steps = (runBytes + 3) / 4, split = 0, lanes = target.Lanes;
        var marks = new byte[perChannel / runBytes * steps];
        for (int channel = 0; channel < channels; channel++)
        {
            int vector = channel / lanes % PanelVectors;
            Mark(weights.Slice(channel * perChannel, perChannel), runBytes, steps, marks, 4 * vector);
            if (channel < channels - 1 && (channel + 1) % (PanelVectors * lanes) != 0)
                continue;
            split += LeastOf(marks);
            Array.Clear(marks);
        }

        double share = (double)split / marks.Length / ((channels + lanes - 1) / lanes);
        return share <= MaxSplit ? (ByteProduct.Bytes, share) : (ByteProduct.Words, 0);
    }

    /// <summary>Elements of input that a product takes at once: four bytes, or two words.</summary>
    public static int StepElements(this ByteProduct product) => product == ByteProduct.Words ? 2 : 4;

    /// <summary>Bytes of an element of input and of weights.</summary>
    public static int ElementBytes(this ByteProduct product) => product == ByteProduct.Words ? 2 : 1;

    /// <summary>Whether two weights together may saturate an int16.</summary>
    public static bool Saturates(int first, int second) => first + second is < -128 or > 128;

    /// <summary>Whether any of eight pairs may.</summary>
    /// <param name="weights">16 of them.</param>
    public static unsafe bool AnySaturates(sbyte* weights)
    {
        Vector128<short> pairs = Vector128.Load((short*)weights), sums = ((pairs << 8) >> 8) + (pairs >> 8);
        return Vector128.GreaterThanAny(Vector128.Abs(sums), Vector128.Create((short)128));
    }

    /// <summary>Adds the patterns (see <see cref="Complements"/>) with which weights of a channel saturate to those of each step.</summary>
    private static unsafe void Mark(ReadOnlySpan<sbyte> weights, int runBytes, int steps, byte[] marks, int shift)
    {
        sbyte* quad = stackalloc sbyte[16];
        fixed (sbyte* from = weights)
        {
            for (int run = 0, at = 0; run < weights.Length; run += runBytes, at += steps)
            {
                for (int i = 0; i < runBytes; i += 16)
                {
                    int bytes = Math.Min(16, runBytes - i);
                    if (bytes == 16 && Complements.Saturating(from + run + i, 16) == 0)
                        continue;
                    for (int j = 0; j < bytes; j += 4)
                    {
                        new Span<sbyte>(quad, 16).Clear();
                        new Span<sbyte>(from + run + i + j, Math.Min(4, bytes - j)).CopyTo(new Span<sbyte>(quad, 16));
                        marks[at + ((i + j) / 4)] |= (byte)(Complements.Saturating(quad, 16) << shift);
                    }
                }
            }
        }
    }

    /// <summary>Registers with weights that saturate, with the best pattern of each step.</summary>
    private static int LeastOf(byte[] marks)
    {
        int sum = 0;
        foreach (byte mark in marks)
        {
            int both = mark & (mark >> 4) & 0xF, any = (mark | (mark >> 4)) & 0xF;
            sum += any != 0xF ? 0 : both != 0xF ? 1 : 2;
        }

        return sum;
    }
}

/// <summary>Assembles products of a broadcast of four bytes of input with registers of weights.</summary>
/// <param name="product">How.</param>
/// <param name="code">Receives the instructions.</param>
/// <param name="temporary">A register that may be overwritten, except for <see cref="ByteProduct.Dot"/>.</param>
/// <param name="ones">Holds what <see cref="LoadConstant"/> loads.</param>
internal readonly struct ByteProductEmitter(ByteProduct product, X64Assembler code, int temporary, int ones)
{
    /// <summary>Registers that products need beside sums and weights: for input, its flip, and the above.</summary>
    public static int Registers(ByteProduct product) => product == ByteProduct.Bytes ? 4 : 2;

    /// <summary>Loads the constant, if there is one.</summary>
    public void LoadConstant(Gpr constants)
    {
        if (product == ByteProduct.Bytes)
            code.VMov(ones, new Address(constants, Int8EpilogueConstants.OnesAt));
    }

    /// <summary>Adds products to sums.</summary>
    public void Add(int sum, int input, int weights, VectorWidth width)
    {
        switch (product)
        {
            case ByteProduct.Dot:
                code.VpDpBusd(sum, input, weights, width);
                return;
            case ByteProduct.Bytes:
                code.VpMAddUbSw(temporary, input, weights);
                break;
            default:
                code.VpMAddWd(temporary, input, weights);
                break;
        }

        AddTemporary(sum);
    }

    /// <summary>The same with weights in memory.</summary>
    public void Add(int sum, int input, Address weights, VectorWidth width)
    {
        switch (product)
        {
            case ByteProduct.Dot:
                code.VpDpBusd(sum, input, weights, width);
                return;
            case ByteProduct.Bytes:
                code.VpMAddUbSw(temporary, input, weights);
                break;
            default:
                code.VpMAddWd(temporary, input, weights);
                break;
        }

        AddTemporary(sum);
    }

    private void AddTemporary(int sum)
    {
        if (product == ByteProduct.Bytes)
            code.VpMAddWd(temporary, temporary, ones);
        code.VpAddD(sum, sum, temporary);
    }
}
