using System.Globalization;

namespace ModelOpt.Compiler.Tests.Options;

[TestClass]
internal sealed class OptionParsingTests
{
    [TestMethod]
    public void Values_are_read_in_any_case_and_culture()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            var comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            comma.NumberFormat.NumberDecimalSeparator = ",";
            CultureInfo.CurrentCulture = comma;
            CollectionAssert.AreEqual(new[] { 123.675f, -1e-3f, 7 }, (float[])new NumbersValue().Parse("m", "123.675, -1e-3;7", []));
            Assert.AreEqual(QuantizationMode.WeightOnlyInt8, OptionParsing.Choice<QuantizationMode>("q", " weightonlyINT8 "));
            Assert.AreEqual(CalibrationMethod.MovingAverage, OptionParsing.Choice<CalibrationMethod>("m", "moving-average"));
            Assert.AreEqual(ElementType.UInt8, new InputTypeValue().Parse("t", "UInt8", []));
            Assert.AreEqual(ElementType.Undefined, new InputTypeValue().Parse("t", "float32", []));
            Assert.IsTrue(OptionParsing.Boolean("b", "True"));
            Assert.AreEqual(64, OptionParsing.Count("c", "64"));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [TestMethod]
    public void A_wrong_choice_names_the_possible_values_and_the_nearest()
    {
        Diagnostic d = Fails(() => OptionParsing.Choice<CalibrationMethod>("CalibrationMethod", "Entrophy"));
        Assert.AreEqual("MOPT6001", d.Descriptor.Code);
        Assert.AreEqual("CalibrationMethod: 'Entrophy' is not one of MinMax, MovingAverage, Percentile, Entropy, Mse. "
            + "Did you mean 'Entropy'?", d.Message);
        Assert.IsFalse(Fails(() => OptionParsing.Choice<QuantizationMode>("q", "7")).Message.Contains("mean", StringComparison.Ordinal));
    }

    [TestMethod]
    [DataRow("0")]
    [DataRow("-3")]
    [DataRow("1.5")]
    [DataRow("99999999999")]
    public void What_is_not_a_count_is_told(string value) =>
        Assert.AreEqual("MOPT6002", Fails(() => OptionParsing.Count("n", value)).Descriptor.Code);

    [TestMethod]
    public void Presets_differ_from_the_defaults_as_they_say()
    {
        Assert.AreEqual(new CompileOptions(), Preset.Balanced.Options());
        Assert.AreEqual(32, Preset.Fast.Options().CalibrationSamples);
        Assert.AreEqual(CalibrationMethod.Mse, Preset.Accurate.Options().CalibrationMethod);
    }

    private static Diagnostic Fails(Func<object> parse) => Assert.ThrowsExactly<CompilationException>(parse).Diagnostic;
}
