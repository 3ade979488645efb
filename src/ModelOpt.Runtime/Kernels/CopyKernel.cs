using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels;

/// <summary>One copy of <see cref="CopyKernel"/>: from an input to an output.</summary>
internal readonly record struct CopyPart(StridedCopy Copy, int Input, int Output);

/// <summary>Copies boxes between inputs and outputs, after filling the outputs if something is left uncovered.</summary>
/// <param name="parts">The copies.</param>
/// <param name="fill">Bytes of the element that output 0 is filled with first; empty for none.</param>
/// <param name="fillInput">The input that is that element where it is computed, or -1.</param>
internal sealed class CopyKernel(CopyPart[] parts, byte[] fill, int fillInput = -1) : Kernel
{
    private bool Fills => fill.Length > 0 || fillInput >= 0;

    // A fill must come before all copies, so such a kernel is one item.
    public override int Items => Fills ? 1 : parts.Length == 1 ? parts[0].Copy.Planes : parts.Length;

    public override long Work
    {
        get
        {
            long elements = 0;
            foreach (CopyPart part in parts)
                elements += part.Copy.Elements;
            return elements;
        }
    }

    public override void Run(in KernelArguments args, int start, int end)
    {
        if (Fills)
        {
            Fill(args.Output<byte>(0), fillInput >= 0 ? args.Input<byte>(fillInput) : fill);
            (start, end) = (0, parts.Length);
        }
        else if (parts.Length == 1)
        {
            parts[0].Copy.Run(args.Input<byte>(parts[0].Input), args.Output<byte>(parts[0].Output), start, end);
            return;
        }
        for (int i = start; i < end; i++)
        {
            StridedCopy copy = parts[i].Copy;
            copy.Run(args.Input<byte>(parts[i].Input), args.Output<byte>(parts[i].Output), 0, copy.Planes);
        }
    }

    private static void Fill(Span<byte> output, ReadOnlySpan<byte> element)
    {
        switch (element.Length)
        {
            case 1:
                output.Fill(element[0]);
                break;
            case 2:
                MemoryMarshal.Cast<byte, ushort>(output).Fill(MemoryMarshal.Read<ushort>(element));
                break;
            case 4:
                MemoryMarshal.Cast<byte, uint>(output).Fill(MemoryMarshal.Read<uint>(element));
                break;
            default:
                MemoryMarshal.Cast<byte, ulong>(output).Fill(MemoryMarshal.Read<ulong>(element));
                break;
        }
    }
}
