using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels;

/// <summary>Bytes of pixels of a few channels through one table for each channel: every table is applied to all, a mask chooses.</summary>
internal sealed unsafe class PixelLookup
{
    private const int Lanes = 64;

    private readonly int _channels;
    private readonly AlignedBuffer<byte> _tables;

    // For each channel that a register can start with, and each channel, the bytes that are that channel's.
    private readonly AlignedBuffer<byte> _masks;

    /// <param name="tables">[channels, 256].</param>
    public PixelLookup(ReadOnlySpan<byte> tables)
    {
        _channels = tables.Length / 256;
        _tables = new AlignedBuffer<byte>(tables.Length);
        tables.CopyTo(_tables.Span);
        _masks = new AlignedBuffer<byte>(_channels * _channels * Lanes);
        for (int i = 0; i < _masks.Length; i++)
        {
            int lane = i % Lanes, channel = i / Lanes % _channels, first = i / Lanes / _channels;
            _masks.Span[i] = (byte)((first + lane) % _channels == channel ? 0xff : 0);
        }
    }

    /// <summary>Maps bytes that begin with a pixel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(byte* x, byte* y, int length)
    {
        int i = Avx512Vbmi.IsSupported ? RunVector512(x, y, length) : 0;
        byte* tables = _tables.Pointer;
        for (int channel = i % _channels; i < length; i++)
        {
            y[i] = tables[(channel * 256) + x[i]];
            channel = channel + 1 == _channels ? 0 : channel + 1;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int RunVector512(byte* x, byte* y, int length)
    {
        int i = 0;
        for (; i <= length - Lanes; i += Lanes)
        {
            Vector512<byte> index = Vector512.Load(x + i), result = Vector512<byte>.Zero;
            Vector512<byte> upper = Vector512.LessThan(index.AsSByte(), Vector512<sbyte>.Zero).AsByte();
            byte* mask = _masks.Pointer + (i % _channels * _channels * Lanes);
            byte* table = _tables.Pointer;
            for (int channel = 0; channel < _channels; channel++, table += 256, mask += Lanes)
            {
                Vector512<byte> low = Avx512Vbmi.PermuteVar64x8x2(Vector512.Load(table), index, Vector512.Load(table + 64));
                Vector512<byte> high = Avx512Vbmi.PermuteVar64x8x2(Vector512.Load(table + 128), index, Vector512.Load(table + 192));
                result |= Vector512.ConditionalSelect(upper, high, low) & Vector512.Load(mask);
            }

            result.Store(y + i);
        }

        return i;
    }
}
