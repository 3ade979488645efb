using ModelOpt.Runtime.Jit;

namespace ModelOpt.Runtime.Kernels.Assembled;

using static Int8EpilogueConstants;

/// <summary>Assembles the end of a kernel on scaled sums in registers: rounding, the addition of a residual, int8 or uint8.</summary>
/// <param name="epilogue">The steps after the sums.</param>
/// <param name="code">Receives the instructions.</param>
/// <param name="constants">Holds the address of <see cref="Int8EpilogueConstants"/>.</param>
internal readonly struct Int8EpilogueEmitter(Int8Epilogue epilogue, X64Assembler code, Gpr constants = Int8EpilogueEmitter.Constants)
{
    /// <summary>Where most have the address of the constants.</summary>
    public const Gpr Constants = Gpr.R9;

    // The mask register of a tail.
    private const int Mask = 1;

    /// <summary>float32 to int32, clamped to the output's range where it may not fit.</summary>
    public void Round(int sum)
    {
        if (epilogue.ClampInFloat)
        {
            code.VMaxPs(sum, sum, At(LowFloatAt));
            code.VMinPs(sum, sum, At(HighFloatAt));
        }

        code.VCvtPs2Dq(sum, sum);
    }

    /// <summary>Adds 8-bit values in memory to the results of a unit, as an ADD after the layer would.</summary>
    /// <param name="sum">The first register of the unit.</param>
    /// <param name="vectors">Its registers.</param>
    /// <param name="width">The registers' width.</param>
    /// <param name="from">The values.</param>
    /// <param name="tail">See <see cref="UnitTail"/>; 0 where all are there.</param>
    /// <param name="free">The first of five registers that may be overwritten.</param>
    public void AddResidual(int sum, int vectors, VectorWidth width, Address from, int tail, int free)
    {
        int offset = free;
        Span<int> addends = [free + 1, free + 2, free + 3, free + 4];
        LoadResidual(addends[..vectors], width, from, tail, zero: free);
        code.VMov(offset, At(OffsetAt));
        for (int i = 0; i < vectors; i++)
        {
            int result = sum + i, addend = addends[i];
            code.VpAddD(result, result, At(LayerZeroAt));
            code.VpMaxSD(result, result, At(LayerLowAt));
            code.VpMinSD(result, result, At(LayerHighAt));
            code.VCvtDq2Ps(result, result);
            code.VCvtDq2Ps(addend, addend);
            if (epilogue.Residual == ResidualSide.Right)
            {
                code.VFmAdd132Ps(addend, offset, At(RightFactorAt));
                code.VFmAdd132Ps(result, addend, At(LeftFactorAt));
            }
            else
            {
                code.VFmAdd132Ps(result, offset, At(RightFactorAt));
                code.VFmAdd231Ps(result, addend, At(LeftFactorAt));
            }

            code.VCvtPs2Dq(result, result);
        }
    }

    /// <summary>Narrows the registers of a unit into the first of them, whose width then is returned.</summary>
    /// <param name="sum">The first register of the unit.</param>
    /// <param name="vectors">Its registers.</param>
    /// <param name="free">A register that may be overwritten, where there are no masks.</param>
    public VectorWidth Narrow(int sum, int vectors, int free = 0)
    {
        if (vectors == 4)
        {
            code.VPackSsDw(sum, sum, sum + 1);
            code.VPackSsDw(sum + 2, sum + 2, sum + 3);
            NarrowWords(sum, sum + 2);
            return code.Width;
        }

        if (!code.Target.Vex)
            return vectors == 2 ? NarrowPair(sum) : NarrowSingle(sum);

        // The halves of a register hold neighbouring channels, twice where there is one register.
        code.VPackSsDw(sum, sum, sum + vectors - 1);
        NarrowWords(sum, sum);
        if (vectors == 2)
        {
            code.VJoinEvenQuarters(sum, sum);
        }
        else
        {
            code.VExtractI128(free, sum);
            code.VpUnpackLDq(sum, sum, free);
        }

        return VectorWidth.Bits128;
    }

    private VectorWidth NarrowPair(int sum)
    {
        code.VPackSsDw(sum, sum, sum + 1);
        code.VpAddSw(sum, sum, At(Zero16At));
        if (epilogue.Unsigned)
        {
            code.VpXorD(sum + 1, sum + 1, sum + 1);
            code.VpMaxSw(sum, sum, sum + 1);
            code.VpMovUsWb(sum, sum);
        }
        else
        {
            code.VpMovSwb(sum, sum);
        }

        ClampBytes(sum);
        return VectorWidth.Bits256;
    }

    private VectorWidth NarrowSingle(int sum)
    {
        code.VpAddD(sum, sum, At(Zero32At));
        if (epilogue is { ClampBytes: false, Unsigned: false })
        {
            code.VpMovSdb(sum, sum);
            return VectorWidth.Bits128;
        }

        code.VpMaxSD(sum, sum, At(Low32At));
        code.VpMinSD(sum, sum, At(High32At));
        code.VpMovDb(sum, sum);
        return VectorWidth.Bits128;
    }

    /// <summary>Adds the zero point to two registers of int16, which may be one, and narrows them into the first.</summary>
    public void NarrowWords(int low, int high)
    {
        code.VpAddSw(low, low, At(Zero16At));
        if (high != low)
            code.VpAddSw(high, high, At(Zero16At));
        if (epilogue.Unsigned)
            code.VPackUsWb(low, low, high);
        else
            code.VPackSsWb(low, low, high);
        ClampBytes(low);
    }

    private void ClampBytes(int bytes)
    {
        if (!epilogue.ClampBytes)
            return;
        if (epilogue.Unsigned)
        {
            code.VpMaxUb(bytes, bytes, At(Low8At));
            code.VpMinUb(bytes, bytes, At(High8At));
        }
        else
        {
            code.VpMaxSb(bytes, bytes, At(Low8At));
            code.VpMinSb(bytes, bytes, At(High8At));
        }
    }

    /// <summary>int8 values, made uint8, as int32 in the order of a unit's lanes.</summary>
    private void LoadResidual(ReadOnlySpan<int> to, VectorWidth width, Address from, int tail, int zero)
    {
        int mask = tail == UnitTail.Masked ? Mask : 0;
        if (tail > 0)
            code.VLoadFirst(to[^1], from, tail, zero);
        switch (to.Length)
        {
            case 4:
                if (mask != 0)
                    code.VMovBytes(to[3], from, mask);
                else if (tail == 0)
                    code.VMov(to[3], from);
                code.VpXorD(to[3], to[3], At(FlipAt));
                code.VpXorD(zero, zero, zero);
                code.VpUnpackLBw(to[1], to[3], zero);
                code.VpUnpackHBw(to[3], to[3], zero);
                code.VpUnpackLWd(to[0], to[1], zero);
                code.VpUnpackHWd(to[1], to[1], zero);
                code.VpUnpackLWd(to[2], to[3], zero);
                code.VpUnpackHWd(to[3], to[3], zero);
                break;
            case 2:
                if (tail > 0)
                    code.VpMovZxBw(to[1], to[1]);
                else
                    code.VpMovZxBw(to[1], from, mask);
                code.VpXorD(to[1], to[1], At(Flip16At));
                code.VpXorD(zero, zero, zero);
                code.VpUnpackLWd(to[0], to[1], zero);
                code.VpUnpackHWd(to[1], to[1], zero);
                break;
            default:
                if (tail > 0)
                    code.VpMovZxBd(to[0], to[0]);
                else
                    code.VpMovZxBd(to[0], from, width, mask);
                code.VpXorD(to[0], to[0], At(Flip32At));
                break;
        }
    }

    private Address At(int constant) => new(constants, constant);
}
