using System.Text.Json;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tests.FlatBuffers;

namespace ModelOpt.Runtime.Tests.Tflite;

/// <summary>Google's library decodes what our writer wrote, and encodes what our reader reads.</summary>
[TestClass]
internal sealed class FlatBuffersTests
{
    [TestMethod]
    public void Decodes_what_the_writer_wrote()
    {
        JsonElement model = FlatDecoder.Tflite(SampleNetworks.Int8()), subgraph = model.GetProperty("subgraphs")[0];
        Assert.AreEqual(3, model.GetProperty("version").GetInt32());
        Assert.AreEqual("test", model.GetProperty("description").GetString());
        JsonElement tensors = subgraph.GetProperty("tensors");
        JsonElement w1 = tensors.EnumerateArray().Single(t => t.GetProperty("name").GetString() == "w1");
        CollectionAssert.AreEqual((int[])[8, 3, 3, 3], Ints(w1.GetProperty("shape")));
        Assert.AreEqual("INT8", w1.GetProperty("type").GetString());
        Assert.AreEqual(8, w1.GetProperty("quantization").GetProperty("scale").GetArrayLength());
        byte[] data = [.. Ints(model.GetProperty("buffers")[w1.GetProperty("buffer").GetInt32()].GetProperty("data")).Select(b => (byte)b)];
        CollectionAssert.AreEqual(SampleNetworks.Bytes(new Random(2), 216).Select(b => (byte)b).ToArray(), data);
        JsonElement x = tensors[0];
        CollectionAssert.AreEqual((int[])[1, 8, 8, 3], Ints(x.GetProperty("shape")));
        CollectionAssert.AreEqual((int[])[-1, 8, 8, 3], Ints(x.GetProperty("shape_signature")));
        JsonElement convolution = subgraph.GetProperty("operators")[1];
        Assert.AreEqual("Conv2DOptions", convolution.GetProperty("builtin_options_type").GetString());
        JsonElement options = convolution.GetProperty("builtin_options");
        Assert.AreEqual(2, options.GetProperty("stride_w").GetInt32());
        Assert.AreEqual("RELU6", options.GetProperty("fused_activation_function").GetString());
        JsonElement code = model.GetProperty("operator_codes")[convolution.GetProperty("opcode_index").GetInt32()];
        Assert.AreEqual("CONV_2D", code.GetProperty("builtin_code").GetString());
    }

    [TestMethod]
    public void Encodes_what_the_reader_reads()
    {
        byte[] original = SampleNetworks.Int8(), encoded = FlatEncoder.Tflite(FlatDecoder.Tflite(original));
        CollectionAssert.AreNotEqual(original, encoded);
        float[] input = SampleNetworks.Floats(new Random(12), 192), expected = new float[5], actual = new float[5];
        using TfliteModel first = TfliteModel.Load(original), second = TfliteModel.Load(encoded);
        first.Run<float, float>(input, expected);
        second.Run<float, float>(input, actual);
        CollectionAssert.AreEqual(expected, actual);
    }

    [TestMethod]
    public void A_damaged_file_is_refused()
    {
        byte[] file = SampleNetworks.Int8();
        // The root table's offset, its first four bytes.
        file[0] += 1;
        Assert.ThrowsExactly<AssertFailedException>(() => FlatDecoder.Tflite(file));
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

    private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt32())];
}
