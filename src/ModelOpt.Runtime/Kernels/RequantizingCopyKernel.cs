using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels;

/// <summary>Copies 8-bit inputs into the output; those with a table are mapped through it on the way.</summary>
internal sealed class RequantizingCopyKernel(CopyPart[] parts, byte[]?[] tables) : Kernel
{
    public override int Items => parts.Length;

    public override int ScratchBytes { get; } =
        (int)parts.Zip(tables).Max(p => p.Second is null ? 0 : p.First.Copy.Elements);

    public override long Work => parts.Sum(p => p.Copy.Elements);

    public override void Run(in KernelArguments args, int start, int end)
    {
        for (int i = start; i < end; i++)
        {
            StridedCopy copy = parts[i].Copy;
            ReadOnlySpan<byte> input = args.Input<byte>(parts[i].Input);
            if (tables[i] is { } table)
            {
                Span<byte> mapped = args.Scratch<byte>()[..input.Length];
                LookupTableKernel.Apply(table, input, mapped);
                input = mapped;
            }
            copy.Run(input, args.Output<byte>(0), 0, copy.Planes);
        }
    }
}
