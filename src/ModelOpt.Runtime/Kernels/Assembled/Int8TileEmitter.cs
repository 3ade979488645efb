using ModelOpt.Runtime.Jit;

namespace ModelOpt.Runtime.Kernels.Assembled;

using static Int8EpilogueConstants;
using static Int8TileArguments;

/// <summary>
/// Assembles the innermost product of int8 convolutions: a row of tiles, each of Rows output pixels by Vectors registers of output
/// channels. Four consecutive bytes of a pixel's input are broadcast and multiplied with weights of as many channels as a register has
/// lanes, see <see cref="ByteProduct"/>; requantization follows in registers:
/// y = clamp(rint((float)sum · m) + z), as <see cref="Requantizer"/> computes it.
/// </summary>
internal readonly ref struct Int8TileEmitter
{
    private const int UnrolledSteps = 4;

    // Registers volatile in both calling conventions, and rbx and rsi, which are saved.
    private const Gpr Input = Gpr.Rax, Cursor = Gpr.Rcx, Weights = Gpr.Rdx, RunTable = Gpr.R8, RunsLeft = Gpr.R9, Output = Gpr.R10,
        Arguments = Gpr.R11, StepsLeft = Gpr.Rbx, Complements = Gpr.Rsi;

    // In the epilogue, when the sums are complete.
    private const Gpr Multipliers = Gpr.Rcx, Residual = Gpr.R8;

    private const Gpr Constants = Int8EpilogueEmitter.Constants;

    private const int Mask = 1;

    private readonly Int8TileShape _shape;
    private readonly X64Assembler _code;
    private readonly ByteProductEmitter _product;
    private readonly int _vectors;
    private readonly int _firstWeight;
    private readonly int _pixel;
    private readonly int _flipBits;

    private Int8TileEmitter(Int8TileShape shape, X64Assembler code)
    {
        _shape = shape;
        _code = code;
        _vectors = shape.Layout.Vectors;
        _firstWeight = shape.Rows * _vectors;
        _pixel = shape.Rows == 1 ? _firstWeight : _firstWeight + _vectors;
        _flipBits = code.Target.Registers - 1;
        _product = new ByteProductEmitter(shape.Product, code, _pixel + 1, _flipBits - 1);
    }

    /// <summary>Bytes of the weights of a step.</summary>
    private int StepBytes => _code.Target.Bytes * _vectors;

    /// <summary>Pixels that fit the registers beside the weights, a broadcast, the flip constant and what products need.</summary>
    public static int MaxRows(Target target, ByteProduct product, int vectors) => vectors == PanelLayout.MaxVectors
        ? 1
        : Math.Max(1, (target.Registers - ByteProductEmitter.Registers(product) - vectors) / vectors);

    public static void Emit(Int8TileShape shape, X64Assembler code) => new Int8TileEmitter(shape, code).Emit();

    private void Emit()
    {
        Frame.Enter(_code, Arguments);
        _code.Push(StepsLeft);
        _code.Push(Complements);
        if (_shape.Tail == UnitTail.Masked)
        {
            _code.Mov(Input, new Address(Arguments, MaskAt));
            _code.KMovQ(Mask, Input);
        }

        _code.Mov(Input, new Address(Arguments, InputAt));
        _code.Mov(Output, new Address(Arguments, OutputAt));
        Label tile = _code.Here();
        EmitSums();
        if (_shape.Split)
            EmitSplit();
        _code.Mov(Multipliers, new Address(Arguments, MultipliersAt));
        _code.Mov(Constants, new Address(Arguments, ConstantsAt));
        if (_shape.Epilogue.Residual != ResidualSide.None)
        {
            _code.Mov(Residual, new Address(Arguments, ResidualAt));
            _code.Add(Residual, Output);
        }

        for (int row = 0; row < _shape.Rows; row++)
            EmitStore(row);
        _code.Add(Input, _shape.Rows * _shape.PixelBytes);
        _code.Add(Output, _shape.Rows * _shape.OutputBytes);
        _code.Dec(new Address(Arguments, TilesAt));
        _code.JumpIfNotZero(tile);
        _code.Pop(Complements);
        _code.Pop(StepsLeft);
        Frame.Leave(_code);
    }

    private void EmitSums()
    {
        _code.Mov(Weights, new Address(Arguments, WeightsAt));
        _code.Mov(Cursor, new Address(Arguments, StartsAt));
        for (int vector = 0; vector < _vectors; vector++)
            _code.VMov(vector, new Address(Cursor, _code.Target.Bytes * vector));
        for (int sum = _vectors; sum < _shape.Rows * _vectors; sum++)
            _code.VMov(sum, sum % _vectors);
        if (_shape.Flip || _shape.Product == ByteProduct.Bytes)
            _code.Mov(Cursor, new Address(Arguments, ConstantsAt));
        if (_shape.Flip)
            _code.VMov(_flipBits, new Address(Cursor, FlipAt));
        _product.LoadConstant(Cursor);
        if (_shape.Complements)
            _code.Mov(Complements, new Address(Arguments, ComplementsAt));
        if (_shape.Runs == 1)
        {
            _code.Mov(Cursor, Input);
            EmitRun();
            return;
        }

        _code.Mov(RunTable, new Address(Arguments, RunsAt));
        _code.Mov(RunsLeft, (uint)_shape.Runs);
        Label run = _code.Here();
        _code.Mov(Cursor, new Address(RunTable, 0));
        _code.Add(Cursor, Input);
        EmitRun();
        _code.Add(RunTable, 8);
        _code.Sub(RunsLeft, 1);
        _code.JumpIfNotZero(run);
    }

    private void EmitRun()
    {
        int loops = _shape.Steps / UnrolledSteps;
        if (loops < 2)
        {
            EmitSteps(_shape.Steps);
            Advance(_shape.Steps);
            return;
        }

        _code.Mov(StepsLeft, (uint)loops);
        Label loop = _code.Here();
        EmitSteps(UnrolledSteps);
        _code.Add(Cursor, 4 * UnrolledSteps);
        Advance(UnrolledSteps);
        _code.Sub(StepsLeft, 1);
        _code.JumpIfNotZero(loop);
        int rest = _shape.Steps % UnrolledSteps;
        EmitSteps(rest);
        if (rest > 0 && _shape.Runs > 1)
            Advance(rest);
    }

    private void Advance(int steps)
    {
        _code.Add(Weights, steps * StepBytes);
        if (_shape.Complements)
            _code.Add(Complements, steps * sizeof(uint));
    }

    private void EmitSteps(int steps)
    {
        for (int step = 0; step < steps; step++)
        {
            if (_shape.Complements)
                _code.VpBroadcastD(_flipBits, new Address(Complements, step * sizeof(uint)));
            EmitProducts(new Address(Weights, step * StepBytes), 0, _vectors, 4 * step);
        }
    }

    /// <summary>Adds products of four input bytes of all pixels with weights of some registers.</summary>
    private void EmitProducts(Address weights, int firstVector, int vectors, int offset)
    {
        for (int i = 0; i < vectors && _shape.Rows > 1; i++)
            _code.VMov(_firstWeight + i, weights + (_code.Target.Bytes * i));
        for (int row = 0; row < _shape.Rows; row++)
        {
            _code.VpBroadcastD(_pixel, new Address(Cursor, (row * _shape.PixelBytes) + offset));
            if (_shape.Flip || _shape.Complements)
                _code.VpXorD(_pixel, _pixel, _flipBits);
            for (int i = 0; i < vectors; i++)
            {
                int sum = (row * _vectors) + firstVector + i;
                VectorWidth width = _shape.Layout.Width(firstVector + i);
                if (_shape.Rows == 1)
                    _product.Add(sum, _pixel, weights + (_code.Target.Bytes * i), width);
                else
                    _product.Add(sum, _pixel, _firstWeight + i, width);
            }
        }
    }

    /// <summary>The products with the other halves of weights, register by register.</summary>
    private void EmitSplit()
    {
        _code.Mov(Weights, new Address(Arguments, SplitAt));
        for (int vector = 0; vector < _vectors; vector++)
        {
            _code.Mov(RunsLeft, new Address(Weights, 0));
            _code.Add(Weights, PairSplit.HeadBytes);
            Label record = _code.Here();
            _code.Mov(Cursor, new Address(Weights, 0));
            _code.Add(Cursor, Input);
            if (_shape.Complements)
                _code.VpBroadcastD(_flipBits, new Address(Weights, PairSplit.FlipAt));
            EmitProducts(new Address(Weights, PairSplit.WeightsAt), vector, 1, 0);
            _code.Add(Weights, PairSplit.WeightsAt + _code.Target.Bytes);
            _code.Sub(RunsLeft, 1);
            _code.JumpIfNotZero(record);
        }
    }

    private void EmitStore(int row)
    {
        PanelLayout layout = _shape.Layout;
        var epilogue = new Int8EpilogueEmitter(_shape.Epilogue, _code);
        int first = row * _vectors, free = _firstWeight;
        for (int vector = 0; vector < _vectors; vector++)
        {
            int sum = first + vector;
            _code.VCvtDq2Ps(sum, sum);
            _code.VMulPs(sum, sum, new Address(Multipliers, _code.Target.Bytes * vector));
            epilogue.Round(sum);
        }

        for (int unit = 0; unit < _vectors; unit += layout.UnitVectors(unit))
        {
            int at = (row * _shape.OutputBytes) + (unit * layout.Lanes), sum = first + unit;
            int tail = unit == layout.LastUnit ? _shape.Tail : 0;
            if (_shape.Epilogue.Residual != ResidualSide.None)
                epilogue.AddResidual(sum, layout.UnitVectors(unit), layout.Width(unit), new Address(Residual, at), tail, free);
            var to = new Address(Output, at);
            VectorWidth width = epilogue.Narrow(sum, layout.UnitVectors(unit), free);
            if (tail == UnitTail.Masked)
                _code.VMovBytes(to, sum, Mask, width);
            else if (tail > 0)
                _code.VStoreFirst(to, sum, tail);
            else if (layout.Width(unit) == VectorWidth.Bits256 && layout.UnitVectors(unit) == 1)
                _code.VMovQ(to, sum);
            else
                _code.VMov(to, sum, width);
        }
    }
}
