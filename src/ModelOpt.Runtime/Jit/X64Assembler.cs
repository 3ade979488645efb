using System.Buffers.Binary;

namespace ModelOpt.Runtime.Jit;

/// <summary>A 64-bit general-purpose register, by its number in the encoding.</summary>
internal enum Gpr
{
    Rax,
    Rcx,
    Rdx,
    Rbx,
    Rsp,
    Rbp,
    Rsi,
    Rdi,
    R8,
    R9,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15,
}

/// <summary>Bits of a vector register that an instruction works on.</summary>
internal enum VectorWidth
{
    Bits128,
    Bits256,
    Bits512,
}

/// <summary>A memory operand: base register and displacement in bytes.</summary>
internal readonly record struct Address(Gpr Base, int Displacement)
{
    public static Address operator +(Address address, int bytes) =>
        address with { Displacement = address.Displacement + bytes };
}

/// <summary>A place in the code that jumps lead to.</summary>
internal readonly record struct Label(int Position);

/// <summary>
/// Encodes the few x64 instructions that assembled kernels consist of (Intel Software Developer's Manual, volume 2; VEX
/// prefix: section 2.3, EVEX: section 2.7). Vector registers are numbers up to what the target has; masks k1–k7, 0 for none. Small on
/// purpose: a general assembler costs more time to start than the kernels save in a short-lived process.
/// </summary>
/// <param name="target">Says which of the prefixes vector instructions have.</param>
internal sealed partial class X64Assembler(Target target)
{
    private byte[] _code = new byte[4096];
    private int _length;

    /// <summary>What the code is for.</summary>
    public Target Target => target;

    /// <summary>The code so far.</summary>
    public ReadOnlySpan<byte> Code => _code.AsSpan(0, _length);

    /// <summary>Where the next instruction will lie.</summary>
    public Label Here() => new(_length);

    /// <summary>Begins a function: at the next cache line, with the target's widest registers.</summary>
    public Label Begin()
    {
        const int alignment = 64;
        while (_length % alignment != 0)
            Byte(0xCC);
        Width = target.Width;
        return Here();
    }

    public void Ret() => Byte(0xC3);

    public void Push(Gpr register) => OneByte(0x50, register);

    public void Pop(Gpr register) => OneByte(0x58, register);

    public void Mov(Gpr to, Gpr from) => Binary(0x89, from, to);

    public void Mov(Gpr to, Address from) => Memory(0x8B, to, from);

    public void Mov(Address to, Gpr from) => Memory(0x89, from, to);

    /// <summary>Loads 32 bits, zero-extended to 64.</summary>
    public void Load32(Gpr to, Address from)
    {
        int high = ((int)to >> 3 << 2) | ((int)from.Base >> 3);
        if (high != 0)
            Byte((byte)(0x40 | high));
        Byte(0x8B);
        ModRm((int)to, from, 1);
    }

    public void Add(Gpr to, Gpr from) => Binary(0x01, from, to);

    public void Add(Gpr to, Address from) => Memory(0x03, to, from);

    public void Add(Gpr to, int value) => Immediate(0, to, value);

    public void Sub(Gpr to, int value) => Immediate(5, to, value);

    /// <summary>Moves a constant, zero-extended to 64 bits.</summary>
    public void Mov(Gpr to, uint value)
    {
        if ((int)to >= 8)
            Byte(0x41);
        Byte((byte)(0xB8 | ((int)to & 7)));
        Int32((int)value);
    }

    /// <summary>Subtracts 1 from the 64-bit integer in memory.</summary>
    public void Dec(Address at) => Memory(0xFF, Gpr.Rcx, at);

    /// <summary>Jumps back when the last result was not zero.</summary>
    public void JumpIfNotZero(Label target)
    {
        int near = target.Position - (_length + 2);
        if (near >= sbyte.MinValue)
        {
            Byte(0x75);
            Byte((byte)near);
            return;
        }

        Byte(0x0F);
        Byte(0x85);
        Int32(target.Position - (_length + 4));
    }

    public void VZeroUpper()
    {
        Byte(0xC5);
        Byte(0xF8);
        Byte(0x77);
    }

    /// <summary>Moves the low 64 bits of a general register to a mask register.</summary>
    public void KMovQ(int mask, Gpr from)
    {
        Byte(0xC4);
        Byte((byte)(0xC1 | ((int)from < 8 ? 0x20 : 0)));
        Byte(0xFB);
        Byte(0x92);
        Byte((byte)(0xC0 | (mask << 3) | ((int)from & 7)));
    }

    private void OneByte(int opcode, Gpr register)
    {
        if ((int)register >= 8)
            Byte(0x41);
        Byte((byte)(opcode | ((int)register & 7)));
    }

    private void Binary(byte opcode, Gpr reg, Gpr rm)
    {
        Byte((byte)(0x48 | ((int)reg >> 3 << 2) | ((int)rm >> 3)));
        Byte(opcode);
        Byte((byte)(0xC0 | (((int)reg & 7) << 3) | ((int)rm & 7)));
    }

    private void Immediate(int operation, Gpr to, int value)
    {
        Byte((byte)(0x48 | ((int)to >> 3)));
        bool small = value is >= sbyte.MinValue and <= sbyte.MaxValue;
        Byte(small ? (byte)0x83 : (byte)0x81);
        Byte((byte)(0xC0 | (operation << 3) | ((int)to & 7)));
        if (small)
            Byte((byte)value);
        else
            Int32(value);
    }

    private void Memory(byte opcode, Gpr reg, Address address)
    {
        Byte((byte)(0x48 | ((int)reg >> 3 << 2) | ((int)address.Base >> 3)));
        Byte(opcode);
        ModRm((int)reg, address, 1);
    }

    /// <summary>ModR/M, SIB and displacement; an 8-bit displacement counts units of <paramref name="unit"/> bytes.</summary>
    private void ModRm(int reg, Address address, int unit)
    {
        int low = (int)address.Base & 7, displacement = address.Displacement;
        bool none = displacement == 0 && low != 5;
        bool small = displacement % unit == 0 && displacement / unit is >= sbyte.MinValue and <= sbyte.MaxValue;
        int mode = none ? 0x00 : small ? 0x40 : 0x80;
        Byte((byte)(mode | ((reg & 7) << 3) | low));
        if (low == 4)
            Byte(0x24);
        if (none)
            return;
        if (small)
            Byte((byte)(displacement / unit));
        else
            Int32(displacement);
    }

    private void Int32(int value)
    {
        Reserve(4);
        BinaryPrimitives.WriteInt32LittleEndian(_code.AsSpan(_length), value);
        _length += 4;
    }

    private void Byte(byte value)
    {
        Reserve(1);
        _code[_length++] = value;
    }

    private void Reserve(int bytes)
    {
        if (_length + bytes > _code.Length)
            Array.Resize(ref _code, 2 * _code.Length);
    }
}
