using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Plan;

/// <summary>Runs one of two subgraphs, by input 0, on the other inputs. One that does not take their sizes has no plan.</summary>
internal sealed class IfKernel(SubgraphPlan? then, SubgraphPlan? otherwise, int inputs, int outputs) : Kernel
{
    /// <summary>Why a subgraph has no plan.</summary>
    public required string Misfit { get; init; }

    public override int ScratchBytes => Math.Max(then?.Bytes ?? 0, otherwise?.Bytes ?? 0);

    public override long Work => Math.Max(then?.Work ?? 0, otherwise?.Work ?? 0);

    public override void Run(in KernelArguments args, int start, int end)
    {
        SubgraphPlan taken = (args.Input<byte>(0)[0] != 0 ? then : otherwise)
            ?? throw new ArgumentException($"The branch that the condition takes does not take the sizes of the inputs: {Misfit}");
        Span<byte> memory = args.Scratch<byte>();
        for (int i = 1; i < inputs; i++)
            taken.SetInput(memory, i - 1, args.Input<byte>(i));
        taken.Run(memory);
        for (int i = 0; i < outputs; i++)
            taken.Output(memory, i).CopyTo(args.Output<byte>(i));
    }
}
