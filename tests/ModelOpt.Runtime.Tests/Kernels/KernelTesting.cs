using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Guarding;
using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Simd;

namespace ModelOpt.Runtime.Tests.Kernels;

/// <summary>Inputs from fixed seeds, and the tiers that this process can run.</summary>
internal static class KernelTesting
{
    /// <summary>The vector tiers of this machine, or of what the environment leaves of it.</summary>
    public static IEnumerable<SimdTier> Tiers =>
        Enum.GetValues<SimdTier>().Where(tier => tier <= SimdTiers.Best);

    /// <summary>Ends a test inconclusively where <see cref="Assembled"/> gave it nothing to compare.</summary>
    public static void RequireAssembled()
    {
        if (!AssembledCode.IsSupported)
            Assert.Inconclusive("Needs a processor that runs assembled code.");
    }

    /// <summary>
    /// The kernel in its assembled forms, one for each target of this machine, ready to run; nothing where this process may not assemble.
    /// </summary>
    /// <param name="create">Makes the kernel; null where it is not for a target.</param>
    /// <param name="threads">Threads that will share its work.</param>
    public static IEnumerable<Kernel> Assembled(Func<AssembledCode, Kernel?> create, int threads = 1) =>
        Assembled(Target.Available, create, threads);

    /// <summary>The same for AVX512-VNNI alone.</summary>
    public static IEnumerable<Kernel> AssembledWide(Func<AssembledCode, Kernel?> create, int threads = 1) =>
        Assembled(Target.Available.Where(target => target == Target.Avx512Vnni), create, threads);

    private static IEnumerable<Kernel> Assembled(IEnumerable<Target> targets, Func<AssembledCode, Kernel?> create, int threads)
    {
        foreach (Target target in targets)
        {
            if (AssembledCode.TryCreate(threads, target) is not { } code || create(code) is not { } kernel)
                continue;
            Assert.IsTrue(code.Seal(), "the system refuses executable memory");
            yield return kernel;
        }
    }

    public static float[] Floats(int length, int seed)
    {
        var random = new Random(seed);
        var values = new float[length];
        for (int i = 0; i < length; i++)
            values[i] = (float)((random.NextDouble() * 4) - 2);
        return values;
    }

    /// <summary>A window with random kernel, stride, dilation, and padding on each side, and at least one output.</summary>
    public static Window2D RandomWindow(Random random, int inputChannels, int outputChannels, int maxSize)
    {
        while (true)
        {
            int height = random.Next(1, maxSize), width = random.Next(1, maxSize);
            int kernelHeight = random.Next(1, 5), kernelWidth = random.Next(1, 5);
            if (random.Next(4) == 0)
                kernelHeight = kernelWidth = 1;
            int strideHeight = random.Next(1, 4), strideWidth = random.Next(1, 4);
            int dilationHeight = random.Next(3) == 0 ? 2 : 1, dilationWidth = random.Next(3) == 0 ? 3 : 1;
            int top = random.Next(3), left = random.Next(3), bottom = random.Next(3), right = random.Next(3);
            int outputHeight = Outputs(height + top + bottom, kernelHeight, strideHeight, dilationHeight);
            int outputWidth = Outputs(width + left + right, kernelWidth, strideWidth, dilationWidth);
            if (outputHeight > 0 && outputWidth > 0)
            {
                return new Window2D(
                    random.Next(1, 3), height, width, inputChannels, outputHeight, outputWidth, outputChannels,
                    kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, top, left);
            }
        }

        static int Outputs(int size, int kernel, int stride, int dilation) =>
            size < ((kernel - 1) * dilation) + 1 ? 0 : ((size - ((kernel - 1) * dilation) - 1) / stride) + 1;
    }

    /// <summary>The input pixels that the taps of an output pixel's window meet, in the taps' order, without padding.</summary>
    public static IEnumerable<(int Tap, int Y, int X)> Taps(Window2D w, int oy, int ox) =>
        from tap in Enumerable.Range(0, w.KernelHeight * w.KernelWidth)
        let y = (oy * w.StrideHeight) - w.PadTop + (tap / w.KernelWidth * w.DilationHeight)
        let x = (ox * w.StrideWidth) - w.PadLeft + (tap % w.KernelWidth * w.DilationWidth)
        where y >= 0 && y < w.InputHeight && x >= 0 && x < w.InputWidth
        select (tap, y, x);

    /// <summary>Bytes over the whole range, with the extremes −128, 127, 0 and 255 frequent.</summary>
    public static byte[] Bytes(int length, int seed)
    {
        var random = new Random(seed);
        var values = new byte[length];
        random.NextBytes(values);
        for (int i = 0; i < length; i++)
        {
            if (random.Next(8) == 0)
                values[i] = random.Next(2) == 0 ? (byte)0x80 : (byte)0x7f;
        }

        return values;
    }

    /// <summary>Symmetric int8 weights, −127…127, or any uint8.</summary>
    public static byte[] Weights(int length, int seed, bool unsigned)
    {
        byte[] values = Bytes(length, seed);
        for (int i = 0; i < length; i++)
        {
            if (!unsigned && values[i] == 0x80)
                values[i] = 0x81;
        }

        return values;
    }

    /// <summary>
    /// Runs a kernel in an arena whose free bytes and scratch memory hold garbage; fails if its items, one at a time from the
    /// last to the first, or in shares where there are many, give other results than all at once, if a byte around the output or beyond
    /// the scratch memory changes, or if a warm call allocates.
    /// </summary>
    public static byte[] Run(Kernel kernel, int outputLength, params byte[][] inputs) => Run(kernel, [outputLength], inputs)[0];

    /// <summary>The same of a kernel with several outputs.</summary>
    public static byte[][] Run(Kernel kernel, int[] outputLengths, params byte[][] inputs)
    {
        const byte garbage = 0xa5;
        const int guard = 64;
        if (GuardPages.Enabled)
            return RunGuarded(kernel, outputLengths, inputs);
        int offset = guard;
        Operand[] operands = Array.ConvertAll(inputs, input => Place(input.Length)), outputs = Array.ConvertAll(outputLengths, Place);
        var arena = new byte[offset];
        arena.AsSpan().Fill(garbage);
        for (int i = 0; i < inputs.Length; i++)
            inputs[i].CopyTo(operands[i].Write(arena));
        var before = (byte[])arena.Clone();

        int scratchLength = kernel.ScratchBytes;
        var scratch = new byte[scratchLength + guard];
        scratch.AsSpan().Fill(garbage);
        var arguments = new KernelArguments(operands, outputs, arena, scratch.AsSpan(0, scratchLength));
        int share = (kernel.Items + 63) / 64;
        for (int end = kernel.Items; end > 0; end -= share)
            kernel.Run(arguments, Math.Max(0, end - share), end);
        byte[][] divided = Results();
        foreach (Operand output in outputs)
            output.Write(arena).Fill(garbage);

        // A collection between the two readings counts the rest of the thread's allocation context: hence the attempts.
        long allocated = -1;
        for (int attempt = 0; attempt < 5 && allocated != 0; attempt++)
        {
            allocated = -GC.GetAllocatedBytesForCurrentThread();
            kernel.Run(arguments, 0, kernel.Items);
            allocated += GC.GetAllocatedBytesForCurrentThread();
        }

        // Where .NET compiled ahead of time, its own sort allocates.
        if (RuntimeFeature.IsDynamicCodeSupported)
            Assert.AreEqual(0L, allocated, "bytes allocated by a warm run");
        byte[][] results = Results();
        for (int i = 0; i < outputs.Length; i++)
        {
            AssertSame(results[i], divided[i], "one item at a time");
            results[i].CopyTo(outputs[i].Write(before));
        }

        Assert.IsTrue(arena.AsSpan().SequenceEqual(before), "bytes around the output changed");
        Assert.IsTrue(scratch.AsSpan(scratchLength).IndexOfAnyExcept(garbage) < 0, "bytes after the scratch memory changed");
        return results;

        byte[][] Results() => Array.ConvertAll(outputs, output => output.Read(arena).ToArray());

        Operand Place(int length)
        {
            var operand = Operand.InArena(offset, length);
            offset += ((length + 63) / 64 * 64) + guard;
            return operand;
        }
    }

    // Guard pages watch the surroundings; what is allocated is none of their business.
    private static byte[][] RunGuarded(Kernel kernel, int[] outputLengths, byte[][] inputs)
    {
        IEnumerable<int> lengths = inputs.Select(input => input.Length).Concat(outputLengths);
        ArenaBlock[] blocks = [.. lengths.Select(length => new ArenaBlock(length, 0, 0))];
        Memory<byte> arena = GuardedArena.Arena(ArenaLayout.Place(blocks), blocks),
            scratch = GuardPages.Copy(new byte[kernel.ScratchBytes]);
        Operand[] operands = [.. blocks.Select(block => Operand.InArena(block.Offset, block.Bytes))], outputs = operands[inputs.Length..];
        for (int i = 0; i < inputs.Length; i++)
            inputs[i].CopyTo(operands[i].Write(arena.Span));
        scratch.Span.Fill(0xa5);
        foreach (Operand output in outputs)
            output.Write(arena.Span).Fill(0xa5);
        int share = (kernel.Items + 63) / 64;
        var arguments = new KernelArguments(operands[..inputs.Length], outputs, arena.Span, scratch.Span);
        for (int end = kernel.Items; end > 0; end -= share)
            kernel.Run(arguments, Math.Max(0, end - share), end);
        byte[][] results = Array.ConvertAll(outputs, output => output.Write(arena.Span).ToArray());
        GC.KeepAlive(arena);
        GC.KeepAlive(scratch);
        return results;
    }

    /// <summary>The same for float32 operands.</summary>
    public static float[] RunFloat(Kernel kernel, int outputLength, params float[][] inputs)
    {
        byte[][] bytes = [.. inputs.Select(input => MemoryMarshal.AsBytes(input.AsSpan()).ToArray())];
        return MemoryMarshal.Cast<byte, float>(Run(kernel, outputLength * sizeof(float), bytes)).ToArray();
    }

    /// <summary>Requantization as it is defined, in scalar steps of the framework.</summary>
    public static byte Requantize(int sum, float multiplier, LayerQuantization quantization)
    {
        float scaled = MathF.Round(sum * multiplier, MidpointRounding.ToEven);
        float low = quantization.OutputMin - quantization.OutputZeroPoint;
        float high = quantization.OutputMax - quantization.OutputZeroPoint;
        return unchecked((byte)((int)Math.Clamp(scaled, low, high) + quantization.OutputZeroPoint));
    }

    /// <summary>Random parameters whose multipliers spread sums of <paramref name="k"/> products over the output's range.</summary>
    public static LayerQuantization Quantization(Random random, int outputs, int k, bool unsigned)
    {
        int low = unsigned ? 0 : -128, high = unsigned ? 255 : 127;
        var scales = new float[random.Next(4) == 0 ? 1 : outputs];
        for (int i = 0; i < scales.Length; i++)
            scales[i] = 0.001f + (0.01f * random.NextSingle());
        bool clamped = random.Next(2) == 0;
        return new LayerQuantization(
            0.02f, random.Next(low, high + 1), scales, !unsigned ? 0 : random.Next(2) == 0 ? 128 : random.Next(0, 256),
            0.02f * MathF.Sqrt(k), random.Next(low, high + 1), clamped ? low + 30 : low, clamped ? high - 20 : high);
    }

    public static void AssertSame(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual, string what)
    {
        Assert.AreEqual(expected.Length, actual.Length, what);
        int at = expected.CommonPrefixLength(actual);
        if (at < expected.Length)
            Assert.Fail($"{what}: element {at} is {(sbyte)actual[at]}, not {(sbyte)expected[at]}.");
    }

    /// <summary>Fails at the first element whose bits differ.</summary>
    public static void AssertSameBits(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string what)
    {
        Assert.AreEqual(expected.Length, actual.Length, what);
        for (int i = 0; i < expected.Length; i++)
        {
            if (BitConverter.SingleToInt32Bits(expected[i]) != BitConverter.SingleToInt32Bits(actual[i])
                && !(float.IsNaN(expected[i]) && float.IsNaN(actual[i])))
                Assert.Fail($"{what}: element {i} is {actual[i]:R}, not {expected[i]:R}.");
        }
    }
}
