using System.Text;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tests.Kernels;

namespace ModelOpt.Runtime.Tests.Tflite;

/// <summary>Operators that files have by name.</summary>
[TestClass]
internal sealed class CustomOperatorsTests
{
    private static readonly TestTensor _input = TestTensor.Float([3], -1, 0, 2);

    [TestMethod]
    public void A_known_name_is_run() =>
        AssertClose(
            [-0.8427007929497149, 0, 0.9953222650189527],
            Run(BuiltinOperator.Erf, null, [_input], Output(TensorType.Float32, [3]))[0]);

    [TestMethod]
    [DataRow("modelopt.Ert")]
    [DataRow("modelopt.Add")]
    [DataRow("other.Erff1")]
    public void An_unknown_name_is_refused_with_it(string name)
    {
        byte[] file = Named(name);
        InvalidModelException e = Assert.ThrowsExactly<InvalidModelException>(() => TfliteModel.Load(file));
        StringAssert.Contains(e.Message, $"custom operator '{name}'");
        StringAssert.Contains(e.Message, "not supported");
    }

    [TestMethod]
    public void A_number_is_no_name()
    {
        Assert.AreEqual(BuiltinOperator.Custom, CustomOperators.Find($"modelopt.{(int)BuiltinOperator.Erf}"));
        Assert.AreEqual(BuiltinOperator.Custom, CustomOperators.Find("modelopt.FirstCustom"));
        Assert.AreEqual(BuiltinOperator.Erf, CustomOperators.Find("modelopt.Erf"));
    }

    [TestMethod]
    public void A_number_beyond_TFLites_is_refused()
    {
        byte[] file = Build(BuiltinOperator.Round, null, [_input], [Output(TensorType.Float32, [3])]);
        Replace(file, BitConverter.GetBytes((int)BuiltinOperator.Round), BitConverter.GetBytes((int)BuiltinOperator.Erf));
        InvalidModelException e = Assert.ThrowsExactly<InvalidModelException>(() => TfliteModel.Load(file));
        StringAssert.Contains(e.Message, $"no operator {(int)BuiltinOperator.Erf}");
    }

    [TestMethod]
    public void Options_are_read_as_they_were_written()
    {
        byte[] file = Build(BuiltinOperator.Erf, new LeakyReluOptions(0.25f), [_input], [Output(TensorType.Float32, [3])]);
        Assert.AreEqual(0.25f, LeakyReluOptions.Read(GraphReader.Read(file).Nodes[0].Options).Alpha);
    }

    [TestMethod]
    public void Damaged_options_are_refused()
    {
        byte[] options = CustomOperators.Write(new LeakyReluOptions(0.25f));
        byte[] file = Build(BuiltinOperator.Erf, new LeakyReluOptions(0.25f), [_input], [Output(TensorType.Float32, [3])]);
        byte[] damaged = [0xff, 0xff, 0xff, 0x7f, .. options[4..]];
        Assert.AreEqual(1, Replace(file, options, damaged));
        Assert.ThrowsExactly<InvalidModelException>(() => TfliteModel.Load(file));
    }

    private static byte[] Named(string name)
    {
        byte[] file = Build(BuiltinOperator.Erf, null, [_input], [Output(TensorType.Float32, [3])]);
        // Of the same length or shorter: the length stands before.
        byte[] old = Encoding.UTF8.GetBytes("modelopt.Erf"), given = Encoding.UTF8.GetBytes(name);
        Assert.AreEqual(1, Replace(file, [12, 0, 0, 0, .. old], [(byte)given.Length, 0, 0, 0, .. given, .. old[given.Length..]]));
        return file;
    }

    private static int Replace(byte[] file, byte[] old, byte[] replacement)
    {
        int count = 0;
        for (int at = 0; at <= file.Length - old.Length; at++)
        {
            if (!file.AsSpan(at, old.Length).SequenceEqual(old)) continue;
            replacement.CopyTo(file, at);
            count++;
        }

        return count;
    }
}
