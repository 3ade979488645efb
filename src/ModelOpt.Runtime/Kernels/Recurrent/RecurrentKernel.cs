using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Recurrent;

/// <summary>
/// A recurrent layer; directions are independent. Inputs 0 to 7: X, W, R, B, lengths, initial states, initial cells, peepholes, as
/// <see cref="RecurrentOperands"/> has them; outputs: Y, the states and, of LSTM, the cells.
/// </summary>
internal sealed unsafe class RecurrentKernel(RecurrentLayer layer, int directions, int inputs, int outputs, bool integers) : Kernel
{
    public override int ScratchBytes { get; } = checked(layer.ScratchLength * sizeof(float));

    public override int Items => directions;

    public override long Work => directions * layer.Work;

    public override int WorkAtOnce => 8;

    public override void Run(in KernelArguments args, int start, int end)
    {
        // Weights that are integers are packed.
        ReadOnlySpan<float> ofInputs = integers ? default : args.Input<float>(1), ofStates = integers ? default : args.Input<float>(2);
        fixed (float* x = args.Input<float>(0), w = ofInputs, r = ofStates, b = Optional<float>(args, 3))
        fixed (int* lengths = Optional<int>(args, 4))
        fixed (float* state = Optional<float>(args, 5), cell = Optional<float>(args, 6), peepholes = Optional<float>(args, 7))
        fixed (float* y = args.Output<float>(0), last = args.Output<float>(1), cells = outputs > 2 ? args.Output<float>(2) : default)
        fixed (float* scratch = args.Scratch<float>())
        {
            var operands = new RecurrentOperands
            {
                X = x,
                W = w,
                R = r,
                Bias = b,
                Lengths = lengths,
                InitialState = state,
                InitialCell = cell,
                Peepholes = peepholes,
                Y = y,
                State = last,
                Cell = cells,
                Scratch = scratch,
            };
            for (int direction = start; direction < end; direction++)
                layer.Run(operands, direction);
        }
    }

    private ReadOnlySpan<T> Optional<T>(in KernelArguments args, int index)
        where T : unmanaged => index < inputs ? args.Input<T>(index) : default;
}
