using ModelOpt.Runtime.Jit;

namespace ModelOpt.Runtime.Kernels.Assembled;

using static Int8EpilogueConstants;
using static Int8TileArguments;

/// <summary>
/// Assembles the innermost product of int8 convolutions for AVX512-VNNI: a row of tiles, each of Rows output pixels by Vectors
/// registers of output channels. Four consecutive input bytes of a pixel are broadcast and multiplied with four weights of
/// sixteen channels at once; requantization follows in registers:
/// y = clamp(rint((float)sum · m) + z), as <see cref="Requantizer"/> computes it.
/// </summary>
internal static class Int8TileEmitter
{
    private const int UnrolledSteps = 4;

    // Registers volatile in both calling conventions, and rbx, which is saved.
    private const Gpr Input = Gpr.Rax, Cursor = Gpr.Rcx, Weights = Gpr.Rdx, RunTable = Gpr.R8, RunsLeft = Gpr.R9, Output = Gpr.R10,
        Arguments = Gpr.R11, StepsLeft = Gpr.Rbx;

    // In the epilogue, when the sums are complete.
    private const Gpr Multipliers = Gpr.Rcx, Residual = Gpr.R8;

    /// <summary>In epilogues, the address of <see cref="Int8EpilogueConstants"/>.</summary>
    public const Gpr Constants = Gpr.R9;

    private const int Mask = 1, FlipBits = 31;

    /// <summary>Pixels that fit the registers beside the weights, a broadcast and the flip constant.</summary>
    public static int MaxRows(int vectors) => vectors == PanelLayout.MaxVectors ? 1 : (32 - 2 - vectors) / vectors;

    public static void Emit(Int8TileShape shape, X64Assembler code)
    {
        Frame.Enter(code, Arguments);
        code.Push(StepsLeft);
        if (shape.Masked)
        {
            code.Mov(Input, new Address(Arguments, MaskAt));
            code.KMovQ(Mask, Input);
        }

        code.Mov(Input, new Address(Arguments, InputAt));
        code.Mov(Output, new Address(Arguments, OutputAt));
        Label tile = code.Here();
        EmitSums(shape, code);
        code.Mov(Multipliers, new Address(Arguments, MultipliersAt));
        code.Mov(Constants, new Address(Arguments, ConstantsAt));
        if (shape.Epilogue.Residual != ResidualSide.None)
        {
            code.Mov(Residual, new Address(Arguments, ResidualAt));
            code.Add(Residual, Output);
        }

        for (int row = 0; row < shape.Rows; row++)
            EmitStore(shape, code, row);
        code.Add(Input, shape.Rows * shape.PixelBytes);
        code.Add(Output, shape.Rows * shape.OutputBytes);
        code.Dec(new Address(Arguments, TilesAt));
        code.JumpIfNotZero(tile);
        code.Pop(StepsLeft);
        Frame.Leave(code);
    }

    private static void EmitSums(Int8TileShape shape, X64Assembler code)
    {
        code.Mov(Weights, new Address(Arguments, WeightsAt));
        code.Mov(Cursor, new Address(Arguments, StartsAt));
        for (int vector = 0; vector < shape.Layout.Vectors; vector++)
            code.VMov(vector, new Address(Cursor, 64 * vector));
        for (int sum = shape.Layout.Vectors; sum < shape.Rows * shape.Layout.Vectors; sum++)
            code.VMov(sum, sum % shape.Layout.Vectors);
        if (shape.Flip)
        {
            code.Mov(Cursor, new Address(Arguments, ConstantsAt));
            code.VMov(FlipBits, new Address(Cursor, FlipAt));
        }

        if (shape.Runs == 1)
        {
            code.Mov(Cursor, Input);
            EmitRun(shape, code);
            return;
        }

        code.Mov(RunTable, new Address(Arguments, RunsAt));
        code.Mov(RunsLeft, (uint)shape.Runs);
        Label run = code.Here();
        code.Mov(Cursor, new Address(RunTable, 0));
        code.Add(Cursor, Input);
        EmitRun(shape, code);
        code.Add(RunTable, 8);
        code.Sub(RunsLeft, 1);
        code.JumpIfNotZero(run);
    }

    private static void EmitRun(Int8TileShape shape, X64Assembler code)
    {
        int step = 64 * shape.Layout.Vectors;
        int loops = shape.Steps / UnrolledSteps;
        if (loops < 2)
        {
            EmitSteps(shape, code, shape.Steps);
            code.Add(Weights, shape.Steps * step);
            return;
        }

        code.Mov(StepsLeft, (uint)loops);
        Label loop = code.Here();
        EmitSteps(shape, code, UnrolledSteps);
        code.Add(Cursor, 4 * UnrolledSteps);
        code.Add(Weights, UnrolledSteps * step);
        code.Sub(StepsLeft, 1);
        code.JumpIfNotZero(loop);
        int rest = shape.Steps % UnrolledSteps;
        EmitSteps(shape, code, rest);
        if (rest > 0 && shape.Runs > 1)
            code.Add(Weights, rest * step);
    }

    private static void EmitSteps(Int8TileShape shape, X64Assembler code, int steps)
    {
        int firstWeight = shape.Rows * shape.Layout.Vectors;
        int pixel = shape.Rows == 1 ? firstWeight : firstWeight + shape.Layout.Vectors;
        for (int step = 0; step < steps; step++)
        {
            var weights = new Address(Weights, step * 64 * shape.Layout.Vectors);
            for (int vector = 0; vector < shape.Layout.Vectors && shape.Rows > 1; vector++)
                code.VMov(firstWeight + vector, weights + (64 * vector));
            for (int row = 0; row < shape.Rows; row++)
            {
                code.VpBroadcastD(pixel, new Address(Cursor, (row * shape.PixelBytes) + (4 * step)));
                if (shape.Flip)
                    code.VpXorD(pixel, pixel, FlipBits);
                for (int vector = 0; vector < shape.Layout.Vectors; vector++)
                {
                    int sum = (row * shape.Layout.Vectors) + vector;
                    VectorWidth width = shape.Layout.Width(vector);
                    if (shape.Rows == 1)
                        code.VpDpBusd(sum, pixel, weights + (64 * vector), width);
                    else
                        code.VpDpBusd(sum, pixel, firstWeight + vector, width);
                }
            }
        }
    }

    private static void EmitStore(Int8TileShape shape, X64Assembler code, int row)
    {
        PanelLayout layout = shape.Layout;
        int first = row * layout.Vectors;
        for (int vector = 0; vector < layout.Vectors; vector++)
        {
            int sum = first + vector;
            code.VCvtDq2Ps(sum, sum);
            code.VMulPs(sum, sum, new Address(Multipliers, 64 * vector));
            EmitRounding(shape.Epilogue, code, sum);
        }

        for (int unit = 0; unit < layout.Vectors; unit += layout.UnitVectors(unit))
        {
            int at = (row * shape.OutputBytes) + (unit * 16), sum = first + unit;
            bool masked = shape.Masked && unit == layout.LastUnit;
            if (shape.Epilogue.Residual != ResidualSide.None)
                EmitResidual(shape, code, sum, layout.UnitVectors(unit), layout.Width(unit), new Address(Residual, at), masked ? Mask : 0);
            var to = new Address(Output, at);
            VectorWidth width = Narrow(shape.Epilogue, code, sum, layout.UnitVectors(unit));
            if (masked)
                code.VMovBytes(to, sum, Mask, width);
            else if (layout.Width(unit) == VectorWidth.Bits256)
                code.VMovQ(to, sum);
            else
                code.VMov(to, sum, width);
        }
    }

    /// <summary>float32 to int32, clamped to the output's range where it may not fit.</summary>
    public static void EmitRounding(Int8Epilogue epilogue, X64Assembler code, int sum)
    {
        if (epilogue.ClampInFloat)
        {
            code.VMaxPs(sum, sum, new Address(Constants, LowFloatAt));
            code.VMinPs(sum, sum, new Address(Constants, HighFloatAt));
        }

        code.VCvtPs2Dq(sum, sum);
    }

    /// <summary>Adds 8-bit values in memory to the results of a unit, as an ADD after the layer would.</summary>
    private static void EmitResidual(
        Int8TileShape shape, X64Assembler code, int sum, int vectors, VectorWidth width, Address from, int mask)
    {
        int free = shape.Rows * shape.Layout.Vectors, offset = free;
        Span<int> addends = [free + 1, free + 2, free + 3, free + 4];
        LoadResidual(code, addends[..vectors], width, from, mask, zero: free);
        code.VMov(offset, new Address(Constants, OffsetAt));
        for (int i = 0; i < vectors; i++)
        {
            int result = sum + i, addend = addends[i];
            code.VpAddD(result, result, new Address(Constants, LayerZeroAt));
            code.VpMaxSD(result, result, new Address(Constants, LayerLowAt));
            code.VpMinSD(result, result, new Address(Constants, LayerHighAt));
            code.VCvtDq2Ps(result, result);
            code.VCvtDq2Ps(addend, addend);
            if (shape.Epilogue.Residual == ResidualSide.Right)
            {
                code.VFmAdd132Ps(addend, offset, new Address(Constants, RightFactorAt));
                code.VFmAdd132Ps(result, addend, new Address(Constants, LeftFactorAt));
            }
            else
            {
                code.VFmAdd132Ps(result, offset, new Address(Constants, RightFactorAt));
                code.VFmAdd231Ps(result, addend, new Address(Constants, LeftFactorAt));
            }

            code.VCvtPs2Dq(result, result);
        }
    }

    /// <summary>int8 values, made uint8, as int32 in the order of a unit's lanes.</summary>
    private static void LoadResidual(X64Assembler code, ReadOnlySpan<int> to, VectorWidth width, Address from, int mask, int zero)
    {
        switch (to.Length)
        {
            case 4:
                if (mask == 0)
                    code.VMov(to[3], from);
                else
                    code.VMovBytes(to[3], from, mask);
                code.VpXorD(to[3], to[3], new Address(Constants, FlipAt));
                code.VpXorD(zero, zero, zero);
                code.VpUnpackLBw(to[1], to[3], zero);
                code.VpUnpackHBw(to[3], to[3], zero);
                code.VpUnpackLWd(to[0], to[1], zero);
                code.VpUnpackHWd(to[1], to[1], zero);
                code.VpUnpackLWd(to[2], to[3], zero);
                code.VpUnpackHWd(to[3], to[3], zero);
                break;
            case 2:
                code.VpMovZxBw(to[1], from, mask);
                code.VpXorD(to[1], to[1], new Address(Constants, Flip16At));
                code.VpXorD(zero, zero, zero);
                code.VpUnpackLWd(to[0], to[1], zero);
                code.VpUnpackHWd(to[1], to[1], zero);
                break;
            default:
                code.VpMovZxBd(to[0], from, width, mask);
                code.VpXorD(to[0], to[0], new Address(Constants, Flip32At));
                break;
        }
    }

    /// <summary>Narrows the registers of a unit into the first of them.</summary>
    public static VectorWidth Narrow(Int8Epilogue epilogue, X64Assembler code, int sum, int vectors)
    {
        var zero16 = new Address(Constants, Zero16At);
        switch (vectors)
        {
            case 4:
                code.VPackSsDw(sum, sum, sum + 1);
                code.VPackSsDw(sum + 2, sum + 2, sum + 3);
                code.VpAddSw(sum, sum, zero16);
                code.VpAddSw(sum + 2, sum + 2, zero16);
                if (epilogue.Unsigned)
                    code.VPackUsWb(sum, sum, sum + 2);
                else
                    code.VPackSsWb(sum, sum, sum + 2);
                ClampBytes(epilogue, code, sum);
                return VectorWidth.Bits512;
            case 2:
                code.VPackSsDw(sum, sum, sum + 1);
                code.VpAddSw(sum, sum, zero16);
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

                ClampBytes(epilogue, code, sum);
                return VectorWidth.Bits256;
            default:
                code.VpAddD(sum, sum, new Address(Constants, Zero32At));
                if (epilogue is { ClampBytes: false, Unsigned: false })
                {
                    code.VpMovSdb(sum, sum);
                    return VectorWidth.Bits128;
                }

                code.VpMaxSD(sum, sum, new Address(Constants, Low32At));
                code.VpMinSD(sum, sum, new Address(Constants, High32At));
                code.VpMovDb(sum, sum);
                return VectorWidth.Bits128;
        }
    }

    private static void ClampBytes(Int8Epilogue epilogue, X64Assembler code, int sum)
    {
        if (!epilogue.ClampBytes)
            return;
        Address low = new(Constants, Low8At), high = new(Constants, High8At);
        if (epilogue.Unsigned)
        {
            code.VpMaxUb(sum, sum, low);
            code.VpMinUb(sum, sum, high);
        }
        else
        {
            code.VpMaxSb(sum, sum, low);
            code.VpMinSb(sum, sum, high);
        }
    }
}
