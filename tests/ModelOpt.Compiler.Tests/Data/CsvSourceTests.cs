using ModelOpt.Compiler.Data;

namespace ModelOpt.Compiler.Tests.Data;

[TestClass]
internal sealed class CsvSourceTests
{
    private const string Iris = "sepal_length,sepal_width,petal,label\n5.1,3.5,1.4,0\n4.9,3,1.4,2\r\n\n";

    [TestMethod]
    public void Lines_are_samples_and_columns_are_chosen_by_name()
    {
        using var folder = new TempFolder();
        string file = folder.Write("iris.csv", System.Text.Encoding.UTF8.GetBytes(Iris));
        CollectionAssert.AreEqual(new[] { 4.9f, 3, 1.4f, 2 }, Second(file).Span<float>().ToArray());
        CollectionAssert.AreEqual(new[] { 4.9f, 3, 1.4f }, Second($"{file}#-label").Span<float>().ToArray());
        CollectionAssert.AreEqual(new[] { 1.4f, 4.9f, 3 }, Second($"{file}#petal,sepal*").Span<float>().ToArray());
        CollectionAssert.AreEqual(new[] { 0, 2 }, LabelSource.Read($"{file}#label"));
        using InputSamples samples = InputSamples.Open(
            [$"{file}#-label"], new("x", ElementType.Float32, new Shape(Dim.Named("N"), 3)), new([3], [2], DataLayout.Auto));
        Assert.AreEqual((5.1f - 3) / 2, samples.Read(0).Span<float>()[0]);
        StringAssert.Contains(DataTesting.DiagnosticOf(() => SampleSource.Open($"{file}#lable")), "MOPT3018: there is no column 'lable'");

        static Tensor Second(string path)
        {
            using SampleSource source = SampleSource.Open(path);
            Assert.AreEqual(2, source.Count);
            return source.Read(1);
        }
    }

    [TestMethod]
    public void Whole_numbers_stay_so_and_files_without_names_are_read()
    {
        using var folder = new TempFolder();
        using SampleSource source = SampleSource.Open(folder.Write("1.csv", "\"1\"; 2;3\n4;5;-6\n"u8));
        Assert.AreEqual(ElementType.Int64, source.Type);
        CollectionAssert.AreEqual(new long[] { 4, 5, -6 }, source.Read(1).Span<long>().ToArray());
        folder.Write("2.csv", "7;8;9\n"u8);
        using SampleSource both = SampleSource.Open(folder.Path);
        Assert.AreEqual(3, both.Count);
        Assert.AreEqual(9, both.Read(2).Span<long>()[2]);
    }

    [TestMethod]
    [DataRow("", "MOPT3005")]
    [DataRow("a,b\n", "MOPT3005")]
    [DataRow("1,2\n3\n", "MOPT3003")]
    [DataRow("1,2\n3,x\n", "MOPT3003")]
    [DataRow("1,2\n3,\n", "MOPT3003")]
    public void Damaged_tables_are_refused(string text, string code)
    {
        using var folder = new TempFolder();
        Assert.AreEqual(code, DataTesting.CodeOf(folder.Write("1.csv", System.Text.Encoding.UTF8.GetBytes(text))));
    }
}
