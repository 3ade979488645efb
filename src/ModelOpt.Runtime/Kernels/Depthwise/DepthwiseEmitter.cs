using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Assembled;
using ModelOpt.Runtime.Kernels.MatMul;

namespace ModelOpt.Runtime.Kernels.Depthwise;

using static DepthwiseArguments;
using static Int8EpilogueConstants;

/// <summary>
/// Assembles int8 depthwise convolutions for AVX512-VNNI: rows of outputs, panel by panel of channels. The bytes of four input
/// pixels are interleaved so that each int32 lane holds four pixels of one channel, and dot products with as many weights sum
/// them. Saturating packs undo the interleaving:
/// y = clamp(rint((float)sum · m) + z), as <see cref="Requantizer"/> computes it.
/// </summary>
internal sealed partial class DepthwiseEmitter
{
    // Registers; rbx, rsi and rdi belong to the caller in one calling convention or the other and are saved.
    private const Gpr Panel = Gpr.Rax, Arguments = Gpr.Rcx, Constants = Gpr.Rdx, StepsLeft = Gpr.Rbx, Output = Gpr.Rdi,
        SecondOutput = Gpr.Rsi, FirstRow = Gpr.R8;

    // Where there are more rows than registers for them: the row at hand, the columns' offset, the rows' addresses.
    private const Gpr CurrentRow = Gpr.R8, Offset = Gpr.R9, RowTable = Gpr.R10;
    private const int RowRegisters = 4, Mask = 1, FlipBits = 31, QuadRegisters = 16;

    private readonly DepthwiseShape _shape;
    private readonly X64Assembler _code;
    private readonly DepthwisePlan _plan;
    private readonly int _columnBytes;
    private int _current;

    private DepthwiseEmitter(DepthwiseShape shape, X64Assembler code)
    {
        _shape = shape;
        _code = code;
        _plan = DepthwisePlan.Create(shape);
        _columnBytes = shape.Flat ? 1 : shape.Channels;
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
        EmitLoads();
        Label panel = _code.Here();
        (int begin, int end) = _shape.AlikeSteps();
        for (int step = 0; step < begin; step++)
            EmitStep(step, step == 0 ? 0 : _plan.Carried);
        if (end > begin)
        {
            _code.Mov(StepsLeft, (uint)(end - begin));
            if (begin == 0)
                EmitQuads(0, _plan.Carried, begin);
            Label loop = _code.Here();
            EmitStep(begin, _plan.Carried);
            _code.Sub(StepsLeft, 1);
            _code.JumpIfNotZero(loop);
        }

        for (int step = end; step < _shape.Steps; step++)
            EmitStep(step, step == 0 ? 0 : _plan.Carried);
        Advance(
            Bytes() - (_shape.Steps * _plan.ColumnStep * _columnBytes), Bytes() - (_shape.Steps * DepthwisePlan.Columns * _shape.OutputPitch));
        _code.Add(Panel, DepthwisePanels.Bytes(_plan, Width));
        _code.Dec(new Address(Arguments, PanelsAt));
        _code.JumpIfNotZero(panel);
        _code.Pop(SecondOutput);
        _code.Pop(Output);
        _code.Pop(StepsLeft);
        Frame.Leave(_code);
    }

    private int Bytes() => 16 << (int)Width;

    private void EmitLoads()
    {
        if (_shape.Masked)
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
        if (_shape.Flip)
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
        if (Resident)
        {
            EmitQuads(first, _plan.Quads.Length, step, last ? columns : DepthwisePlan.Columns);
            SumByGroup(columns, step, last);
            for (int i = 0; i < 4 * _plan.Carried && !last; i++)
                _code.VMov(i, (4 * (_plan.Quads.Length - _plan.Carried)) + i);
        }
        else
        {
            SumByQuad(columns, step);
        }

        Advance(_plan.ColumnStep * _columnBytes, DepthwisePlan.Columns * _shape.OutputPitch);
    }

    /// <summary>All quads are in registers: one quarter of the channels after the other.</summary>
    private void SumByGroup(int columns, int step, bool last)
    {
        var free = new Queue<int>();
        for (int register = QuadRegisters; register < FlipBits; register++)
            free.Enqueue(register);
        int outputs = columns * _plan.Rows;
        int[] sums = new int[outputs], even = new int[outputs], low = new int[outputs];
        for (int group = 0; group < _shape.Groups; group++)
        {
            for (int output = 0; output < outputs; output++)
            {
                sums[output] = free.Dequeue();
                if (output == 0)
                    _code.VMov(sums[0], InGroup(group, DepthwisePanels.StartAt(_plan, Width)));
                else
                    _code.VMov(sums[output], sums[0]);
            }

            for (int i = 0; i < _plan.Uses.Length;)
            {
                int weight = _plan.Uses[i].Weight, uses = 1;
                while (i + uses < _plan.Uses.Length && _plan.Uses[i + uses].Weight == weight)
                    uses++;
                int register = free.Dequeue();
                bool loaded = false;
                for (; uses > 0; uses--, i++)
                {
                    DepthwisePlan.Use use = _plan.Uses[i];
                    if (use.Output >= outputs)
                        continue;
                    if (!loaded)
                        _code.VMov(register, InGroup(group, DepthwisePanels.WeightAt(weight, Width)));
                    loaded = true;
                    _code.VpDpBusd(sums[use.Output], (4 * use.Quad) + group, register);
                }

                free.Enqueue(register);
            }

            Requantize(group, sums, free.Peek());
            for (int quad = 0; quad < _plan.Quads.Length - (last ? 0 : _plan.Carried); quad++)
                free.Enqueue((4 * quad) + group);
            for (int output = 0; output < outputs; output++)
            {
                if (group % 2 == 0)
                {
                    even[output] = sums[output];
                    continue;
                }

                _code.VPackSsDw(even[output], even[output], sums[output]);
                free.Enqueue(sums[output]);
                if (group == 1)
                    low[output] = even[output];
            }
        }

        for (int output = 0; output < outputs; output++)
        {
            if (_shape.Groups % 2 == 1)
                _code.VPackSsDw(even[output], even[output], even[output]);
            Store(output, _shape.Groups == 1 ? even[output] : low[output], even[output], step);
        }
    }

    /// <summary>All sums are in registers: one quad after the other, for each column of the step.</summary>
    private void SumByQuad(int columns, int step)
    {
        const int quads = 16, weights = 24;
        int outputs = columns * _plan.Rows;
        for (int group = 0; group < _shape.Groups; group++)
        {
            _code.VMov(group, InGroup(group, DepthwisePanels.StartAt(_plan, Width)));
            for (int output = 1; output < outputs; output++)
                _code.VMov((4 * output) + group, group);
        }

        int loaded = DepthwisePlan.None;
        for (int i = 0; i < _plan.Uses.Length; i += DepthwisePlan.Columns)
        {
            for (int x = 0; x < columns && loaded != _plan.Uses[i].Quad; x++)
                EmitQuad(_plan.Uses[i + x].Quad, quads + (4 * x), step);
            loaded = _plan.Uses[i].Quad;
            for (int group = 0; group < _shape.Groups; group++)
            {
                _code.VMov(weights, InGroup(group, DepthwisePanels.WeightAt(_plan.Uses[i].Weight, Width)));
                for (int x = 0; x < columns; x++)
                    _code.VpDpBusd((4 * _plan.Uses[i + x].Output) + group, quads + (4 * x) + group, weights);
            }
        }

        var sums = new int[outputs];
        for (int group = 0; group < _shape.Groups; group++)
        {
            for (int output = 0; output < outputs; output++)
                sums[output] = (4 * output) + group;
            Requantize(group, sums, weights);
        }

        for (int output = 0; output < outputs; output++)
        {
            int first = 4 * output;
            _code.VPackSsDw(first, first, first + Math.Min(1, _shape.Groups - 1));
            if (_shape.Groups > 2)
                _code.VPackSsDw(first + 2, first + 2, first + _shape.Groups - 1);
            Store(output, first, _shape.Groups > 2 ? first + 2 : first, step);
        }
    }

    private Address InGroup(int group, int at) => new(Panel, (group * DepthwisePanels.GroupBytes(_plan, Width)) + at);

    private void Requantize(int group, ReadOnlySpan<int> sums, int multiplier)
    {
        _code.VMov(multiplier, InGroup(group, DepthwisePanels.MultiplierAt(_plan, Width)));
        foreach (int sum in sums)
        {
            _code.VCvtDq2Ps(sum, sum);
            _code.VMulPs(sum, sum, multiplier);
            if (_shape.Epilogue.ClampInFloat)
            {
                _code.VMaxPs(sum, sum, new Address(Constants, LowFloatAt));
                _code.VMinPs(sum, sum, new Address(Constants, HighFloatAt));
            }

            _code.VCvtPs2Dq(sum, sum);
        }
    }

    /// <summary>Narrows the words of both halves of each 16 channels and stores an output of the step.</summary>
    private void Store(int output, int low, int high, int step)
    {
        var zero = new Address(Constants, Zero16At);
        _code.VpAddSw(low, low, zero);
        if (high != low)
            _code.VpAddSw(high, high, zero);
        if (_shape.Epilogue.Unsigned)
            _code.VPackUsWb(low, low, high);
        else
            _code.VPackSsWb(low, low, high);
        if (_shape.Epilogue.ClampBytes)
            ClampBytes(low);
        var to = new Address(output % _plan.Rows == 0 ? Output : SecondOutput, output / _plan.Rows * _shape.OutputPitch);
        int column = (step * DepthwisePlan.Columns) + (output / _plan.Rows);
        if (_shape.Masked && (!_shape.Flat || column == _shape.OutputWidth - 1))
            _code.VMovBytes(to, low, Mask);
        else
            _code.VMov(to, low);
    }

    private void ClampBytes(int outputs)
    {
        Address low = new(Constants, Low8At), high = new(Constants, High8At);
        if (_shape.Epilogue.Unsigned)
        {
            _code.VpMaxUb(outputs, outputs, low);
            _code.VpMinUb(outputs, outputs, high);
        }
        else
        {
            _code.VpMaxSb(outputs, outputs, low);
            _code.VpMinSb(outputs, outputs, high);
        }
    }
}
