namespace ModelOpt.Runtime.Jit;

/// <content>AVX2 and AVX-512 instructions. The first operand is the destination, as in Intel's syntax.</content>
internal sealed partial class X64Assembler
{
    private const int Map0F = 1, Map0F38 = 2, Map0F3A = 3;
    private const int NoPrefix = 0, Prefix66 = 1, PrefixF3 = 2, PrefixF2 = 3;

    /// <summary>Width of the registers of instructions that do not state theirs.</summary>
    public VectorWidth Width { get; set; } = target.Width;

    /// <summary>to += Σ of four products of unsigned bytes of <paramref name="u8"/> and signed bytes, per int32 lane.</summary>
    public void VpDpBusd(int to, int u8, int s8, VectorWidth? width = null) =>
        Vector(Map0F38, Prefix66, 0x50, to, u8, s8, width, evex: target.EvexDot);

    public void VpDpBusd(int to, int u8, Address s8, VectorWidth? width = null) =>
        Vector(Map0F38, Prefix66, 0x50, to, u8, s8, Bytes(width), width, evex: target.EvexDot);

    public void VpBroadcastD(int to, Address from) => Vector(Map0F38, Prefix66, 0x58, to, 0, from, 4);

    public void VpXorD(int to, int left, int right) => Vector(Map0F, Prefix66, 0xEF, to, left, right);

    public void VpXorD(int to, int left, Address right) => Vector(Map0F, Prefix66, 0xEF, to, left, right, Bytes());

    public void VpAddD(int to, int left, Address right) => Vector(Map0F, Prefix66, 0xFE, to, left, right, Bytes());

    public void VpAddD(int to, int left, int right) => Vector(Map0F, Prefix66, 0xFE, to, left, right);

    /// <summary>
    /// Products of unsigned bytes of <paramref name="u8"/> and signed bytes: the sum of each pair as int16, with saturation.
    /// </summary>
    public void VpMAddUbSw(int to, int u8, int s8, VectorWidth? width = null) => Vector(Map0F38, Prefix66, 0x04, to, u8, s8, width);

    public void VpMAddUbSw(int to, int u8, Address s8, VectorWidth? width = null) =>
        Vector(Map0F38, Prefix66, 0x04, to, u8, s8, Bytes(width), width);

    /// <summary>Products of int16: the sum of each pair as int32.</summary>
    public void VpMAddWd(int to, int left, int right, VectorWidth? width = null) => Vector(Map0F, Prefix66, 0xF5, to, left, right, width);

    public void VpMAddWd(int to, int left, Address right, VectorWidth? width = null) =>
        Vector(Map0F, Prefix66, 0xF5, to, left, right, Bytes(width), width);

    public void VpAnd(int to, int left, Address right) => Vector(Map0F, Prefix66, 0xDB, to, left, right, Bytes());

    /// <summary>Shifts int16 lanes to the right by a number of bits, filling with zeros.</summary>
    public void VpSrlW(int to, int from, int bits)
    {
        Vector(Map0F, Prefix66, 0x71, 2, to, from);
        Byte((byte)bits);
    }

    /// <summary>Shifts int32 lanes to the right by a number of bits, filling with zeros.</summary>
    public void VpSrlD(int to, int from, int bits)
    {
        Vector(Map0F, Prefix66, 0x72, 2, to, from);
        Byte((byte)bits);
    }

    /// <summary>
    /// Replaces each lane of <paramref name="indices"/> by the int32 of two registers that its lowest five bits (of 512) say.
    /// </summary>
    public void VpErmI2D(int indices, int first, Address second) => Vector(Map0F38, Prefix66, 0x76, indices, first, second, Bytes());

    public void VpMinSD(int to, int left, Address right) => Vector(Map0F38, Prefix66, 0x39, to, left, right, Bytes());

    public void VpMaxSD(int to, int left, Address right) => Vector(Map0F38, Prefix66, 0x3D, to, left, right, Bytes());

    /// <summary>int32 to float32.</summary>
    public void VCvtDq2Ps(int to, int from) => Vector(Map0F, NoPrefix, 0x5B, to, 0, from);

    /// <summary>float32 to int32, ties to even.</summary>
    public void VCvtPs2Dq(int to, int from) => Vector(Map0F, Prefix66, 0x5B, to, 0, from);

    public void VMulPs(int to, int left, int right) => Vector(Map0F, NoPrefix, 0x59, to, left, right);

    public void VMulPs(int to, int left, Address right) => Vector(Map0F, NoPrefix, 0x59, to, left, right, Bytes());

    public void VMinPs(int to, int left, Address right) => Vector(Map0F, NoPrefix, 0x5D, to, left, right, Bytes());

    public void VMaxPs(int to, int left, Address right) => Vector(Map0F, NoPrefix, 0x5F, to, left, right, Bytes());

    /// <summary>to = to·factor + term, rounded once.</summary>
    public void VFmAdd132Ps(int to, int term, Address factor) => Vector(Map0F38, Prefix66, 0x98, to, term, factor, Bytes());

    /// <summary>to = left·right + to, rounded once.</summary>
    public void VFmAdd231Ps(int to, int left, Address right) => Vector(Map0F38, Prefix66, 0xB8, to, left, right, Bytes());

    /// <summary>Alternating bytes of the low halves of each 128 bits.</summary>
    public void VpUnpackLBw(int to, int left, int right) => Vector(Map0F, Prefix66, 0x60, to, left, right);

    public void VpUnpackHBw(int to, int left, int right) => Vector(Map0F, Prefix66, 0x68, to, left, right);

    /// <summary>Alternating int16 of the low halves of each 128 bits.</summary>
    public void VpUnpackLWd(int to, int left, int right) => Vector(Map0F, Prefix66, 0x61, to, left, right);

    public void VpUnpackHWd(int to, int left, int right) => Vector(Map0F, Prefix66, 0x69, to, left, right);

    /// <summary>int32 to int16 with saturation, alternating four lanes of left and of right.</summary>
    public void VPackSsDw(int to, int left, int right) => Vector(Map0F, Prefix66, 0x6B, to, left, right);

    /// <summary>int16 to int8 with saturation, alternating eight lanes of left and of right.</summary>
    public void VPackSsWb(int to, int left, int right) => Vector(Map0F, Prefix66, 0x63, to, left, right);

    /// <summary>int16 to uint8 with saturation, alternating eight lanes of left and of right.</summary>
    public void VPackUsWb(int to, int left, int right) => Vector(Map0F, Prefix66, 0x67, to, left, right);

    public void VpAddSw(int to, int left, Address right) => Vector(Map0F, Prefix66, 0xED, to, left, right, Bytes());

    public void VpMaxSw(int to, int left, int right) => Vector(Map0F, Prefix66, 0xEE, to, left, right);

    public void VpMinSb(int to, int left, Address right) => Vector(Map0F38, Prefix66, 0x38, to, left, right, Bytes());

    public void VpMaxSb(int to, int left, Address right) => Vector(Map0F38, Prefix66, 0x3C, to, left, right, Bytes());

    public void VpMinUb(int to, int left, Address right) => Vector(Map0F, Prefix66, 0xDA, to, left, right, Bytes());

    public void VpMaxUb(int to, int left, Address right) => Vector(Map0F, Prefix66, 0xDE, to, left, right, Bytes());

    /// <summary>int16 to the low half's int8, with signed saturation.</summary>
    public void VpMovSwb(int to, int from) => Vector(Map0F38, PrefixF3, 0x20, from, 0, to);

    /// <summary>Unsigned int16 to the low half's uint8, with saturation.</summary>
    public void VpMovUsWb(int to, int from) => Vector(Map0F38, PrefixF3, 0x10, from, 0, to);

    /// <summary>int32 to the low quarter's int8, cut off.</summary>
    public void VpMovDb(int to, int from) => Vector(Map0F38, PrefixF3, 0x31, from, 0, to);

    /// <summary>int32 to the low quarter's int8, with saturation.</summary>
    public void VpMovSdb(int to, int from) => Vector(Map0F38, PrefixF3, 0x21, from, 0, to);

    /// <summary>As many uint8 as the register has int32; those that a mask does not select are 0 and not read.</summary>
    public void VpMovZxBd(int to, Address from, VectorWidth? width = null, int mask = 0) =>
        Vector(Map0F38, Prefix66, 0x31, to, 0, from, Bytes(width) / 4, width, mask, zero: mask != 0);

    /// <summary>As many uint8 as the register has int16; those that a mask does not select are 0 and not read.</summary>
    public void VpMovZxBw(int to, Address from, int mask = 0) =>
        Vector(Map0F38, Prefix66, 0x30, to, 0, from, Bytes() / 2, mask: mask, zero: mask != 0);

    /// <summary>Copies a register.</summary>
    public void VMov(int to, int from) => Vector(Map0F, Prefix66, 0x6F, to, 0, from);

    /// <summary>Loads a register, unaligned.</summary>
    public void VMov(int to, Address from, VectorWidth? width = null) =>
        Vector(Map0F, PrefixF3, 0x6F, to, 0, from, Bytes(width), width);

    /// <summary>Stores a register, unaligned.</summary>
    public void VMov(Address to, int from, VectorWidth? width = null) =>
        Vector(Map0F, PrefixF3, 0x7F, from, 0, to, Bytes(width), width);

    /// <summary>Stores the bytes that a mask selects.</summary>
    public void VMovBytes(Address to, int from, int mask, VectorWidth? width = null) =>
        Vector(Map0F, PrefixF2, 0x7F, from, 0, to, Bytes(width), width, mask);

    /// <summary>Loads the bytes that a mask selects; the others are 0 and not read.</summary>
    public void VMovBytes(int to, Address from, int mask, VectorWidth? width = null) =>
        Vector(Map0F, PrefixF2, 0x6F, to, 0, from, Bytes(width), width, mask, zero: true);

    /// <summary>Unsigned bytes of the lowest part of a register as int16.</summary>
    public void VpMovZxBw(int to, int from) => Vector(Map0F38, Prefix66, 0x30, to, 0, from);

    /// <summary>Unsigned bytes of the lowest part of a register as int32.</summary>
    public void VpMovZxBd(int to, int from) => Vector(Map0F38, Prefix66, 0x31, to, 0, from);

    /// <summary>Loads 8 bytes; the others are 0.</summary>
    public void VMovQ(int to, Address from) => Vector(Map0F, PrefixF3, 0x7E, to, 0, from, 8, VectorWidth.Bits128, wide: true);

    /// <summary>Stores the lowest 8 bytes.</summary>
    public void VMovQ(Address to, int from) => Vector(Map0F, Prefix66, 0xD6, from, 0, to, 8, VectorWidth.Bits128, wide: true);
}
