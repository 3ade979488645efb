using System.Runtime.InteropServices;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Onnx.Proto;

namespace ModelOpt.Compiler.Tests.Onnx;

[TestClass]
internal sealed class ExternalDataTests
{
    private static readonly byte[] Data = MemoryMarshal.AsBytes<float>([9, 1, 2, 9]).ToArray();

    [TestMethod]
    public void Data_beside_the_model_is_read()
    {
        using var folder = new TempFolder();
        folder.Write("model/weights/data.bin", Data);
        Graph graph = OnnxReader.Read(Model(folder, "weights/data.bin", ("offset", "4"), ("length", "8")));
        CollectionAssert.AreEqual(new[] { 1f, 2f }, graph.Nodes[0].Input(1).Constant!.Span<float>().ToArray());
        graph = OnnxReader.Read(Model(folder, "./weights/data.bin"));
        CollectionAssert.AreEqual(new[] { 9f, 1f }, graph.Nodes[0].Input(1).Constant!.Span<float>().ToArray());
    }

    [TestMethod]
    public void Data_outside_the_models_folder_is_refused()
    {
        using var folder = new TempFolder();
        string outside = folder.Write("secret.bin", Data);
        foreach (string location in new[] { outside, "../secret.bin", "a/../../secret.bin", "..\\secret.bin", "C:\\secret.bin", "",
            "a\0b" })
            Assert.AreEqual("MOPT1006", Code(Model(folder, location)), location);
        Assert.AreEqual("MOPT1006", Assert.ThrowsExactly<CompilationException>(
            () => OnnxReader.Read(File.ReadAllBytes(Model(folder, "data.bin")))).Diagnostic.Descriptor.Code);
    }

    [TestMethod]
    public void A_link_out_of_the_models_folder_is_refused_and_one_within_is_followed()
    {
        if (OperatingSystem.IsWindows()) Assert.Inconclusive("Links need a privilege on Windows.");
        using var folder = new TempFolder();
        string outside = folder.Write("secret/data.bin", Data);
        string inside = folder.Write("model/real.bin", Data);
        File.CreateSymbolicLink(folder["model/out.bin"], outside);
        Directory.CreateSymbolicLink(folder["model/folder"], folder["secret"]);
        File.CreateSymbolicLink(folder["model/in.bin"], inside);
        Assert.AreEqual("MOPT1006", Code(Model(folder, "out.bin")));
        Assert.AreEqual("MOPT1006", Code(Model(folder, "folder/data.bin")));
        Assert.AreEqual("Add", OnnxReader.Read(Model(folder, "in.bin")).Types());
    }

    [TestMethod]
    public void Absent_and_short_files_are_told()
    {
        using var folder = new TempFolder();
        folder.Write("model/data.bin", Data);
        Assert.AreEqual("MOPT1007", Code(Model(folder, "none.bin")));
        Assert.AreEqual("MOPT1007", Code(Model(folder, "data.bin", ("offset", "12"))));
        Assert.AreEqual("MOPT1007", Code(Model(folder, "data.bin", ("offset", "9223372036854775807"))));
        Assert.AreEqual("MOPT1005", Code(Model(folder, "data.bin", ("offset", "-4"))));
        Assert.AreEqual("MOPT1005", Code(Model(folder, "data.bin", ("length", "4"))));
    }

    [TestMethod]
    [Timeout(60_000)]
    public void What_is_no_file_is_refused_at_once()
    {
        using var folder = new TempFolder();
        folder.Write("model/folder/data.bin", Data);
        Diagnostics.InputFileTests.Pipe(folder, "model/pipe");
        Assert.AreEqual("MOPT1007", Code(Model(folder, "pipe")));
        Assert.AreEqual("MOPT1007", Code(Model(folder, "folder")));
    }

    private static string Code(string model) =>
        Assert.ThrowsExactly<CompilationException>(() => OnnxReader.Read(model)).Diagnostic.Descriptor.Code;

    /// <summary>A model in a folder of its own that adds an external constant of two floats.</summary>
    private static string Model(TempFolder folder, string location, params (string Key, string Value)[] entries)
    {
        OnnxModel model = new OnnxModel().Input("x", "2").Node("Add a: x c -> y").Output("y", "2");
        var tensor = new TensorProto { Name = "c", DataType = 1, Dims = { 2 }, DataLocation = TensorProto.Types.DataLocation.External };
        foreach ((string key, string value) in entries.Prepend(("location", location)))
            tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
        model.Graph.Initializer.Add(tensor);
        return folder.Write("model/m.onnx", model.Bytes());
    }
}
