using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tests.Tflite;
using ModelOpt.Runtime.Tflite;
using static ModelOpt.Compiler.Tests.Tflite.ForeignModel;

namespace ModelOpt.Compiler.Tests.Tflite.Lifts;

[TestClass]
internal sealed class OwnTests
{
    [TestMethod]
    public void Angles_are_those_of_all_four_quarters()
    {
        ForeignModel model = new();
        TfliteTensor y = model.Input(Tensor.Vector<float>(1, 1, -1, -1, 0, 0, 2, -2, 0)),
            x = model.Input(Tensor.Vector<float>(2, -2, 2, -2, 3, -3, 0, 0, 0));
        model.AssertReads(model.Add(BuiltinOperator.Atan2, [y, x], null, 9));
    }

    [TestMethod]
    public void Fake_quantization_rounds_between_its_bounds()
    {
        ForeignModel model = new();
        Tensor fed = Tensor.Vector<float>(-3, -0.71f, -0.31f, 0, 0.001f, 0.4f, 1.09f, 7);
        TfliteTensor x = model.Input(fed);
        TfliteTensor y = model.Add(BuiltinOperator.FakeQuant, [x], new FakeQuantOptions(-0.7f, 1.1f, 8, false), 8);
        TfliteTensor coarse = model.Add(BuiltinOperator.FakeQuant, [x], new FakeQuantOptions(0, 1.5f, 4, false), 8);
        byte[] file = model.Write(y, coarse);
        Tensor[] expected = TfliteRunner.RunLiteRt(file, fed);
        GraphTesting.AssertClose(expected, TfliteRunner.Run(file, fed));
        // As annotations they would not round in the interpreter.
        GraphTesting.AssertClose(expected, new Interpreter(Read(file, foldsPairs: false)).Run(fed));
    }

    [TestMethod]
    public void A_mirror_may_repeat_the_border_and_what_is_behind_it()
    {
        ForeignModel model = new();
        TfliteTensor pad = model.Add(BuiltinOperator.MirrorPad,
            [model.Input(1, 3, 4, 2), Constant(Tensor.Of<int>([4, 2], [0, 0, 2, 3, 0, 2, 0, 0]))],
            new NumberOptions(BuiltinOptionsType.MirrorPad, (byte)1), 1, 8, 6, 2);
        model.AssertReads(pad);
    }
}
