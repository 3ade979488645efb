using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Kernels.Assembled;

/// <summary>Constants of a layer that assembled epilogues read, each repeated over 64 bytes.</summary>
internal sealed unsafe class Int8EpilogueConstants
{
    public const int FlipAt = 0, Zero16At = 64, Zero32At = 128, Low32At = 192, High32At = 256, Low8At = 320, High8At = 384,
        LowFloatAt = 448, HighFloatAt = 512, LayerZeroAt = 576, LayerLowAt = 640, LayerHighAt = 704, LeftFactorAt = 768,
        RightFactorAt = 832, OffsetAt = 896, Flip16At = 960,
        Flip32At = 1024, PaddingAt = 1088, OnesAt = 1152, LowBytesAt = 1216;

    private const int Bytes = 1280;

    private readonly AlignedBuffer<byte> _table = new(Bytes);

    public Int8EpilogueConstants(LayerQuantization quantization, ResidualAdd? residual)
    {
        const int shift = QuantizedAdd.Shift;
        int zero = quantization.OutputZeroPoint, low = quantization.OutputMin, high = quantization.OutputMax;
        FillBytes(PaddingAt, quantization.InputZeroPoint);
        FillBytes(FlipAt, 0x80);
        FillWords(Flip16At, 0x80);
        Fill(Flip32At, 0x80);
        FillWords(OnesAt, 1);
        FillWords(LowBytesAt, 0xFF);
        Fill(LowFloatAt, (float)(low - zero));
        Fill(HighFloatAt, (float)(high - zero));
        if (residual is not null)
        {
            Fill(LayerZeroAt, zero + shift);
            Fill(LayerLowAt, low + shift);
            Fill(LayerHighAt, high + shift);
            Fill(LeftFactorAt, residual.LeftFactor);
            Fill(RightFactorAt, residual.RightFactor);
            Fill(OffsetAt, residual.Offset);
            (zero, low, high) = (-shift, residual.OutputMin, residual.OutputMax);
        }

        FillWords(Zero16At, zero);
        Fill(Zero32At, zero);
        Fill(Low32At, low);
        Fill(High32At, high);
        FillBytes(Low8At, low);
        FillBytes(High8At, high);
    }

    /// <summary>Valid while this object is alive.</summary>
    public byte* Pointer => _table.Pointer;

    private void FillBytes(int at, int value) => Fill(at, (value & 0xFF) * 0x01010101);

    private void FillWords(int at, int value) => Fill(at, (value & 0xFFFF) * 0x00010001);

    private void Fill(int at, float value) => Fill(at, BitConverter.SingleToInt32Bits(value));

    private void Fill(int at, int value)
    {
        for (int i = 0; i < 16; i++)
            ((int*)(_table.Pointer + at))[i] = value;
    }
}
