using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels.Assembled;

namespace ModelOpt.Runtime.Kernels.Depthwise;

/// <content>Summing products, and turning sums into outputs.</content>
internal sealed partial class DepthwiseEmitter
{
    /// <summary>All quads are in registers or in memory: one quarter of the channels after the other.</summary>
    private void SumByGroup(int columns, int step, bool last)
    {
        var free = new Queue<int>();
        for (int register = _inMemory ? 0 : QuadRegisters; register < (_inMemory ? QuadRegisters : FlipBits); register++)
            free.Enqueue(register);
        int outputs = columns * _plan.Rows;
        int[] sums = new int[outputs], even = new int[outputs], low = new int[outputs];
        for (int group = 0; group < _shape.Groups; group++)
        {
            for (int output = 0; output < outputs; output++)
                sums[output] = free.Dequeue();
            if (_inMemory)
                MultiplyFromMemory(group, sums, free);
            else
                MultiplyByGroup(group, sums, free);
            Requantize(group, sums, free.Peek());
            for (int quad = 0; quad < _plan.Quads.Length - (last ? 0 : _plan.Carried) && !_inMemory; quad++)
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

    /// <summary>Sums the products of a quarter of the channels, weight by weight.</summary>
    private void MultiplyByGroup(int group, int[] sums, Queue<int> free)
    {
        Start(group, sums);
        for (int i = 0; i < _plan.Uses.Length;)
        {
            int weight = _plan.Uses[i].Weight, register = free.Dequeue();
            bool loaded = false;
            for (; i < _plan.Uses.Length && _plan.Uses[i].Weight == weight; i++)
            {
                DepthwisePlan.Use use = _plan.Uses[i];
                if (use.Output >= sums.Length)
                    continue;
                if (!loaded)
                    _code.VMov(register, InGroup(group, DepthwisePanels.WeightAt(weight, Width)));
                loaded = true;
                _code.VpDpBusd(sums[use.Output], (4 * use.Quad) + group, register);
            }

            free.Enqueue(register);
        }
    }

    /// <summary>
    /// The same with pixels in memory: one of both operands is loaded for all products that it takes part in, pixels or weights, whichever
    /// are fewer. A dot product has its pixels in a register.
    /// </summary>
    private void MultiplyFromMemory(int group, int[] sums, Queue<int> free)
    {
        int held = free.Dequeue(), product = free.Dequeue();
        bool isDot = _parts == 1, byPixels = isDot || _plan.UsedPixels() < _plan.Weights.Length;
        int keys = byPixels ? 2 * _plan.Quads.Length : _plan.Weights.Length;
        var started = new bool[sums.Length];
        // A part of a window that lies outside of the image has no products.
        if (isDot || keys == 0)
            Start(group, sums);
        for (int key = 0; key < keys; key++)
        {
            bool loaded = false;
            foreach (DepthwisePlan.Use use in _plan.Uses)
            {
                if ((byPixels ? use.Pixels : use.Weight) != key || use.Output >= sums.Length)
                    continue;
                Address pixels = InQuads(use.Quad, group, use.Part), weights = InGroup(group, DepthwisePanels.WeightAt(use.Weight, Width));
                if (!loaded)
                    _code.VMov(held, byPixels ? pixels : weights);
                loaded = true;
                int sum = sums[use.Output];
                if (isDot)
                {
                    _code.VpDpBusd(sum, held, weights);
                    continue;
                }

                _code.VpMAddWd(product, held, byPixels ? weights : pixels);
                if (started[use.Output])
                    _code.VpAddD(sum, sum, product);
                else
                    _code.VpAddD(sum, product, InGroup(group, DepthwisePanels.StartAt(_plan, Width)));
                started[use.Output] = true;
            }
        }

        free.Enqueue(held);
        free.Enqueue(product);
    }

    private void Start(int group, int[] sums)
    {
        _code.VMov(sums[0], InGroup(group, DepthwisePanels.StartAt(_plan, Width)));
        for (int output = 1; output < sums.Length; output++)
            _code.VMov(sums[output], sums[0]);
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
            _epilogue.Round(sum);
        }
    }

    /// <summary>Narrows the words of both halves of each 16 channels and stores an output of the step.</summary>
    private void Store(int output, int low, int high, int step)
    {
        _epilogue.NarrowWords(low, high);
        var to = new Address(output % _plan.Rows == 0 ? Output : SecondOutput, output / _plan.Rows * _shape.OutputPitch);
        int column = (step * DepthwisePlan.Columns) + (output / _plan.Rows);
        if (_shape.Masked && (!_shape.Flat || column == _shape.OutputWidth - 1))
            StoreTail(to, low);
        else
            _code.VMov(to, low);
    }

    private void StoreTail(Address to, int from)
    {
        if (_shape.Tail == UnitTail.Masked)
            _code.VMovBytes(to, from, Mask);
        else
            _code.VStoreFirst(to, from, _shape.Tail);
    }
}
