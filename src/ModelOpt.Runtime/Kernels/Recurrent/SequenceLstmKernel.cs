using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels.Recurrent;

/// <summary>The layer of a <see cref="SequenceLstmOperator"/>: inputs 0, 18 and 19, outputs y and, where they are kept, state and
/// cell.</summary>
internal sealed class SequenceLstmKernel(SequenceLstm layer, StateGrid state, StateGrid cell, bool keeps) : Kernel
{
    public override int ScratchBytes { get; } = checked(layer.ScratchLength * sizeof(float));

    public override long Work => layer.Work;

    public override int WorkAtOnce => 8;

    public override void Run(in KernelArguments args, int start, int end)
    {
        Span<float> scratch = args.Scratch<float>()[..layer.ScratchLength];
        Span<float> h = scratch[..layer.StateLength], c = scratch.Slice(layer.StateLength, layer.CellLength);
        state.Load(args.Input<byte>(18), h);
        cell.Load(args.Input<byte>(19), c);
        layer.Run(args.Input<float>(0), args.Output<float>(0), h, c, scratch[(h.Length + c.Length)..], state, cell);
        if (!keeps)
            return;
        state.Store(h, args.Output<byte>(1));
        cell.Store(c, args.Output<byte>(2));
    }
}
