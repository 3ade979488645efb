using ModelOpt.Runtime.Kernels.Contract;

namespace ModelOpt.Runtime.Kernels;

/// <summary>How the values of one plane change on their way into pixels.</summary>
internal abstract unsafe class PlaneMap
{
    /// <summary>Bytes of an element of the source.</summary>
    public abstract int ElementSize { get; }

    public abstract void Run(int plane, byte* source, byte* destination, int length);
}

/// <summary>float32 planes are quantized.</summary>
internal sealed unsafe class QuantizingPlaneMap(FloatQuantizer quantizer) : PlaneMap
{
    public override int ElementSize => sizeof(float);

    public override void Run(int plane, byte* source, byte* destination, int length) =>
        quantizer.Run((float*)source, destination, length);
}

/// <summary>The bytes of each plane go through its table of 256 entries.</summary>
internal sealed unsafe class LookupPlaneMap(byte[] tables) : PlaneMap
{
    public override int ElementSize => 1;

    public override void Run(int plane, byte* source, byte* destination, int length) =>
        LookupTableKernel.Apply(tables.AsSpan(plane * 256, 256), new ReadOnlySpan<byte>(source, length),
            new Span<byte>(destination, length));
}

/// <summary>A few planes of numbers become bytes of pixels: [batch, planes, pixels] → [batch, pixels, planes].</summary>
/// <param name="batch">Images.</param>
/// <param name="pixels">Elements of a plane.</param>
/// <param name="planes">Planes of an image.</param>
/// <param name="map">From elements to bytes; null for bytes that stay as they are.</param>
/// <param name="interleaver">For the same number of planes.</param>
internal sealed unsafe class InterleaveKernel(int batch, int planes, int pixels, PlaneMap? map, PlaneInterleaver interleaver) : Kernel
{
    // Few enough to stay in the cache between the two passes over them.
    private const int BlockLength = 1024;

    private readonly int _blocks = (pixels + BlockLength - 1) / BlockLength;

    public override int Items => batch * _blocks;

    public override int ScratchBytes => map is null ? 0 : planes * BlockLength;

    public override long Work => (long)batch * planes * pixels;

    public override bool ReadsAnywhere => true;

    public override void Run(in KernelArguments args, int start, int end)
    {
        int size = map?.ElementSize ?? 1;
        fixed (byte* input = args.Input<byte>(0), output = args.Output<byte>(0), scratch = args.Scratch<byte>())
        {
            for (int item = start; item < end; item++)
            {
                int first = item % _blocks * BlockLength, length = Math.Min(BlockLength, pixels - first);
                nint image = (nint)(item / _blocks) * planes * pixels;
                byte* from = input + ((image + first) * size), to = output + image + ((nint)first * planes);
                if (map is null)
                {
                    interleaver.Run(from, pixels, to, length);
                    continue;
                }
                for (int plane = 0; plane < planes; plane++)
                    map.Run(plane, from + ((nint)plane * pixels * size), scratch + (plane * BlockLength), length);
                interleaver.Run(scratch, BlockLength, to, length);
            }
        }
    }
}
