using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Tests.Tflite;

/// <summary>Debian's flatc decodes what our writer wrote, and encodes what our reader reads.</summary>
[TestClass]
public class FlatcTests
{
    private static readonly string Schema = Path.Combine(AppContext.BaseDirectory, "Tflite", "tflite.fbs");

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public void Decodes_what_the_writer_wrote()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Decode(SampleNetworks.Int8())));
        JsonElement model = json.RootElement, subgraph = model.GetProperty("subgraphs")[0];
        Assert.AreEqual(3, model.GetProperty("version").GetInt32());
        Assert.AreEqual("test", model.GetProperty("description").GetString());
        JsonElement tensors = subgraph.GetProperty("tensors");
        JsonElement w1 = tensors.EnumerateArray().Single(t => t.GetProperty("name").GetString() == "w1");
        CollectionAssert.AreEqual((int[])[8, 3, 3, 3], Ints(w1.GetProperty("shape")));
        Assert.AreEqual((int)TensorType.Int8, w1.GetProperty("type").GetInt32());
        Assert.AreEqual(8, w1.GetProperty("quantization").GetProperty("scale").GetArrayLength());
        byte[] data = [.. Ints(model.GetProperty("buffers")[w1.GetProperty("buffer").GetInt32()].GetProperty("data")).Select(b => (byte)b)];
        CollectionAssert.AreEqual(SampleNetworks.Bytes(new Random(2), 216).Select(b => (byte)b).ToArray(), data);
        JsonElement x = tensors[0];
        CollectionAssert.AreEqual((int[])[1, 8, 8, 3], Ints(x.GetProperty("shape")));
        CollectionAssert.AreEqual((int[])[-1, 8, 8, 3], Ints(x.GetProperty("shape_signature")));
        JsonElement convolution = subgraph.GetProperty("operators")[1];
        Assert.AreEqual("Conv2D", convolution.GetProperty("options_type").GetString());
        JsonElement options = convolution.GetProperty("options");
        Assert.AreEqual(2, options.GetProperty("stride_w").GetInt32());
        Assert.AreEqual((int)ActivationFunction.Relu6, options.GetProperty("activation").GetInt32());
        JsonElement code = model.GetProperty("codes")[convolution.GetProperty("opcode").GetInt32()];
        Assert.AreEqual((int)BuiltinOperator.Conv2D, code.GetProperty("code").GetInt32());
    }

    [TestMethod]
    public void Encodes_what_the_reader_reads()
    {
        // Constants are bytes to flatc; float fields, such as scales, would lose digits in its JSON.
        byte[] original = SampleNetworks.Float();
        string json = Decode(original);
        string folder = Path.GetDirectoryName(json)!;
        Flatc("--binary", "-o", folder, Schema, json);
        byte[] encoded = File.ReadAllBytes(Path.Combine(folder, "model.bin"));
        CollectionAssert.AreNotEqual(original, encoded);
        float[] input = SampleNetworks.Floats(new Random(12), 192), expected = new float[5], actual = new float[5];
        using TfliteModel first = TfliteModel.Load(original), second = TfliteModel.Load(encoded);
        first.Run<float, float>(input, expected);
        second.Run<float, float>(input, actual);
        CollectionAssert.AreEqual(expected, actual);
    }

    [TestMethod]
    public void Constants_start_at_multiples_of_16()
    {
        byte[] file = SampleNetworks.Int8();
        foreach (Tensor tensor in GraphReader.Read(file).Nodes.SelectMany(n => n.Inputs).OfType<Tensor>().Where(t => t.IsConstant))
        {
            Assert.IsTrue(file.AsSpan().Overlaps(tensor.Data!.Value.Span, out int offset));
            Assert.AreEqual(0, offset % 16, tensor.Name);
        }
    }

    [TestMethod]
    public void The_same_calls_give_the_same_bytes() =>
        CollectionAssert.AreEqual(SampleNetworks.Int8(), SampleNetworks.Int8());

    private string Decode(byte[] file)
    {
        string folder = Path.Combine(TestContext.TestRunDirectory!, TestContext.TestName!);
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, "model.tflite");
        File.WriteAllBytes(path, file);
        Flatc("--json", "--strict-json", "--raw-binary", "--defaults-json", "-o", folder, Schema, "--", path);
        return Path.Combine(folder, "model.json");
    }

    private static void Flatc(params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo("flatc", arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            string output = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.AreEqual(0, process.ExitCode, output);
        }
        catch (Win32Exception)
        {
            Assert.Inconclusive("flatc is not installed: apt package flatbuffers-compiler.");
        }
    }

    private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt32())];
}
