using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;
using static ModelOpt.Compiler.Tests.Tflite.ForeignModel;

namespace ModelOpt.Compiler.Tests.Tflite.Lifts;

[TestClass]
internal sealed class SelectionTests
{
    [TestMethod]
    public void Positions_pick_slices_of_all_or_of_their_sample()
    {
        ForeignModel model = new();
        TfliteTensor x = model.Input(2, 4, 3);
        TfliteTensor all = model.Add(BuiltinOperator.Gather, [x, Ints(3, 0)], new GatherOptions(1), 2, 2, 3);
        TfliteTensor own = model.Add(
            BuiltinOperator.Gather, [x, Constant(Tensor.Of<int>([2, 2], [3, 0, 1, 1]))], new GatherOptions(1, 1), 2, 2, 3);
        TfliteTensor tuples = model.Add(BuiltinOperator.GatherND, [x, Constant(Tensor.Of<int>([2, 2], [1, 3, 0, 2]))], null, 2, 3);
        TfliteTensor rows = model.Add(BuiltinOperator.EmbeddingLookup, [Ints(1, 0, 1), model.Weights(2, 5)], null, 3, 5);
        TfliteTensor added = model.Add(
            BuiltinOperator.Mul, [rows, model.Input(1, 5)], new ArithmeticOptions(BuiltinOptionsType.Mul, ActivationFunction.None), 3, 5);
        model.AssertReads(all, own, tuples, added);
    }
}
