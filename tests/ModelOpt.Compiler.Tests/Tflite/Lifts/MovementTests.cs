using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;
using static ModelOpt.Compiler.Tests.Tflite.ForeignModel;

namespace ModelOpt.Compiler.Tests.Tflite.Lifts;

[TestClass]
internal sealed class MovementTests
{
    [TestMethod]
    public void Tensors_are_packed_unpacked_and_split()
    {
        ForeignModel model = new();
        TfliteTensor x = model.Input(2, 3), y = model.Input(2, 3);
        TfliteTensor packed = model.Add(BuiltinOperator.Pack, [x, y], new PackOptions(BuiltinOptionsType.Pack, 2, -1), 2, 3, 2);
        TfliteTensor turned = model.Add(BuiltinOperator.ReverseV2, [packed, Ints(1)], null, 2, 3, 2);
        TfliteTensor wide = model.Add(BuiltinOperator.ExpandDims, [turned, Ints(-1)],
            new EmptyOptions(BuiltinOptionsType.ExpandDims), 2, 3, 2, 1);
        model.AssertReads(model.Add(BuiltinOperator.Squeeze, [wide], new VectorOptions(BuiltinOptionsType.Squeeze, [-1]), 2, 3, 2));
    }

    [TestMethod]
    public void Pads_of_images_follow_their_channels()
    {
        ForeignModel model = new();
        TfliteTensor pool = model.Add(
            BuiltinOperator.MaxPool2D, [model.Input(1, 4, 6, 2)],
            new Pool2DOptions(Padding.Same, 2, 2, 2, 2, ActivationFunction.None), 1, 2, 3, 2);
        TfliteTensor pad = model.Add(
            BuiltinOperator.Pad, [pool, Constant(Tensor.Of<int>([4, 2], [0, 0, 1, 0, 0, 2, 1, 1]))],
            new EmptyOptions(BuiltinOptionsType.Pad), 1, 3, 5, 4);
        TfliteTensor join = model.Add(
            BuiltinOperator.Concatenation, [pad, pad], new ConcatenationOptions(-1, ActivationFunction.None), 1, 3, 5, 8);
        Assert.AreEqual("Transpose MaxPool Pad Concat Transpose", model.AssertReads(join));
    }

    [TestMethod]
    public void Images_become_batches_and_back()
    {
        ForeignModel model = new();
        TfliteTensor batches = model.Add(
            BuiltinOperator.SpaceToBatchND, [model.Input(1, 3, 4, 2), Ints(2, 2), Constant(Tensor.Of<int>([2, 2], [0, 1, 0, 0]))],
            null, 4, 2, 2, 2);
        TfliteTensor back = model.Add(
            BuiltinOperator.BatchToSpaceND, [batches, Ints(2, 2), Constant(Tensor.Of<int>([2, 2], [0, 1, 0, 0]))], null, 1, 3, 4, 2);
        model.AssertReads(batches, back);
    }
}
