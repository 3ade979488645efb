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

    private const Gpr Constants = Int8EpilogueEmitter.Constants;

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
        var epilogue = new Int8EpilogueEmitter(shape.Epilogue, code);
        int first = row * layout.Vectors, free = shape.Rows * layout.Vectors;
        for (int vector = 0; vector < layout.Vectors; vector++)
        {
            int sum = first + vector;
            code.VCvtDq2Ps(sum, sum);
            code.VMulPs(sum, sum, new Address(Multipliers, 64 * vector));
            epilogue.Round(sum);
        }

        for (int unit = 0; unit < layout.Vectors; unit += layout.UnitVectors(unit))
        {
            int at = (row * shape.OutputBytes) + (unit * 16), sum = first + unit;
            bool masked = shape.Masked && unit == layout.LastUnit;
            if (shape.Epilogue.Residual != ResidualSide.None)
                epilogue.AddResidual(sum, layout.UnitVectors(unit), layout.Width(unit), new Address(Residual, at), masked ? Mask : 0, free);
            var to = new Address(Output, at);
            VectorWidth width = epilogue.Narrow(sum, layout.UnitVectors(unit));
            if (masked)
                code.VMovBytes(to, sum, Mask, width);
            else if (layout.Width(unit) == VectorWidth.Bits256)
                code.VMovQ(to, sum);
            else
                code.VMov(to, sum, width);
        }
    }
}
