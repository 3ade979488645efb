using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;
using static ModelOpt.Compiler.Tests.Tflite.ForeignModel;

namespace ModelOpt.Compiler.Tests.Tflite.Lifts;

[TestClass]
internal sealed class PoolsTests
{
    [TestMethod]
    [DataRow(false, false)]
    [DataRow(true, false)]
    [DataRow(false, true)]
    public void Images_are_resized(bool alignCorners, bool halfPixels)
    {
        ForeignModel model = new();
        TfliteTensor x = model.Input(1, 3, 4, 2);
        model.AssertReads(
            model.Add(BuiltinOperator.ResizeBilinear, [x, Ints(5, 9)],
                new ResizeOptions(BuiltinOptionsType.ResizeBilinear, alignCorners, halfPixels), 1, 5, 9, 2),
            model.Add(BuiltinOperator.ResizeNearestNeighbor, [x, Ints(5, 9)],
                new ResizeOptions(BuiltinOptionsType.ResizeNearestNeighbor, alignCorners, halfPixels), 1, 5, 9, 2));
    }

    [TestMethod]
    public void Means_and_normalizations_follow_the_channels()
    {
        ForeignModel model = new();
        TfliteTensor pool = model.Add(
            BuiltinOperator.AveragePool2D, [model.Input(1, 4, 6, 3)],
            new Pool2DOptions(Padding.Same, 2, 2, 3, 3, ActivationFunction.None), 1, 2, 3, 3);
        TfliteTensor mean = model.Add(BuiltinOperator.Mean, [pool, Ints(1, 2)], new ReducerOptions(true), 1, 1, 1, 3);
        TfliteTensor sum = model.Add(BuiltinOperator.Sum, [pool, Ints(3)], new ReducerOptions(false), 1, 2, 3);
        TfliteTensor unit = model.Add(BuiltinOperator.L2Normalization, [pool], null, 1, 2, 3, 3);
        TfliteTensor logs = model.Add(BuiltinOperator.LogSoftmax, [pool], null, 1, 2, 3, 3);
        TfliteTensor warm = model.Add(BuiltinOperator.Softmax, [pool], new SoftmaxOptions(2.5f), 1, 2, 3, 3);
        model.AssertReads(mean, sum, unit, logs, warm);
    }

    [TestMethod]
    public void Positions_of_extremes_have_the_type_of_the_file()
    {
        ForeignModel model = new();
        TfliteTensor x = model.Input(2, 7);
        model.AssertReads(
            model.Add(BuiltinOperator.ArgMax, [x, Ints(1)], new ArgOptions(true, TensorType.Int64), TensorType.Int64, [2]),
            model.Add(BuiltinOperator.ArgMin, [x, Ints(0)], new ArgOptions(false, TensorType.Int32), TensorType.Int32, [7]));
    }
}
