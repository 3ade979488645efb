using System.Runtime.InteropServices;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Tests.Tflite;

namespace ModelOpt.Runtime.Tests.Kernels.Convolution;

/// <summary>Planned convolutions give the bits of plain loops: geometry, padding (implicit and folded), quantization.</summary>
[TestClass]
internal sealed class ConvolutionOperatorTests
{
    [TestMethod]
    public void Float_convolutions_equal_the_reference()
    {
        var random = new Random(41);
        foreach (Case c in Cases(random))
        {
            float[] x = SampleNetworks.Floats(random, c.InputElements), w = SampleNetworks.Floats(random, c.WeightElements);
            float[] b = SampleNetworks.Floats(random, c.Outputs);
            var m = new TestModel();
            int input = m.Tensor("x", TensorType.Float32, c.InputShape);
            int weights = m.Constant("w", TensorType.Float32, c.WeightShape, w);
            int bias = m.Constant("b", TensorType.Float32, [c.Outputs], b);
            int output = m.Tensor("y", TensorType.Float32, c.OutputShape);
            c.Add(m, input, weights, bias, output, TensorType.Float32, 0, 0);
            var reference = new ConvolutionReferenceF32(c.Window, c.Groups, c.Depthwise, w, b, 0, 6);
            using TfliteModel model = TfliteModel.Load(m.Build([input], [output]));
            Assert.AreEqual(1, model.Plan.Steps.Length, "padding was not folded");
            float[] actual = new float[c.Items * c.Outputs];
            model.Run<float, float>(x, actual);
            CollectionAssert.AreEqual(RunReference<float, float>(reference, x, actual.Length), actual, $"{c}");
        }
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Quantized_convolutions_equal_the_reference(bool unsigned)
    {
        var random = new Random(42);
        TensorType type = unsigned ? TensorType.UInt8 : TensorType.Int8;
        foreach (Case c in Cases(random))
        {
            byte[] x = new byte[c.InputElements], w = new byte[c.WeightElements];
            random.NextBytes(x);
            random.NextBytes(w);
            int[] b = [.. Enumerable.Range(0, c.Outputs).Select(_ => random.Next(-3000, 3000))];
            float[] scales = [.. Enumerable.Range(0, unsigned ? 1 : c.Outputs).Select(
                _ => 0.001f + (random.NextSingle() * 0.01f))];
            int weightZero = unsigned ? 119 : 0, inputZero = unsigned ? 140 : -11, outputZero = unsigned ? 20 : -108;
            if (!unsigned)
                w = [.. w.Select(v => v == 0x80 ? (byte)0x81 : v)];
            const float inputScale = 0.02f, outputScale = 0.04f;
            var m = new TestModel();
            int input = m.Tensor("x", type, c.InputShape, inputScale, inputZero);
            int weights = m.Constant(
                "w", type, c.WeightShape, w, scales, weightZero, scales.Length == 1 ? 0 : c.Depthwise ? 3 : 0);
            int bias = m.Constant("b", TensorType.Int32, [c.Outputs], b);
            int output = m.Tensor("y", type, c.OutputShape, outputScale, outputZero);
            c.Add(m, input, weights, bias, output, type, inputScale, inputZero);
            int max = Math.Min(unsigned ? 255 : 127, (int)MathF.Round(6 / outputScale) + outputZero);
            var quantization = new LayerQuantization(
                inputScale, inputZero, scales, weightZero, outputScale, outputZero, outputZero, max);
            var reference = new ConvolutionReferenceInt8(c.Window, c.Groups, c.Depthwise, w, b, quantization, unsigned);
            using TfliteModel model = TfliteModel.Load(m.Build([input], [output]));
            byte[] expected = RunReference<byte, byte>(
                reference, x, c.Items * c.Outputs), actual = new byte[expected.Length];
            if (unsigned)
                model.Run<byte, byte>(x, actual);
            else
                model.Run<sbyte, sbyte>(
                    MemoryMarshal.Cast<byte, sbyte>(x), MemoryMarshal.Cast<byte, sbyte>(actual.AsSpan()));
            CollectionAssert.AreEqual(expected, actual, $"{c}");
        }
    }

    private static TOut[] RunReference<TIn, TOut>(Kernel kernel, TIn[] x, int outputs)
        where TIn : unmanaged
        where TOut : unmanaged
    {
        byte[] arena = new byte[outputs * Marshal.SizeOf<TOut>()];
        Operand[] inputs = [Operand.Constant(MemoryMarshal.AsBytes(x.AsSpan()).ToArray())];
        kernel.Run(new KernelArguments(inputs, [Operand.InArena(0, arena.Length)], arena, default), 0, kernel.Items);
        return MemoryMarshal.Cast<byte, TOut>(arena).ToArray();
    }

    private static IEnumerable<Case> Cases(Random random)
    {
        for (int i = 0; i < 60; i++)
        {
            bool depthwise = i % 3 == 0;
            int inputs = random.Next(1, 20), outputs = depthwise ? inputs * random.Next(1, 3) : random.Next(1, 40);
            int groups = depthwise ? inputs : 1;
            if (i % 7 == 1)
                (inputs, outputs, groups) = (12, 8, 4);
            // Every fifth is a sequence that lies in a column.
            bool column = i % 5 == 2;
            yield return new Case(
                random.Next(5, 15), column ? 1 : random.Next(5, 15), inputs, outputs, groups, depthwise && i % 7 != 1, random.Next(1, 4),
                column ? 1 : random.Next(1, 4),
                random.Next(1, 3), random.Next(1, 3), random.Next(1, 3), random.Next(1, 3),
                (i % 4) switch { 0 => "same", 1 => "pad", _ => "valid" });
        }
    }

    /// <summary>A geometry; "pad" is a PAD of 1, 2, 0 and 3 rows and columns before the convolution.</summary>
    private sealed record Case(
        int Height, int Width, int Inputs, int Outputs, int Groups, bool Depthwise, int KernelHeight, int KernelWidth,
        int StrideHeight, int StrideWidth, int DilationHeight, int DilationWidth, string Padding)
    {
        private int ExtentHeight => ((KernelHeight - 1) * DilationHeight) + 1;

        private int ExtentWidth => ((KernelWidth - 1) * DilationWidth) + 1;

        private bool Pads => Padding == "pad";

        public int[] InputShape => [2, Height, Width, Inputs];

        public int InputElements => 2 * Height * Width * Inputs;

        public int[] WeightShape => Depthwise
            ? [1, KernelHeight, KernelWidth, Outputs]
            : [Outputs, KernelHeight, KernelWidth, Inputs / Groups];

        public int WeightElements => Depthwise ? KernelHeight * KernelWidth * Outputs : Outputs * KernelHeight * KernelWidth * Inputs
            / Groups;

        public int[] OutputShape => [2, OutputHeight, OutputWidth, Outputs];

        public int Items => 2 * OutputHeight * OutputWidth;

        private int OutputHeight => Padding == "same"
            ? (Height + StrideHeight - 1) / StrideHeight
            : Math.Max(0, (Height + (Pads ? 3 : 0) - ExtentHeight + StrideHeight) / StrideHeight);

        private int OutputWidth => Padding == "same"
            ? (Width + StrideWidth - 1) / StrideWidth
            : Math.Max(0, (Width + (Pads ? 3 : 0) - ExtentWidth + StrideWidth) / StrideWidth);

        public Window2D Window => new(
            2, Height, Width, Inputs, OutputHeight, OutputWidth, Outputs, KernelHeight, KernelWidth, StrideHeight, StrideWidth,
            DilationHeight, DilationWidth,
            Pads ? 1 : Padding == "same" ? Math.Max(
                0, ((OutputHeight - 1) * StrideHeight) + ExtentHeight - Height) / 2 : 0,
            Pads ? 0 : Padding == "same" ? Math.Max(0, ((OutputWidth - 1) * StrideWidth) + ExtentWidth - Width) / 2 : 0);

        public void Add(
            TestModel m, int input, int weights, int bias, int output, TensorType type, float scale, int zeroPoint)
        {
            if (Pads)
            {
                int paddings = m.Constant("paddings", TensorType.Int32, [4, 2], new[] { 0, 0, 1, 2, 0, 3, 0, 0 });
                int padded = m.Tensor("padded", type, [2, Height + 3, Width + 3, Inputs], scale, zeroPoint);
                m.Operator(BuiltinOperator.Pad, [input, paddings], [padded]);
                input = padded;
            }
            Runtime.Tflite.Padding padding = Padding == "same" ? Runtime.Tflite.Padding.Same : Runtime.Tflite.Padding.Valid;
            if (Depthwise)
            {
                m.Operator(BuiltinOperator.DepthwiseConv2D, [input, weights, bias], [output], new DepthwiseConv2DOptions(
                    padding, StrideWidth, StrideHeight, Outputs / Inputs, ActivationFunction.Relu6, DilationWidth, DilationHeight));
            }
            else
            {
                m.Operator(BuiltinOperator.Conv2D, [input, weights, bias], [output], new Conv2DOptions(
                    padding, StrideWidth, StrideHeight, ActivationFunction.Relu6, DilationWidth, DilationHeight));
            }
        }
    }
}
