namespace ModelOpt.Runtime.Jit;

/// <content>What AVX2 has instead of masks: loads and stores of any number of bytes, in pieces. VEX prefixes only.</content>
internal sealed partial class X64Assembler
{
    /// <summary>The second half of a register of 256 bits.</summary>
    public void VExtractI128(int to, int from)
    {
        Vector(Map0F3A, Prefix66, 0x39, from, 0, to, VectorWidth.Bits256);
        Byte(1);
    }

    /// <summary>Alternating int32 of the low halves of each 128 bits.</summary>
    public void VpUnpackLDq(int to, int left, int right) => Vector(Map0F, Prefix66, 0x62, to, left, right);

    /// <summary>Puts the first and the third 64 bits of a register of 256 bits side by side.</summary>
    public void VJoinEvenQuarters(int to, int from)
    {
        VexPrefix(Map0F3A, Prefix66, to, 0, (from >> 3) & 1, VectorWidth.Bits256, wide: true);
        Byte(0x00);
        Byte((byte)(0xC0 | ((to & 7) << 3) | (from & 7)));
        Byte(0x08);
    }

    /// <summary>Stores the first bytes of a register, and no others.</summary>
    /// <param name="to">Where.</param>
    /// <param name="from">The register; overwritten where there are more than 16.</param>
    /// <param name="count">1 to 31.</param>
    public void VStoreFirst(Address to, int from, int count)
    {
        if (count >= 16)
        {
            VMov(to, from, VectorWidth.Bits128);
            if (count == 16)
                return;
            VExtractI128(from, from);
            (to, count) = (to + 16, count - 16);
        }

        int at = 0;
        if (count >= 8)
        {
            VMovQ(to, from);
            at = 8;
        }

        for (int piece = 4; piece > 0; piece /= 2)
        {
            if ((count & piece) == 0)
                continue;
            Piece(Map0F3A, (byte)(piece == 1 ? 0x14 : piece == 2 ? 0x15 : 0x16), from, 0, to + at, at / piece);
            at += piece;
        }
    }

    /// <summary>Loads bytes, and reads no others; the rest of the register is 0.</summary>
    /// <param name="to">The register.</param>
    /// <param name="from">Where.</param>
    /// <param name="count">1 to 31.</param>
    /// <param name="free">A register that may be overwritten.</param>
    public void VLoadFirst(int to, Address from, int count, int free)
    {
        if (count < 16)
        {
            LoadBelow16(to, from, count);
            return;
        }

        if (count > 16)
            LoadBelow16(free, from + 16, count - 16);
        VMov(to, from, VectorWidth.Bits128);
        if (count == 16)
            return;
        Vector(Map0F3A, Prefix66, 0x38, to, to, free, VectorWidth.Bits256);
        Byte(1);
    }

    private void LoadBelow16(int to, Address from, int count)
    {
        int at = 0;
        if (count >= 8)
        {
            VMovQ(to, from);
            at = 8;
        }
        else
        {
            Vector(Map0F, Prefix66, 0xEF, to, to, to, VectorWidth.Bits128);
        }

        for (int piece = 4; piece > 0; piece /= 2)
        {
            if ((count & piece) == 0)
                continue;
            int map = piece == 2 ? Map0F : Map0F3A;
            Piece(map, (byte)(piece == 1 ? 0x20 : piece == 2 ? 0xC4 : 0x22), to, to, from + at, at / piece);
            at += piece;
        }
    }

    private void Piece(int map, byte opcode, int reg, int vvvv, Address rm, int index)
    {
        Vector(map, Prefix66, opcode, reg, vvvv, rm, 1, VectorWidth.Bits128);
        Byte((byte)index);
    }
}
