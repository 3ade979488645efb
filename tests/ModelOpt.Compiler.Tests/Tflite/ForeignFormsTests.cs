using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Compiler.Tests.Operators;
using ModelOpt.Runtime;
using ModelOpt.Runtime.Tflite;
using static ModelOpt.Compiler.Tests.Tflite.ForeignModel;

namespace ModelOpt.Compiler.Tests.Tflite;

/// <summary>Operators and forms that others write, in the runtime and in LiteRT. Those of float32 are with the reader's tests.</summary>
[TestClass]
internal sealed class ForeignFormsTests
{
    private static readonly Quantization Grid = Quantization.PerTensor(ElementType.Int8, 1f / 64, 3);

    [TestMethod]
    public void Mirrors_with_and_without_the_edge()
    {
        foreach (byte mode in (byte[])[0, 1])
        {
            ForeignModel model = new();
            Tensor fed = OperatorTesting.Random(new Random(1), ElementType.Float32, 2, 3, 4);
            TfliteTensor y = model.Add(
                BuiltinOperator.MirrorPad, [model.Input(fed), Constant(Tensor.Of<int>([3, 2], [0, 0, 1, 2, 3, 0]))],
                new MirrorOptions(mode), 2, 6, 7);
            byte[] file = model.Write(y);
            GraphTesting.AssertClose(TfliteRunner.RunLiteRt(file, fed), TfliteRunner.Run(file, fed));
        }

        ForeignModel wide = new();
        TfliteTensor x = wide.Input(2, 3), pads = Constant(Tensor.Of<int>([2, 2], [0, 0, 3, 0]));
        byte[] wrong = wide.Write(wide.Add(BuiltinOperator.MirrorPad, [x, pads], new MirrorOptions(0), 2, 6));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidModelException>(() => TfliteModel.Load(wrong)).Message, "wider than the mirror");
    }

    [TestMethod]
    public void Transposed_convolutions_of_integers()
    {
        ForeignModel model = new();
        Tensor fed = Tensor.Of<sbyte>([1, 3, 4, 2], [.. Enumerable.Range(0, 24).Select(i => (sbyte)((i * 11) - 128))]);
        Tensor w = Tensor.Of<sbyte>([4, 3, 3, 2], [.. Enumerable.Range(0, 72).Select(i => (sbyte)((i * 7 % 255) - 127))]);
        Quantization weights = new(ElementType.Int8, [0.01f, 0.02f, 0.015f, 0.03f], [0, 0, 0, 0], 0);
        Quantization result = Quantization.PerTensor(ElementType.Int8, 0.1f, -5);
        TfliteTensor y = model.Add(
            BuiltinOperator.TransposeConv, [Ints(1, 6, 8, 4), Constant(w, weights), model.Input(fed, Grid)],
            new TransposeConvOptions(Padding.Same, 2, 2), TensorType.Int8, [1, 6, 8, 4], result);
        byte[] file = model.Write(y);
        CollectionAssert.AreEqual(TfliteRunner.RunLiteRt(file, fed)[0].Bytes.ToArray(), TfliteRunner.Run(file, fed)[0].Bytes.ToArray());
    }

    [TestMethod]
    public void Weights_of_integers_in_float_layers_are_those_numbers()
    {
        ForeignModel model = new();
        Tensor fed = OperatorTesting.Random(new Random(1), ElementType.Float32, 2, 3);
        Quantization grid = Quantization.PerTensor(ElementType.Int8, 0.01f, 0);
        Tensor w = Tensor.Of<sbyte>([2, 3], [1, -2, 3, 100, 50, -128]);
        TfliteTensor y = model.Add(
            BuiltinOperator.FullyConnected, [model.Input(fed), Constant(w, grid), null],
            new FullyConnectedOptions(ActivationFunction.None), 2, 2);
        float[] x = fed.Span<float>().ToArray(), actual = TfliteRunner.Run(model.Write(y), fed)[0].Span<float>().ToArray();
        Assert.AreEqual((0.01f * x[0]) - (0.02f * x[1]) + (0.03f * x[2]), actual[0], 1e-5f);
        Assert.AreEqual(x[3] + (0.5f * x[4]) - (1.28f * x[5]), actual[3], 1e-5f);
    }

    private sealed record MirrorOptions(byte Mode) : ScalarOptions(BuiltinOptionsType.MirrorPad)
    {
        protected override OptionField[] Fields => [Mode];
    }
}
