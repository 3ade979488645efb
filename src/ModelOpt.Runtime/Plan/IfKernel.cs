using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Plan;

/// <summary>Runs one of two subgraphs, by input 0, on the other inputs.</summary>
internal sealed class IfKernel(SubgraphPlan then, SubgraphPlan otherwise, int inputs, int outputs) : Kernel
{
    public override int ScratchBytes => Math.Max(then.Bytes, otherwise.Bytes);

    public override long Work => Math.Max(then.Work, otherwise.Work);

    public override void Run(in KernelArguments args, int start, int end)
    {
        SubgraphPlan taken = args.Input<byte>(0)[0] != 0 ? then : otherwise;
        Span<byte> memory = args.Scratch<byte>();
        for (int i = 1; i < inputs; i++)
            taken.SetInput(memory, i - 1, args.Input<byte>(i));
        taken.Run(memory);
        for (int i = 0; i < outputs; i++)
            taken.Output(memory, i).CopyTo(args.Output<byte>(i));
    }
}
