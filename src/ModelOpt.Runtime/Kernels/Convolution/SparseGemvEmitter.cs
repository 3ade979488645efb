using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Assembled;

namespace ModelOpt.Runtime.Kernels.Convolution;

using static SparseGemvArguments;

/// <summary>
/// Assembles the innermost product of sparse int8 matrices with one vector for AVX512-VNNI. Lanes are output channels; in each
/// step a lane multiplies a block of four weights of its own with four input bytes that it picks from a window of two registers. See
/// <see cref="SparseRounds"/> for the order of steps. Requantization follows in registers, as in <see cref="Int8TileEmitter"/>.
/// </summary>
internal static class SparseGemvEmitter
{
    // Registers volatile in both calling conventions. The window's gives way to the constants in the end, the counter to the results.
    private const Gpr Data = Gpr.Rax, Windows = Gpr.Rcx, Input = Gpr.Rdx, Group = Gpr.R8, Window = Gpr.R9, RoundsLeft = Gpr.R10,
        Rows = Gpr.R10, Arguments = Gpr.R11;

    private const int Picks = SparseRounds.Steps, Picked = Picks + 1, WindowStart = Picks + 2;

    /// <param name="epilogue">All that the code depends on.</param>
    /// <param name="code">Receives it.</param>
    public static void Emit(Int8Epilogue epilogue, X64Assembler code)
    {
        Frame.Enter(code, Arguments);
        code.Mov(Data, new Address(Arguments, DataAt));
        code.Mov(Windows, new Address(Arguments, WindowsAt));
        code.Mov(Input, new Address(Arguments, InputAt));
        code.Mov(Group, new Address(Arguments, GroupsAt));
        Label group = code.Here();
        code.Mov(RoundsLeft, new Address(Group, SparseGroup.RoundsAt));
        code.VMov(0, new Address(Group, SparseGroup.StartsAt));
        // A sum for each step of a round: its latency would be that of the round otherwise.
        for (int sum = 1; sum < SparseRounds.Steps; sum++)
            code.VpXorD(sum, sum, sum);
        Label round = code.Here();
        code.VMov(Picks, new Address(Data, 0));
        for (int step = 0; step < SparseRounds.Steps; step++)
            EmitStep(code, step);
        code.Add(Windows, SparseRounds.WindowBytes);
        code.Add(Data, SparseRounds.Bytes);
        code.Sub(RoundsLeft, 1);
        code.JumpIfNotZero(round);
        for (int sum = 1; sum < SparseRounds.Steps; sum++)
            code.VpAddD(0, 0, sum);
        EmitStore(epilogue, code);
        code.Add(Group, SparseGroup.Bytes);
        code.Dec(new Address(Arguments, GroupsLeftAt));
        code.JumpIfNotZero(group);
        Frame.Leave(code);
    }

    private static void EmitStep(X64Assembler code, int step)
    {
        if (step % SparseRounds.StepsPerWindow == 0)
        {
            code.Load32(Window, new Address(Windows, step / SparseRounds.StepsPerWindow * sizeof(int)));
            code.Add(Window, Input);
            code.VMov(WindowStart, new Address(Window, 0));
        }

        // The instruction looks at the lowest five bits of a lane only.
        if (step == 0)
            code.VMov(Picked, Picks);
        else
            code.VpSrlD(Picked, Picks, 8 * step);
        code.VpErmI2D(Picked, WindowStart, new Address(Window, 64));
        code.VpDpBusd(step, Picked, new Address(Data, 64 * (step + 1)));
    }

    private static void EmitStore(Int8Epilogue shape, X64Assembler code)
    {
        var epilogue = new Int8EpilogueEmitter(shape, code);
        code.Mov(Int8EpilogueEmitter.Constants, new Address(Arguments, ConstantsAt));
        code.Mov(Rows, new Address(Arguments, RowsAt));
        code.VCvtDq2Ps(0, 0);
        code.VMulPs(0, 0, new Address(Group, SparseGroup.MultipliersAt));
        epilogue.Round(0);
        code.VMov(new Address(Rows, 0), 0, epilogue.Narrow(0, 1));
        code.Add(Rows, SparseRounds.Lanes);
        code.Mov(new Address(Arguments, RowsAt), Rows);
    }
}

/// <summary>Sixteen output channels of a sparse matrix.</summary>
internal unsafe struct SparseGroup
{
    public const int RoundsAt = 0, StartsAt = 64, MultipliersAt = 128, Bytes = 192;

    /// <summary>Rounds of the group, at least 1.</summary>
    public long Rounds;

    private fixed long _padding[7];

    /// <summary>Where the sums start.</summary>
    public fixed int Starts[SparseRounds.Lanes];

    /// <summary>Of the sums.</summary>
    public fixed float Multipliers[SparseRounds.Lanes];
}

/// <summary>Arguments of an assembled product of a sparse matrix and a vector.</summary>
internal unsafe struct SparseGemvArguments
{
    public const int InputAt = 0, DataAt = 8, WindowsAt = 16, GroupsAt = 24, RowsAt = 32, ConstantsAt = 40, GroupsLeftAt = 48;

    /// <summary>The vector as unsigned bytes, readable as <see cref="SparseRounds.InputBytes"/> says.</summary>
    public byte* Input;

    /// <summary>Picks and weights of the first group's first round.</summary>
    public byte* Data;

    /// <summary>Bytes from the input to each window.</summary>
    public int* Windows;

    /// <summary>The groups.</summary>
    public SparseGroup* Groups;

    /// <summary>Receives 16 results of each group.</summary>
    public byte* Rows;

    /// <summary><see cref="Int8EpilogueConstants"/>.</summary>
    public byte* Constants;

    /// <summary>Groups to compute, at least 1.</summary>
    public long GroupsLeft;
}
