using System.Text;
using ModelOpt.Compiler.Caching;
using Google.Protobuf;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Onnx.Proto;

namespace ModelOpt.Compiler.Tests.Caching;

/// <summary>What changes a result changes the key, and nothing else does.</summary>
[TestClass]
internal sealed class CompilationKeyTests
{
    [TestMethod]
    public void Paths_and_times_do_not_count()
    {
        using TempFolder one = Folder(), other = Folder();
        File.SetLastWriteTimeUtc(other["net.onnx"], DateTime.UnixEpoch);
        File.Move(other["data.bin"], other["samples.bin"]);
        Assert.AreEqual(Key(one, "data.bin"), Key(other, "samples.bin"));
    }

    [TestMethod]
    public void Model_name_options_data_and_recipe_count()
    {
        using TempFolder folder = Folder();
        var keys = new HashSet<string>(StringComparer.Ordinal) { Key(folder, "data.bin") };
        AssertNew(Key(folder, "data.bin", o => o with { CalibrationSamples = 3 }), "an option");
        AssertNew(Key(folder, "data.bin", o => o with { CalibrationSamples = 3, Seed = 3 }), "two options");
        AssertNew(Key(folder, "data.bin", o => o with { CalibrationData = [], TrainingData = o.CalibrationData }), "what data is for");
        AssertNew(Key(folder, "data.bin", o => o with { CalibrationData = [.. o.CalibrationData, .. o.CalibrationData] }), "how many data");
        AssertNew(Key(folder, "data.bin", o => o with { Recipe = folder["recipe.json"] }), "a recipe");
        folder.Write("recipe.json", "{ }"u8);
        AssertNew(Key(folder, "data.bin", o => o with { Recipe = folder["recipe.json"] }), "another recipe");
        folder.Write("data.bin", "other"u8);
        AssertNew(Key(folder, "data.bin"), "data");
        folder.Write("net.onnx", Model("y"));
        AssertNew(Key(folder, "data.bin"), "the model");
        File.Move(folder["net.onnx"], folder["other.onnx"]);
        AssertNew(CompilationKey.Of(folder["other.onnx"], Options(folder, "data.bin"), Guid.Empty, CancellationToken.None), "its name");

        void AssertNew(string key, string what) => Assert.IsTrue(keys.Add(key), what);
    }

    [TestMethod]
    public void Tensors_beside_the_model_count()
    {
        using var folder = new TempFolder();
        var model = ModelProto.Parser.ParseFrom(Model("x"));
        model.Graph.Initializer.Add(new TensorProto
        {
            Name = "w", DataType = 1, Dims = { 1 }, DataLocation = TensorProto.Types.DataLocation.External,
            ExternalData = { new StringStringEntryProto { Key = "location", Value = "w.bin" } },
        });
        folder.Write("net.onnx", model.ToByteArray());
        folder.Write("w.bin", [0, 0, 0, 0]);
        string before = CompilationKey.Of(folder["net.onnx"], new CompileOptions(), Guid.Empty, CancellationToken.None);
        folder.Write("w.bin", [0, 0, 0, 1]);
        Assert.AreNotEqual(before, CompilationKey.Of(folder["net.onnx"], new CompileOptions(), Guid.Empty, CancellationToken.None));
    }

    [TestMethod]
    public void What_is_no_model_has_no_key()
    {
        using TempFolder folder = Folder();
        folder.Write("net.onnx", "nothing"u8);
        Assert.ThrowsExactly<CompilationException>(() => Key(folder, "data.bin"));
    }

    private static string Key(TempFolder folder, string data, Func<CompileOptions, CompileOptions>? change = null) =>
        CompilationKey.Of(folder["net.onnx"], (change ?? (o => o))(Options(folder, data)), Guid.Empty, CancellationToken.None);

    private static CompileOptions Options(TempFolder folder, string data) => new() { CalibrationData = [folder[data]] };

    private static TempFolder Folder()
    {
        var folder = new TempFolder();
        folder.Write("net.onnx", Model("x"));
        folder.Write("data.bin", Encoding.UTF8.GetBytes("samples"));
        folder.Write("recipe.json", "{}"u8);
        return folder;
    }

    private static byte[] Model(string input)
    {
        var g = new TestGraph();
        g.Output(g.Add("Relu", g.Input(input, 1, 4)));
        return OnnxWriter.Write(g.Graph);
    }
}
