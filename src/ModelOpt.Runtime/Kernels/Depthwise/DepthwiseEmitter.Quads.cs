using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Assembled;

namespace ModelOpt.Runtime.Kernels.Depthwise;

using static Int8EpilogueConstants;

/// <content>Loading and interleaving input pixels.</content>
internal sealed partial class DepthwiseEmitter
{
    private void EmitQuads(int begin, int end, int step, int columns = 2)
    {
        _step = step;
        if (_inMemory && _shape.Flip)
            _code.VMov(MemoryFlipBits, new Address(Constants, FlipAt));
        for (int quad = begin; quad < end; quad++)
        {
            bool used = columns == DepthwisePlan.Columns;
            foreach (DepthwisePlan.Use use in _plan.Uses)
                used |= use.Quad == quad && use.Output < columns * _plan.Rows;
            if (!used)
                continue;
            EmitQuad(quad, _inMemory ? 0 : 4 * quad, step);
            if (_inMemory)
                StoreQuad(quad);
        }
    }

    /// <summary>Writes a quad from the first registers to memory.</summary>
    private void StoreQuad(int quad)
    {
        const int odd = 4;
        for (int group = 0; group < _shape.Groups; group++)
        {
            if (_parts == 2)
            {
                _code.VpSrlW(odd, group, 8);
                _code.VpAnd(group, group, new Address(Constants, LowBytesAt));
                _code.VMov(InQuads(quad, group, 1), odd);
            }

            _code.VMov(InQuads(quad, group, 0), group);
        }
    }

    /// <summary>Loads a quad and interleaves it to four registers from <paramref name="to"/> on.</summary>
    private void EmitQuad(int index, int to, int step)
    {
        int[] quad = _plan.Quads[index];
        int from = _inMemory ? 4 : FlipBits - 4;
        Span<int> pixels = stackalloc int[] { from, from + 1, from + 2, from + 3 };
        bool padding = true;
        for (int i = 0; i < 4; i++)
            padding &= quad[i] == DepthwisePlan.None || !IsInside(quad[i], step);
        if (padding)
        {
            Load(to, new Address(Constants, PaddingAt), false);
            for (int group = 1; group < _shape.Groups; group++)
                _code.VMov(to + group, to);
            return;
        }

        for (int i = 0; i < 4; i++)
        {
            if (quad[i] == DepthwisePlan.None)
                pixels[i] = pixels[0];
            else if (IsInside(quad[i], step))
                Load(pixels[i], At(quad[i]), _shape.Masked && !_shape.Flat);
            else
                Load(pixels[i], new Address(Constants, PaddingAt), false);
        }

        _code.VpUnpackLBw(to, pixels[0], pixels[1]);
        if (_shape.Groups > 2)
            _code.VpUnpackHBw(to + 1, pixels[0], pixels[1]);
        _code.VpUnpackLBw(from, pixels[2], pixels[3]);
        if (_shape.Groups > 2)
        {
            _code.VpUnpackHBw(from + 1, pixels[2], pixels[3]);
            _code.VpUnpackLWd(to + 2, to + 1, from + 1);
            _code.VpUnpackHWd(to + 3, to + 1, from + 1);
        }

        _code.VpUnpackHWd(to + 1, to, from);
        _code.VpUnpackLWd(to, to, from);
    }

    private void Load(int to, Address from, bool masked)
    {
        int flip = _inMemory ? MemoryFlipBits : FlipBits;
        if (masked && _shape.Tail == UnitTail.Masked)
            _code.VMovBytes(to, from, Mask);
        else if (masked)
            _code.VLoadFirst(to, from, _shape.Tail, to);
        else if (!_shape.Flip)
            _code.VMov(to, from);
        else
            _code.VpXorD(to, flip, from);
        if (_shape.Flip && masked)
            _code.VpXorD(to, flip, to);
    }

    private bool IsInside(int pixel, int step)
    {
        int column = (step * _plan.ColumnStep) + DepthwisePlan.Column(pixel) - _shape.PadLeft;
        return _shape.Flat || (uint)column < (uint)_shape.InputWidth;
    }

    private Address At(int pixel)
    {
        int displacement = (DepthwisePlan.Column(pixel) - _shape.PadLeft) * _columnBytes;
        if (RowsInRegisters)
            return new Address(FirstRow + DepthwisePlan.Row(pixel), displacement);
        if (_current != DepthwisePlan.Row(pixel))
        {
            _code.Mov(CurrentRow, new Address(RowTable, 8 * DepthwisePlan.Row(pixel)));
            _code.Add(CurrentRow, Offset);
        }

        _current = DepthwisePlan.Row(pixel);
        return new Address(CurrentRow, displacement);
    }
}
