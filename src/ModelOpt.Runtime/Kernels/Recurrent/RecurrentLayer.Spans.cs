namespace ModelOpt.Runtime.Kernels.Recurrent;

/// <content>The layer on spans, for callers outside the kernels.</content>
internal sealed unsafe partial class RecurrentLayer
{
    /// <summary>
    /// Computes all directions. Shapes are those of <see cref="RecurrentOperands"/>; optional operands may be empty, and so may weights
    /// that are packed.
    /// </summary>
    /// <exception cref="ArgumentException">A span is shorter than its shape.</exception>
    public void Run(
        ReadOnlySpan<float> x, ReadOnlySpan<float> w, ReadOnlySpan<float> r, ReadOnlySpan<float> bias, ReadOnlySpan<int> lengths,
        ReadOnlySpan<float> initialState, ReadOnlySpan<float> initialCell, ReadOnlySpan<float> peepholes,
        Span<float> y, Span<float> state, Span<float> cell)
    {
        int directions = _options.Directions, hidden = _shape.Hidden, states = _shape.Batch * directions * hidden;
        Check(x.Length, _shape.Batch * _shape.Steps * _shape.Inputs, nameof(x));
        CheckOptional(w.Length, directions * Width * _shape.Inputs, nameof(w));
        CheckOptional(r.Length, directions * Width * hidden, nameof(r));
        Check(y.Length, _shape.Steps * states, nameof(y));
        Check(state.Length, states, nameof(state));
        if (_shape.Cell == RecurrentCell.Lstm)
            Check(cell.Length, states, nameof(cell));
        CheckOptional(bias.Length, 2 * directions * Width, nameof(bias));
        CheckOptional(lengths.Length, _shape.Batch, nameof(lengths));
        CheckOptional(initialState.Length, states, nameof(initialState));
        CheckOptional(initialCell.Length, states, nameof(initialCell));
        CheckOptional(peepholes.Length, 3 * directions * hidden, nameof(peepholes));
        fixed (float* px = x, pw = w, pr = r, pb = bias, ph = initialState, pc = initialCell, pp = peepholes)
        fixed (float* py = y, ps = state, pl = cell, scratch = new float[ScratchLength])
        fixed (int* pn = lengths)
        {
            var operands = new RecurrentOperands
            {
                X = px,
                W = pw,
                R = pr,
                Bias = pb,
                Lengths = pn,
                InitialState = ph,
                InitialCell = pc,
                Peepholes = pp,
                Y = py,
                State = ps,
                Cell = pl,
                Scratch = scratch,
            };
            for (int direction = 0; direction < directions; direction++)
                Run(operands, direction);
        }

        static void CheckOptional(int length, int expected, string name)
        {
            if (length > 0)
                Check(length, expected, name);
        }

        static void Check(int length, int expected, string name)
        {
            if (length != expected)
                throw new ArgumentException($"{expected} elements are expected, not {length}.", name);
        }
    }
}
