using Iced.Intel;
using ModelOpt.Runtime.Jit;

namespace ModelOpt.Runtime.Tests.Jit;

/// <summary>Iced, a disassembler that we did not write, reads our machine code as the instructions that we meant.</summary>
[TestClass]
internal sealed class X64AssemblerTests
{
    [TestMethod]
    [DataRow(0, 1, 2)]
    [DataRow(9, 15, 8)]
    [DataRow(16, 23, 31)]
    [DataRow(30, 7, 17)]
    public void Vector_instructions_of_registers(int a, int b, int c)
    {
        (Action<X64Assembler> Emit, string Expected)[] cases =
        [
            (x => x.VpDpBusd(a, b, c), $"vpdpbusd zmm{a},zmm{b},zmm{c}"),
            (x => x.VpMAddUbSw(a, b, c), $"vpmaddubsw zmm{a},zmm{b},zmm{c}"),
            (x => x.VpMAddWd(a, b, c), $"vpmaddwd zmm{a},zmm{b},zmm{c}"),
            (x => x.VpXorD(a, b, c), $"vpxord zmm{a},zmm{b},zmm{c}"),
            (x => x.VCvtDq2Ps(a, b), $"vcvtdq2ps zmm{a},zmm{b}"),
            (x => x.VCvtPs2Dq(a, b), $"vcvtps2dq zmm{a},zmm{b}"),
            (x => x.VMulPs(a, b, c), $"vmulps zmm{a},zmm{b},zmm{c}"),
            (x => x.VPackSsDw(a, b, c), $"vpackssdw zmm{a},zmm{b},zmm{c}"),
            (x => x.VPackSsWb(a, b, c), $"vpacksswb zmm{a},zmm{b},zmm{c}"),
            (x => x.VPackUsWb(a, b, c), $"vpackuswb zmm{a},zmm{b},zmm{c}"),
            (x => x.VpMaxSw(a, b, c), $"vpmaxsw zmm{a},zmm{b},zmm{c}"),
            (x => x.VpMovSwb(a, b), $"vpmovswb ymm{a},zmm{b}"),
            (x => x.VpMovUsWb(a, b), $"vpmovuswb ymm{a},zmm{b}"),
            (x => x.VpMovSdb(a, b), $"vpmovsdb xmm{a},zmm{b}"),
            (x => x.VpDpBusd(a, b, c, VectorWidth.Bits256), $"vpdpbusd ymm{a},ymm{b},ymm{c}"),
            (x => x.VpUnpackLBw(a, b, c), $"vpunpcklbw zmm{a},zmm{b},zmm{c}"),
            (x => x.VpUnpackHBw(a, b, c), $"vpunpckhbw zmm{a},zmm{b},zmm{c}"),
            (x => x.VpUnpackLWd(a, b, c), $"vpunpcklwd zmm{a},zmm{b},zmm{c}"),
            (x => x.VpUnpackHWd(a, b, c), $"vpunpckhwd zmm{a},zmm{b},zmm{c}"),
            (x => x.VpMovDb(a, b), $"vpmovdb xmm{a},zmm{b}"),
            (x => x.VpAddD(a, b, c), $"vpaddd zmm{a},zmm{b},zmm{c}"),
            (x => x.VpSrlD(a, b, c), $"vpsrld zmm{a},zmm{b},{c}"),
            (x => x.VMov(a, b), $"vmovdqa32 zmm{a},zmm{b}"),
        ];
        Check(cases);
    }

    [TestMethod]
    [DataRow("rax", 0)]
    [DataRow("r11", 64)]
    [DataRow("rbp", 0)]
    [DataRow("r13", -4)]
    [DataRow("rsp", 128)]
    [DataRow("r12", 1_000_000)]
    [DataRow("rdx", 508)]
    [DataRow("rdx", 8128)]
    [DataRow("rdx", 8192)]
    [DataRow("rdx", 65)]
    public void Instructions_with_memory(string text, int displacement)
    {
        var at = new Address(Enum.Parse<Gpr>(text, ignoreCase: true), displacement);
        string place = displacement switch
        {
            0 => $"[{text}]",
            < 0 => $"[{text}-{-displacement:D}]",
            _ => $"[{text}+{displacement:D}]",
        };
        (Action<X64Assembler> Emit, string Expected)[] cases =
        [
            (x => x.VpDpBusd(3, 19, at), $"vpdpbusd zmm3,zmm19,{place}"),
            (x => x.VpDpBusd(3, 19, at, VectorWidth.Bits256), $"vpdpbusd ymm3,ymm19,{place}"),
            (x => x.VpXorD(9, 1, at), $"vpxord zmm9,zmm1,{place}"),
            (x => x.VFmAdd132Ps(9, 30, at), $"vfmadd132ps zmm9,zmm30,{place}"),
            (x => x.VFmAdd231Ps(9, 30, at), $"vfmadd231ps zmm9,zmm30,{place}"),
            (x => x.VpErmI2D(9, 30, at), $"vpermi2d zmm9,zmm30,{place}"),
            (x => x.VpMovZxBd(9, at), $"vpmovzxbd zmm9,{place}"),
            (x => x.VpMovZxBd(9, at, VectorWidth.Bits256, 1), $"vpmovzxbd ymm9{{k1}}{{z}},{place}"),
            (x => x.VpMovZxBw(25, at, 1), $"vpmovzxbw zmm25{{k1}}{{z}},{place}"),
            (x => x.VMovBytes(17, at, 1), $"vmovdqu8 zmm17{{k1}}{{z}},{place}"),
            (x => x.VMovQ(at, 18), $"vmovq {place},xmm18"),
            (x => x.VMovBytes(12, at, 1, VectorWidth.Bits128), $"vmovdqu8 xmm12{{k1}}{{z}},{place}"),
            (x => x.VpBroadcastD(28, at), $"vpbroadcastd zmm28,{place}"),
            (x => x.VMulPs(9, 30, at), $"vmulps zmm9,zmm30,{place}"),
            (x => x.VMinPs(9, 1, at), $"vminps zmm9,zmm1,{place}"),
            (x => x.VMaxPs(9, 1, at), $"vmaxps zmm9,zmm1,{place}"),
            (x => x.VpAddD(9, 1, at), $"vpaddd zmm9,zmm1,{place}"),
            (x => x.VpAddSw(9, 1, at), $"vpaddsw zmm9,zmm1,{place}"),
            (x => x.VpMinSD(9, 1, at), $"vpminsd zmm9,zmm1,{place}"),
            (x => x.VpMaxSD(9, 1, at), $"vpmaxsd zmm9,zmm1,{place}"),
            (x => x.VpMinSb(9, 1, at), $"vpminsb zmm9,zmm1,{place}"),
            (x => x.VpMaxSb(9, 1, at), $"vpmaxsb zmm9,zmm1,{place}"),
            (x => x.VpMinUb(9, 1, at), $"vpminub zmm9,zmm1,{place}"),
            (x => x.VpMaxUb(9, 1, at), $"vpmaxub zmm9,zmm1,{place}"),
            (x => x.VMov(17, at), $"vmovdqu32 zmm17,{place}"),
            (x => x.VMov(at, 6, VectorWidth.Bits128), $"vmovdqu32 {place},xmm6"),
            (x => x.VMov(at, 25, VectorWidth.Bits256), $"vmovdqu32 {place},ymm25"),
            (x => x.VMovBytes(at, 12, 1), $"vmovdqu8 {place}{{k1}},zmm12"),
            (x => x.Mov(Gpr.R9, at), $"mov r9,{place}"),
            (x => x.Load32(Gpr.Rax, at), $"mov eax,{place}"),
            (x => x.Load32(Gpr.R9, at), $"mov r9d,{place}"),
            (x => x.Add(Gpr.Rcx, at), $"add rcx,{place}"),
            (x => x.Dec(at), $"dec qword ptr {place}"),
        ];
        Check(cases);
    }

    [TestMethod]
    [DataRow(nameof(VectorWidth.Bits128), "xmm", 16)]
    [DataRow(nameof(VectorWidth.Bits256), "ymm", 32)]
    public void Narrow_registers(string name, string register, int bytes)
    {
        VectorWidth width = Enum.Parse<VectorWidth>(name);
        Address near = new(Gpr.R9, 3 * bytes), odd = new(Gpr.Rcx, 1000);
        (Action<X64Assembler> Emit, string Expected)[] cases =
        [
            (x => x.VpDpBusd(16, 3, 29), $"vpdpbusd {register}16,{register}3,{register}29"),
            (x => x.VpXorD(16, 31, near), $"vpxord {register}16,{register}31,[r9+{3 * bytes}]"),
            (x => x.VpAddSw(1, 17, odd), $"vpaddsw {register}1,{register}17,[rcx+1000]"),
            (x => x.VPackSsWb(9, 10, 20), $"vpacksswb {register}9,{register}10,{register}20"),
            (x => x.VCvtPs2Dq(30, 30), $"vcvtps2dq {register}30,{register}30"),
            (x => x.VMov(8, 20), $"vmovdqa32 {register}8,{register}20"),
            (x => x.VMov(8, near), $"vmovdqu32 {register}8,[r9+{3 * bytes}]"),
            (x => x.VMovBytes(near, 8, 2), $"vmovdqu8 [r9+{3 * bytes:D}]{{k2}},{register}8"),
        ];
        Check([.. cases.Select<(Action<X64Assembler> Emit, string Expected), (Action<X64Assembler>, string)>(c => (
            x =>
            {
                x.Width = width;
                c.Emit(x);
            },
            c.Expected))]);
    }

    [TestMethod]
    public void General_instructions()
    {
        (Action<X64Assembler> Emit, string Expected)[] cases =
        [
            (x => x.Mov(Gpr.R11, Gpr.Rdi), "mov r11,rdi"),
            (x => x.Mov(Gpr.R9, 70_000), "mov r9d,70000"),
            (x => x.Add(Gpr.Rax, 5), "add rax,5"),
            (x => x.Add(Gpr.R10, 1000), "add r10,1000"),
            (x => x.Add(Gpr.Rcx, Gpr.R8), "add rcx,r8"),
            (x => x.Sub(Gpr.Rbx, 1), "sub rbx,1"),
            (x => x.Push(Gpr.Rbx), "push rbx"),
            (x => x.Pop(Gpr.R15), "pop r15"),
            (x => x.KMovQ(1, Gpr.Rax), "kmovq k1,rax"),
            (x => x.KMovQ(5, Gpr.R9), "kmovq k5,r9"),
            (x => x.VZeroUpper(), "vzeroupper"),
            (x => x.Ret(), "ret"),
        ];
        Check(cases);
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(200)]
    public void Jumps_lead_to_their_label(int between)
    {
        var assembler = new X64Assembler(Target.Avx512Vnni);
        assembler.Ret();
        ModelOpt.Runtime.Jit.Label label = assembler.Here();
        for (int i = 0; i < between; i++)
            assembler.Push(Gpr.Rax);
        assembler.JumpIfNotZero(label);
        Instruction jump = Decode(assembler.Code.ToArray())[^1];
        Assert.AreEqual(Mnemonic.Jne, jump.Mnemonic);
        Assert.AreEqual(1ul, jump.NearBranchTarget);
    }

    private static void Check(params (Action<X64Assembler> Emit, string Expected)[] cases) => Check(Target.Avx512Vnni, cases);

    internal static void Check(Target target, params (Action<X64Assembler> Emit, string Expected)[] cases)
    {
        var formatter = new IntelFormatter();
        formatter.Options.NumberBase = NumberBase.Decimal;
        formatter.Options.MemorySizeOptions = MemorySizeOptions.Minimal;
        foreach ((Action<X64Assembler> emit, string expected) in cases)
        {
            var assembler = new X64Assembler(target);
            emit(assembler);
            List<Instruction> instructions = Decode(assembler.Code.ToArray());
            Assert.HasCount(1, instructions, expected);
            var output = new StringOutput();
            formatter.Format(instructions[0], output);
            Assert.AreEqual(expected, output.ToStringAndReset());
        }
    }

    private static List<Instruction> Decode(byte[] code)
    {
        var decoder = Decoder.Create(64, code);
        var instructions = new List<Instruction>();
        while (decoder.IP < (ulong)code.Length)
            instructions.Add(decoder.Decode());
        return instructions;
    }
}
