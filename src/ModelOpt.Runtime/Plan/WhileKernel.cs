using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Plan;

/// <summary>
/// Runs a body on what it gave the time before, as long as a condition gives true. The outputs hold the values between runs.
/// </summary>
internal sealed class WhileKernel(SubgraphPlan condition, SubgraphPlan body, int values) : Kernel
{
    /// <summary>More runs than any model has; a damaged file may have no end.</summary>
    public const int MaxRuns = 1 << 20;

    public override int ScratchBytes => Math.Max(condition.Bytes, body.Bytes);

    public override long Work => condition.Work + body.Work;

    public override void Run(in KernelArguments args, int start, int end)
    {
        Span<byte> memory = args.Scratch<byte>();
        for (int i = 0; i < values; i++)
            args.Input<byte>(i).CopyTo(args.Output<byte>(i));
        for (int run = 0; run < MaxRuns; run++)
        {
            RunOnValues(condition, memory, args);
            if (condition.Output(memory, 0)[0] == 0)
                return;
            RunOnValues(body, memory, args);
            for (int i = 0; i < values; i++)
                body.Output(memory, i).CopyTo(args.Output<byte>(i));
        }

        throw new InvalidModelException($"A WHILE did not end within {MaxRuns} runs.");
    }

    private void RunOnValues(SubgraphPlan subgraph, Span<byte> memory, in KernelArguments args)
    {
        for (int i = 0; i < values; i++)
            subgraph.SetInput(memory, i, args.Output<byte>(i));
        subgraph.Run(memory);
    }
}
