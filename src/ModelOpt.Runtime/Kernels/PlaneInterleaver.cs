using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels;

/// <summary>Makes pixels of a few planes of bytes, as in NCHW → NHWC: y[i·planes + p] = x[p·stride + i].</summary>
internal sealed unsafe class PlaneInterleaver
{
    public const int MaxPlanes = 4;

    private readonly int _planes;
    private readonly SimdTier _tier;

    // For each output register and each plane, which byte of the plane goes to each place; 0xff is none.
    // 512 bits: for each plane but the first, of a table of the planes before it, permuted already, and of this plane.
    private readonly AlignedBuffer<byte> _indices;

    /// <param name="planes">2 to <see cref="MaxPlanes"/>.</param>
    /// <param name="tier">Vector width.</param>
    public PlaneInterleaver(int planes, SimdTier tier)
    {
        _planes = planes;
        _tier = Supported(tier);
        bool pairs = _tier == SimdTier.Vector512;
        int width = pairs ? 64 : 16, first = pairs ? 1 : 0;
        _indices = new AlignedBuffer<byte>(planes * (planes - first) * width);
        int at = 0;
        for (int output = 0; output < planes; output++)
        {
            for (int plane = first; plane < planes; plane++)
            {
                for (int lane = 0; lane < width; lane++)
                {
                    (int index, int source) = Math.DivRem((output * width) + lane, planes);
                    _indices.Pointer[at++] = (byte)(source == plane ? index + (pairs ? width : 0)
                        : !pairs ? 0xff
                        : plane == 1 && source == 0 ? index
                        : lane);
                }
            }
        }
    }

    // A method of its own: code that asks for AVX-512 is compiled at run time.
    private static SimdTier Supported(SimdTier tier) =>
        tier == SimdTier.Vector512 && Avx512Vbmi.IsSupported ? tier : (SimdTier)Math.Min((int)tier, (int)SimdTier.Vector128);

    public void Run(byte* x, nint stride, byte* y, int length)
    {
        int done = 0;
        if (_tier == SimdTier.Vector512)
            done = _planes == 3 ? RunThree512(x, x + stride, x + (2 * stride), y, length) : Run512(x, stride, y, length);
        else if (_tier == SimdTier.Vector128)
            done = Run128(x, stride, y, length);
        for (int plane = 0; plane < _planes; plane++)
        {
            for (int i = done; i < length; i++)
                y[(i * _planes) + plane] = x[(plane * stride) + i];
        }
    }

    private int Run512(byte* x, nint stride, byte* y, int length)
    {
        int i = 0;
        for (; i <= length - 64; i += 64)
        {
            byte* indices = _indices.Pointer;
            for (int output = 0; output < _planes; output++, y += 64)
            {
                byte* from = x + i;
                Vector512<byte> result = Vector512.Load(from);
                for (int plane = 1; plane < _planes; plane++, indices += 64)
                {
                    from += stride;
                    result = Avx512Vbmi.PermuteVar64x8x2(result, Vector512.LoadAligned(indices), Vector512.Load(from));
                }
                result.Store(y);
            }
        }

        return i;
    }

    // Colours: the indices stay in registers.
    private int RunThree512(byte* x0, byte* x1, byte* x2, byte* y, int length)
    {
        byte* indices = _indices.Pointer;
        Vector512<byte> i01 = Vector512.LoadAligned(indices), i02 = Vector512.LoadAligned(indices + 64);
        Vector512<byte> i11 = Vector512.LoadAligned(indices + 128), i12 = Vector512.LoadAligned(indices + 192);
        Vector512<byte> i21 = Vector512.LoadAligned(indices + 256), i22 = Vector512.LoadAligned(indices + 320);
        int i = 0;
        for (; i <= length - 64; i += 64, y += 192)
        {
            Vector512<byte> a = Vector512.Load(x0 + i), b = Vector512.Load(x1 + i), c = Vector512.Load(x2 + i);
            Avx512Vbmi.PermuteVar64x8x2(Avx512Vbmi.PermuteVar64x8x2(a, i01, b), i02, c).Store(y);
            Avx512Vbmi.PermuteVar64x8x2(Avx512Vbmi.PermuteVar64x8x2(a, i11, b), i12, c).Store(y + 64);
            Avx512Vbmi.PermuteVar64x8x2(Avx512Vbmi.PermuteVar64x8x2(a, i21, b), i22, c).Store(y + 128);
        }

        return i;
    }

    private int Run128(byte* x, nint stride, byte* y, int length)
    {
        int i = 0;
        for (; i <= length - 16; i += 16)
        {
            byte* indices = _indices.Pointer;
            for (int output = 0; output < _planes; output++, y += 16)
            {
                byte* from = x + i;
                Vector128<byte> result = Vector128<byte>.Zero;
                for (int plane = 0; plane < _planes; plane++, from += stride, indices += 16)
                    result |= Vector128.Shuffle(Vector128.Load(from), Vector128.LoadAligned(indices));
                result.Store(y);
            }
        }

        return i;
    }
}
