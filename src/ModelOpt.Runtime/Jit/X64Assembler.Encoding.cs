namespace ModelOpt.Runtime.Jit;

/// <content>Prefixes of vector instructions. An instruction has the same map, opcode and ModR/M byte behind either.</content>
internal sealed partial class X64Assembler
{
    private int Bytes(VectorWidth? width = null) => 16 << (int)(width ?? Width);

    private void Vector(int map, int prefix, byte opcode, int reg, int vvvv, int rm, VectorWidth? width = null, bool evex = false)
    {
        if (target.Vex && !evex)
            VexPrefix(map, prefix, reg, vvvv, (rm >> 3) & 1, width);
        else
            EvexPrefix(map, prefix, reg, vvvv, (rm >> 3) & 1, (rm >> 4) & 1, width);
        Byte(opcode);
        Byte((byte)(0xC0 | ((reg & 7) << 3) | (rm & 7)));
    }

    private void Vector(
        int map, int prefix, byte opcode, int reg, int vvvv, Address rm, int unit, VectorWidth? width = null,
        int mask = 0, bool zero = false, bool wide = false, bool evex = false)
    {
        bool vex = target.Vex && !evex;
        if (vex)
            VexPrefix(map, prefix, reg, vvvv, (int)rm.Base >> 3, width);
        else
            EvexPrefix(map, prefix, reg, vvvv, (int)rm.Base >> 3, 0, width, mask, zero, wide);
        Byte(opcode);
        ModRm(reg, rm, vex ? 1 : unit);
    }

    private void EvexPrefix(
        int map, int prefix, int reg, int vvvv, int b, int x, VectorWidth? width, int mask = 0, bool zero = false, bool wide = false)
    {
        // All register bits beyond the ModR/M byte's three are stored inverted.
        int r = (reg >> 3) & 1, r2 = (reg >> 4) & 1;
        Byte(0x62);
        Byte((byte)(((r ^ 1) << 7) | ((x ^ 1) << 6) | ((b ^ 1) << 5) | ((r2 ^ 1) << 4) | map));
        Byte((byte)((wide ? 0x80 : 0) | ((~vvvv & 0xF) << 3) | 0x04 | prefix));
        Byte((byte)((zero ? 0x80 : 0) | ((int)(width ?? Width) << 5) | (((vvvv >> 4) ^ 1) << 3) | mask));
    }

    /// <summary>Two bytes where they say all, otherwise three.</summary>
    private void VexPrefix(int map, int prefix, int reg, int vvvv, int b, VectorWidth? width, bool wide = false)
    {
        int r = ((reg >> 3) & 1) ^ 1, last = ((~vvvv & 0xF) << 3) | ((width ?? Width) == VectorWidth.Bits256 ? 4 : 0) | prefix;
        if (map == Map0F && b == 0 && !wide)
        {
            Byte(0xC5);
            Byte((byte)((r << 7) | last));
            return;
        }

        Byte(0xC4);
        Byte((byte)((r << 7) | 0x40 | ((b ^ 1) << 5) | map));
        Byte((byte)((wide ? 0x80 : 0) | last));
    }
}
