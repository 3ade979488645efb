using ModelOpt.Compiler.Onnx.Proto;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Movement;
using ModelOpt.Compiler.Operators.Quantize;
using ModelOpt.Fuzz.Graphs;
using ModelOpt.Fuzz.Graphs.Checks;
using ModelOpt.Fuzz.Graphs.Generation;

namespace ModelOpt.Fuzz.Tests.Graphs;

[TestClass]
internal sealed class GraphGeneratorTests
{
    private const int Models = 400;

    [TestMethod]
    public void Models_are_valid_and_use_all_operators()
    {
        HashSet<string> used = [];
        for (int i = 0; i < Models; i++)
        {
            ModelProto model = GraphGenerator.Make(new Random(i), shrinks: i % 5 == 0).Model;
            using Reference reference = new(model);
            used.UnionWith(model.Graph.Node.Select(n => n.OpType));
        }

        // What is made by initializers instead, what the other generator is for, what later opsets lack or brought, and recurrent
        // layers and sizes that depend on values, which have tests of their own.
        string[] others =
        [
            "Constant", "QuantizeLinear", "DequantizeLinear", "Upsample", "RMSNormalization", "Swish", "Compress", "NonZero",
            "GRU", "LSTM", "RNN",
        ];
        Assert.AreEqual("", string.Join(", ", Fuzz.Operators.OperatorGenerators.OfGraphs.Except(used).Except(others)));
    }

    [TestMethod]
    public void Quantized_models_are_valid()
    {
        for (int i = 0; i < Models / 8; i++)
        {
            ModelProto model = QdqGenerator.Make(new Random(i));
            Subject subject = new(model);
            Assert.IsTrue(model.Graph.Node.Any(n => n.OpType == "DequantizeLinear"), $"{i}");
            Assert.AreEqual(Samples.Count, subject.Values.Length);
        }
    }

    [TestMethod]
    public void The_same_seed_makes_the_same_model() =>
        Assert.AreEqual(QdqGenerator.Make(new Random(7)), QdqGenerator.Make(new Random(7)));
}
