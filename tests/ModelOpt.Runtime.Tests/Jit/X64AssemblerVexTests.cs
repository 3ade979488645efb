using ModelOpt.Runtime.Jit;

namespace ModelOpt.Runtime.Tests.Jit;

/// <summary>The instructions that AVX2 and AVX-VNNI know as well, with their prefixes.</summary>
[TestClass]
internal sealed class X64AssemblerVexTests
{
    private static readonly Target Vex = new("", VectorWidth.Bits256, vex: true, hasDot: true);

    [TestMethod]
    [DataRow(0, 1, 2)]
    [DataRow(9, 15, 8)]
    [DataRow(7, 3, 12)]
    public void Instructions_of_registers(int a, int b, int c) => X64AssemblerTests.Check(
        Vex,
        (x => x.VpDpBusd(a, b, c), $"vpdpbusd ymm{a},ymm{b},ymm{c}"),
        (x => x.VpDpBusd(a, b, c, VectorWidth.Bits128), $"vpdpbusd xmm{a},xmm{b},xmm{c}"),
        (x => x.VpMAddUbSw(a, b, c), $"vpmaddubsw ymm{a},ymm{b},ymm{c}"),
        (x => x.VpMAddWd(a, b, c), $"vpmaddwd ymm{a},ymm{b},ymm{c}"),
        (x => x.VpXorD(a, b, c), $"vpxor ymm{a},ymm{b},ymm{c}"),
        (x => x.VCvtDq2Ps(a, b), $"vcvtdq2ps ymm{a},ymm{b}"),
        (x => x.VCvtPs2Dq(a, b), $"vcvtps2dq ymm{a},ymm{b}"),
        (x => x.VMulPs(a, b, c), $"vmulps ymm{a},ymm{b},ymm{c}"),
        (x => x.VPackSsDw(a, b, c), $"vpackssdw ymm{a},ymm{b},ymm{c}"),
        (x => x.VPackSsWb(a, b, c), $"vpacksswb ymm{a},ymm{b},ymm{c}"),
        (x => x.VPackUsWb(a, b, c), $"vpackuswb ymm{a},ymm{b},ymm{c}"),
        (x => x.VpUnpackLBw(a, b, c), $"vpunpcklbw ymm{a},ymm{b},ymm{c}"),
        (x => x.VpUnpackHWd(a, b, c), $"vpunpckhwd ymm{a},ymm{b},ymm{c}"),
        (x => x.VpUnpackLDq(a, b, c), $"vpunpckldq ymm{a},ymm{b},ymm{c}"),
        (x => x.VpAddD(a, b, c), $"vpaddd ymm{a},ymm{b},ymm{c}"),
        (x => x.VpSrlD(a, b, c), $"vpsrld ymm{a},ymm{b},{c}"),
        (x => x.VMov(a, b), $"vmovdqa ymm{a},ymm{b}"),
        (x => x.VpMovZxBw(a, b), $"vpmovzxbw ymm{a},xmm{b}"),
        (x => x.VpMovZxBd(a, b), $"vpmovzxbd ymm{a},xmm{b}"),
        (x => x.VExtractI128(a, b), $"vextracti128 xmm{a},ymm{b},1"),
        (x => x.VJoinEvenQuarters(a, b), $"vpermq ymm{a},ymm{b},8"));

    [TestMethod]
    [DataRow("rax", 0)]
    [DataRow("r11", 64)]
    [DataRow("rbp", 0)]
    [DataRow("r13", -4)]
    [DataRow("rsp", 128)]
    [DataRow("r12", 1_000_000)]
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
        X64AssemblerTests.Check(
            Vex,
            (x => x.VpDpBusd(3, 9, at), $"vpdpbusd ymm3,ymm9,{place}"),
            (x => x.VpMAddUbSw(9, 1, at), $"vpmaddubsw ymm9,ymm1,{place}"),
            (x => x.VpMAddWd(9, 1, at), $"vpmaddwd ymm9,ymm1,{place}"),
            (x => x.VpXorD(9, 1, at), $"vpxor ymm9,ymm1,{place}"),
            (x => x.VFmAdd132Ps(9, 10, at), $"vfmadd132ps ymm9,ymm10,{place}"),
            (x => x.VFmAdd231Ps(9, 10, at), $"vfmadd231ps ymm9,ymm10,{place}"),
            (x => x.VpMovZxBd(9, at), $"vpmovzxbd ymm9,{place}"),
            (x => x.VpMovZxBw(5, at), $"vpmovzxbw ymm5,{place}"),
            (x => x.VpBroadcastD(8, at), $"vpbroadcastd ymm8,{place}"),
            (x => x.VMulPs(9, 0, at), $"vmulps ymm9,ymm0,{place}"),
            (x => x.VMaxPs(9, 1, at), $"vmaxps ymm9,ymm1,{place}"),
            (x => x.VpAddSw(9, 1, at), $"vpaddsw ymm9,ymm1,{place}"),
            (x => x.VpMinSD(9, 1, at), $"vpminsd ymm9,ymm1,{place}"),
            (x => x.VpMaxSb(9, 1, at), $"vpmaxsb ymm9,ymm1,{place}"),
            (x => x.VpMinUb(9, 1, at), $"vpminub ymm9,ymm1,{place}"),
            (x => x.VMov(7, at), $"vmovdqu ymm7,{place}"),
            (x => x.VMov(at, 6, VectorWidth.Bits128), $"vmovdqu {place},xmm6"),
            (x => x.VMov(at, 15), $"vmovdqu {place},ymm15"),
            (x => x.VMovQ(at, 13), $"vmovq {place},xmm13"),
            (x => x.VMovQ(13, at), $"vmovq xmm13,{place}"));
    }

    [TestMethod]
    public void The_dot_product_keeps_its_long_prefix_where_the_processor_has_no_other() => X64AssemblerTests.Check(
        new Target("", VectorWidth.Bits256, vex: true, hasDot: true, evexDot: true),
        (x => x.VpDpBusd(3, 9, 15), "vpdpbusd ymm3,ymm9,ymm15"),
        (x => x.VpDpBusd(3, 9, new Address(Gpr.Rax, 64)), "vpdpbusd ymm3,ymm9,[rax+64]"));

    [TestMethod]
    public void The_dot_product_has_one_of_two_prefixes()
    {
        foreach (bool evex in (bool[])[false, true])
        {
            var code = new X64Assembler(new Target("", VectorWidth.Bits256, true, true, evex));
            code.VpDpBusd(1, 2, 3);
            Assert.AreEqual(evex ? 0x62 : 0xC4, code.Code[0]);
        }
    }

    [TestMethod]
    public unsafe void Any_number_of_bytes_is_loaded_and_stored_alone()
    {
        if (!Target.Available.Contains(Target.Avx2) || !AssembledCode.IsSupported)
            Assert.Inconclusive("Needs AVX2.");
        byte* source = stackalloc byte[32], target = stackalloc byte[40];
        void** arguments = stackalloc void*[2];
        for (int i = 0; i < 32; i++)
            source[i] = (byte)(i + 1);
        for (int count = 1; count < 32; count++)
        {
            AssembledCode code = AssembledCode.TryCreate(1, Target.Avx2)!;
            AssembledFunction function = code.Get(count, Copy);
            Assert.IsTrue(code.Seal());
            new Span<byte>(target, 40).Fill(0xA5);
            arguments[0] = source;
            arguments[1] = target;
            function.Call(arguments);
            for (int i = 0; i < 40; i++)
                Assert.AreEqual(i < count ? i + 1 : 0xA5, target[i], $"byte {i} of {count}");
        }

        static void Copy(int count, X64Assembler code)
        {
            Frame.Enter(code, Gpr.Rax);
            code.Mov(Gpr.Rcx, new Address(Gpr.Rax, 0));
            code.Mov(Gpr.Rdx, new Address(Gpr.Rax, 8));
            code.VLoadFirst(3, new Address(Gpr.Rcx, 0), count, 9);
            code.VStoreFirst(new Address(Gpr.Rdx, 0), 3, count);
            Frame.Leave(code);
        }
    }
}
