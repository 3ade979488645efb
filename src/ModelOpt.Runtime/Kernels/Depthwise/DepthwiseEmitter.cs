using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Assembled;

namespace ModelOpt.Runtime.Kernels.Depthwise;

using static DepthwiseArguments;
using static Int8EpilogueConstants;

/// <summary>
/// Assembles int8 depthwise convolutions: rows of outputs, panel by panel of channels. The bytes of four input
/// pixels are interleaved so that each int32 lane holds four pixels of one channel, and dot products with as many weights sum
/// them; or products of the even and of the odd ones as int16. Saturating packs undo the interleaving:
/// y = clamp(rint((float)sum · m) + z), as <see cref="Requantizer"/> computes it. Interleaved pixels stay in registers or go to
/// memory, see <see cref="DepthwiseQuads"/>.
/// </summary>
internal sealed partial class DepthwiseEmitter
{
    // Registers; rbx, rsi and rdi belong to the caller in one calling convention or the other and are saved.
    private const Gpr Panel = Gpr.Rax, Arguments = Gpr.Rcx, Constants = Gpr.Rdx, StepsLeft = Gpr.Rbx, Output = Gpr.Rdi,
        SecondOutput = Gpr.Rsi, FirstRow = Gpr.R8, Quads = Gpr.R12;

    // Where there are more rows than registers for them: the row at hand, the columns' offset, the rows' addresses.
    private const Gpr CurrentRow = Gpr.R8, Offset = Gpr.R9, RowTable = Gpr.R10;
    private const int RowRegisters = 4, Mask = 1, FlipBits = 31, QuadRegisters = 16;

    // The same where quads are in memory; what sums use besides is not needed while they are loaded.
    private const int MemoryFlipBits = 8;

    private readonly DepthwiseShape _shape;
    private readonly X64Assembler _code;
    private readonly DepthwisePlan _plan;
    private readonly Int8EpilogueEmitter _epilogue;
    private readonly int _columnBytes;
    private readonly bool _inMemory;
    private readonly int _parts;
    private int _current;
    private int _step;

    private DepthwiseEmitter(DepthwiseShape shape, X64Assembler code)
    {
        _shape = shape;
        _code = code;
        _epilogue = new Int8EpilogueEmitter(shape.Epilogue, code, Constants);
        _columnBytes = shape.Flat ? 1 : shape.Channels;
        _inMemory = DepthwiseQuads.AreInMemory(code.Target);
        _parts = DepthwiseQuads.Parts(code.Target);
        _plan = DepthwisePlan.Create(shape, _parts);
    }

    private VectorWidth Width => _shape.Width;

    private bool Resident => _plan.Carried > 0;

    private bool RowsInRegisters => _plan.InputRows <= RowRegisters;

    public static void Emit(DepthwiseShape shape, X64Assembler code)
    {
        code.Width = shape.Width;
        new DepthwiseEmitter(shape, code).Emit();
    }

    private void Emit()
    {
        Frame.Enter(_code, Arguments);
        _code.Push(StepsLeft);
        _code.Push(Output);
        _code.Push(SecondOutput);
        if (_inMemory)
            _code.Push(Quads);
        EmitLoads();
        Label panel = _code.Here();
        (int begin, int end) = _shape.AlikeSteps();
        for (int step = 0; step < begin; step++)
            EmitStep(step, step == 0 ? 0 : _plan.Carried);
        int together = _inMemory && Resident ? 2 : 1, loops = (end - begin) / together;
        if (loops > 0)
        {
            _code.Mov(StepsLeft, (uint)loops);
            if (begin == 0)
                EmitQuads(0, _plan.Carried, begin);
            Label loop = _code.Here();
            for (int step = begin; step < begin + together; step++)
                EmitStep(step, _plan.Carried);
            _code.Sub(StepsLeft, 1);
            _code.JumpIfNotZero(loop);
        }

        for (int step = begin + (loops * together); step < _shape.Steps; step++)
            EmitStep(step, step == 0 ? 0 : _plan.Carried);
        Advance(
            Bytes() - (_shape.Steps * _plan.ColumnStep * _columnBytes),
            Bytes() - (_shape.Steps * DepthwisePlan.Columns * _shape.OutputPitch));
        _code.Add(Panel, DepthwisePanels.Bytes(_plan, Width));
        _code.Dec(new Address(Arguments, PanelsAt));
        _code.JumpIfNotZero(panel);
        if (_inMemory)
            _code.Pop(Quads);
        _code.Pop(SecondOutput);
        _code.Pop(Output);
        _code.Pop(StepsLeft);
        Frame.Leave(_code);
    }

    private int Bytes() => 16 << (int)Width;

    private void EmitLoads()
    {
        if (_shape.Tail == UnitTail.Masked)
        {
            _code.Mov(Panel, new Address(Arguments, MaskAt));
            _code.KMovQ(Mask, Panel);
        }

        _code.Mov(Panel, new Address(Arguments, PanelAt));
        _code.Mov(Constants, new Address(Arguments, ConstantsAt));
        _code.Mov(RowTable, new Address(Arguments, RowsAt));
        if (RowsInRegisters)
        {
            // The table's own register is the third row's: it comes last.
            foreach (int row in (ReadOnlySpan<int>)[0, 1, 3, 2])
            {
                if (row < _plan.InputRows)
                    _code.Mov(FirstRow + row, new Address(RowTable, 8 * row));
            }
        }
        else
        {
            _code.Mov(Offset, 0u);
        }

        _code.Mov(Output, new Address(Arguments, OutputAt));
        _code.Mov(SecondOutput, new Address(Arguments, SecondOutputAt));
        if (_inMemory)
            _code.Mov(Quads, new Address(Arguments, QuadsAt));
        else if (_shape.Flip)
            _code.VMov(FlipBits, new Address(Constants, FlipAt));
    }

    private void Advance(int inputBytes, int outputBytes)
    {
        if (!RowsInRegisters)
            _code.Add(Offset, inputBytes);
        for (int row = 0; RowsInRegisters && row < _plan.InputRows; row++)
            _code.Add(FirstRow + row, inputBytes);
        _code.Add(Output, outputBytes);
        if (_plan.Rows == 2)
            _code.Add(SecondOutput, outputBytes);
    }

    /// <summary>One step, whose quads from <paramref name="first"/> on are yet to load; moves rows and outputs on to the next.</summary>
    private void EmitStep(int step, int first)
    {
        int columns = Math.Min(DepthwisePlan.Columns, _shape.OutputWidth - (step * DepthwisePlan.Columns));
        bool last = step == _shape.Steps - 1;
        _current = DepthwisePlan.None;
        _step = step;
        if (Resident || _inMemory)
        {
            EmitQuads(first, _plan.Quads.Length, step, last ? columns : DepthwisePlan.Columns);
            SumByGroup(columns, step, last);
            for (int i = 0; i < 4 * _plan.Carried && !last && !_inMemory; i++)
                _code.VMov(i, (4 * (_plan.Quads.Length - _plan.Carried)) + i);
        }
        else
        {
            SumByQuad(columns, step);
        }

        Advance(_plan.ColumnStep * _columnBytes, DepthwisePlan.Columns * _shape.OutputPitch);
    }

    /// <summary>
    /// A quarter of a quad in memory. Every other step has the carried quads where the step before left them, which then become its last
    /// ones.
    /// </summary>
    private Address InQuads(int quad, int group, int part)
    {
        int carried = _plan.Carried, last = _plan.Quads.Length - carried;
        if (_step % 2 == 1)
            quad += quad < carried ? last : quad >= last ? -last : 0;
        return new Address(Quads, ((((4 * quad) + group) * _parts) + part) * Bytes());
    }
}
