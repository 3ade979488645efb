using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;
using static ModelOpt.Compiler.Tests.Tflite.ForeignModel;

namespace ModelOpt.Compiler.Tests.Tflite.Lifts;

[TestClass]
internal sealed class SlicesTests
{
    [TestMethod]
    public void Slices_have_masks_and_steps()
    {
        ForeignModel model = new();
        TfliteTensor x = model.Input(2, 5, 6);
        model.AssertReads(
            model.Add(BuiltinOperator.StridedSlice, [x, Ints(0, 1, 5), Ints(1, 5, 0), Ints(1, 2, -1)],
                new StridedSliceOptions(0, 2, 0, 0, 1), 2, 5),
            model.Add(BuiltinOperator.StridedSlice, [x, Ints(-1), Ints(0), Ints(1)], new StridedSliceOptions(0, 0, 0, 0, 1), 5, 6),
            model.Add(BuiltinOperator.Slice, [x, Ints(1, 0, 2), Ints(1, -1, 3)], new EmptyOptions(BuiltinOptionsType.Slice), 1, 5, 3));
    }
}
