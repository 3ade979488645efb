using ModelOpt.Compiler.Kernels;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Threading;

namespace ModelOpt.Compiler.Tests.Kernels;

[TestClass]
internal sealed class WinogradConvTests
{
    // Some 4 bits of float32 are lost against direct sums; of the largest result.
    private const double Tolerance = 2e-5;

    [TestMethod]
    [DataRow(1, 16, 16, 4, 4, 1)]
    [DataRow(3, 17, 33, 9, 14, 1)]
    [DataRow(9, 16, 24, 8, 8, 1)]
    [DataRow(5, 32, 16, 16, 31, 0)]
    [DataRow(2, 64, 40, 7, 35, 2)]
    public void It_gives_what_direct_convolutions_give(int images, int inputs, int outputs, int height, int width, int pad)
    {
        Window2D window = Window(images, inputs, outputs, height, width, pad);
        Assert.IsTrue(WinogradConv.Suits(window, 1));
        Tensor x = TestGraph.RandomTensor(1, [images, inputs, height, width]), w = TestGraph.RandomTensor(2, [outputs, inputs, 3, 3]);
        Tensor b = TestGraph.RandomTensor(3, [outputs]);
        int[] dims = [images, outputs, window.OutputHeight, window.OutputWidth];
        Tensor direct = Tensor.Zeros(ElementType.Float32, dims), training = Tensor.Zeros(ElementType.Float32, dims),
            parallel = Tensor.Zeros(ElementType.Float32, dims);
        ConvForward.Run(new(window, 1), new(x, w, b, direct), isTraining: false, null);
        ConvForward.Run(new(window, 1), new(x, w, b, training), isTraining: true, null);
        using WorkerPool pool = new(3);
        ConvForward.Run(new(window, 1), new(x, w, b, parallel), isTraining: true, pool);
        Assert.IsTrue(training.Bytes.Span.SequenceEqual(parallel.Bytes.Span), "bits depend on threads");
        Assert.IsFalse(training.Bytes.Span.SequenceEqual(direct.Bytes.Span), "nothing was rounded otherwise: it is not used");
        float[] expected = direct.Span<float>().ToArray(), actual = training.Span<float>().ToArray();
        double largest = expected.Max(MathF.Abs);
        for (int i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], actual[i], Tolerance * largest, $"element {i}");
    }

    [TestMethod]
    public void Other_windows_are_left_alone()
    {
        Window2D window = Window(2, 16, 16, 8, 8, 1);
        Assert.IsTrue(WinogradConv.Suits(window, 1));
        Assert.IsFalse(WinogradConv.Suits(window, 2));
        Assert.IsFalse(WinogradConv.Suits(window with { StrideWidth = 2 }, 1));
        Assert.IsFalse(WinogradConv.Suits(window with { DilationHeight = 2 }, 1));
        Assert.IsFalse(WinogradConv.Suits(window with { KernelWidth = 5 }, 1));
        Assert.IsFalse(WinogradConv.Suits(window with { InputChannels = 3 }, 1));
    }

    private static Window2D Window(int images, int inputs, int outputs, int height, int width, int pad) => new()
    {
        Batch = images, InputChannels = inputs, InputHeight = height, InputWidth = width, OutputChannels = outputs,
        OutputHeight = height + (2 * pad) - 2, OutputWidth = width + (2 * pad) - 2, KernelHeight = 3, KernelWidth = 3, PadTop = pad,
        PadLeft = pad,
        StrideHeight = 1, StrideWidth = 1, DilationHeight = 1, DilationWidth = 1,
    };
}
