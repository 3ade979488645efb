using System.Text.Json;
using ModelOpt.Compiler.Tests.Operators.Contract;
using ModelOpt.Runtime.Tests.FlatBuffers;

namespace ModelOpt.Compiler.Tests.Operators.Tflite;

/// <summary>The file as FlatBuffers' own library sees it, and what keeps a file from being written.</summary>
[TestClass]
internal sealed class TfliteFileTests
{
    [TestMethod]
    public void A_schema_of_its_own_decodes_the_file()
    {
        JsonElement model = FlatDecoder.Tflite(Network().Lower());

        Assert.AreEqual(3, model.GetProperty("version").GetInt32());
        JsonElement graph = model.GetProperty("subgraphs")[0];
        JsonElement[] tensors = [.. graph.GetProperty("tensors").EnumerateArray()];
        JsonElement input = tensors[graph.GetProperty("inputs")[0].GetInt32()];
        JsonElement output = tensors[graph.GetProperty("outputs")[0].GetInt32()];
        Assert.AreEqual("x", input.GetProperty("name").GetString());
        Assert.AreEqual("[1,3,4,4]", Compact(input.GetProperty("shape")));
        Assert.AreEqual("[-1,3,4,4]", Compact(input.GetProperty("shape_signature")));
        Assert.AreEqual("output", output.GetProperty("name").GetString());
        Assert.AreEqual("FLOAT32", output.GetProperty("type").GetString());

        JsonElement convolution = graph.GetProperty("operators")[1];
        Assert.AreEqual("Conv2DOptions", convolution.GetProperty("builtin_options_type").GetString());
        JsonElement options = convolution.GetProperty("builtin_options");
        Assert.AreEqual("VALID", options.GetProperty("padding").GetString());
        Assert.AreEqual(2, options.GetProperty("stride_w").GetInt32());
        Assert.AreEqual("RELU", options.GetProperty("fused_activation_function").GetString());
        JsonElement code = model.GetProperty("operator_codes")[convolution.GetProperty("opcode_index").GetInt32()];
        Assert.AreEqual("CONV_2D", code.GetProperty("builtin_code").GetString());
    }

    [TestMethod]
    public void Equal_constants_share_a_buffer_and_other_names_are_unique()
    {
        LoweringGraph graph = new();
        Value x = graph.Input("x", 1, 2, 4, 4);
        Tensor weight = graph.Random([2, 2, 1, 1]);
        x = graph.Node("Conv", [x, graph.Graph.AddConstant("w", weight)]);
        graph.Output(graph.Node("Conv", [x, graph.Graph.AddConstant("w", weight)]));

        JsonElement model = FlatDecoder.Tflite(graph.Lower());

        JsonElement[] tensors = [.. model.GetProperty("subgraphs")[0].GetProperty("tensors").EnumerateArray()];
        // The second input of a convolution is its weight; constants have no names in the file.
        JsonElement[] weights = [.. model.GetProperty("subgraphs")[0].GetProperty("operators").EnumerateArray()
            .Where(o => o.GetProperty("inputs").GetArrayLength() >= 3)
            .Select(o => tensors[o.GetProperty("inputs")[1].GetInt32()])];
        Assert.HasCount(2, weights);
        Assert.AreEqual(weights[0].GetProperty("buffer").GetInt32(), weights[1].GetProperty("buffer").GetInt32());
        Assert.IsFalse(weights.Any(w => w.TryGetProperty("name", out _)));
        string[] names = [.. tensors.Select(t => t.TryGetProperty("name", out JsonElement name) ? name.GetString()! : "")
            .Where(n => n.Length > 0)];
        Assert.HasCount(names.Length, names.Distinct().ToArray());
    }

    [TestMethod]
    public void Constants_start_at_multiples_of_16_bytes()
    {
        byte[] tflite = Network().Lower();
        ModelOpt.Runtime.Tflite.ModelTable model = ModelOpt.Runtime.Tflite.ModelTable.Open(tflite);
        int constants = 0;
        for (int i = 0; i < model.Buffers.Count; i++)
        {
            ReadOnlyMemory<byte> data = new ModelOpt.Runtime.Tflite.BufferTable(model.Buffers[i]).Data;
            if (data.IsEmpty) continue;
            constants++;
            Assert.IsTrue(System.Runtime.InteropServices.MemoryMarshal.TryGetArray(data, out ArraySegment<byte> segment));
            Assert.AreEqual(0, segment.Offset % 16);
        }

        Assert.IsGreaterThan(2, constants);
    }

    [TestMethod]
    public void The_same_graph_gives_the_same_bytes() =>
        CollectionAssert.AreEqual(Network().Lower(), Network().Lower());

    [TestMethod]
    public void Open_sizes_are_marked_in_the_signature()
    {
        LoweringGraph graph = new();
        graph.Output(graph.Node("Relu", [graph.Input("x", LoweringGraph.Batch, 3, new Dim(-1, "H"), 4)]));
        JsonElement written = FlatDecoder.Tflite(graph.Lower()).GetProperty("subgraphs")[0];
        foreach (string end in (string[])["inputs", "outputs"])
        {
            JsonElement tensor = written.GetProperty("tensors")[written.GetProperty(end)[0].GetInt32()];
            Assert.AreEqual("[-1,3,-1,4]", Compact(tensor.GetProperty("shape_signature")), end);
        }
    }

    private static LoweringGraph Network()
    {
        LoweringGraph graph = new();
        Value x = graph.Node(
            "Conv",
            [graph.Input("x", LoweringGraph.Batch, 3, 4, 4), graph.Weight(4, 3, 2, 2), graph.Weight(4)],
            ("strides", new long[] { 2, 2 }));
        graph.Output(graph.Node("Flatten", [graph.Node("GlobalAveragePool", [graph.Node("Relu", [x])])]));
        return graph;
    }

    private static string Compact(JsonElement element) => JsonSerializer.Serialize(element);
}
