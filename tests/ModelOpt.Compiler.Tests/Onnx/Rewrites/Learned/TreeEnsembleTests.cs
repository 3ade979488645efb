using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Onnx.Rewrites.Learned;

[TestClass]
internal sealed class TreeEnsembleTests
{
    // Two trees: the first asks x0 by a mode, then x1 for one of 0.5 and 1.5; the second is x2 <= 0.
    private static (string Name, object Value)[] Trees(int mode) =>
    [
        ("tree_roots", new[] { 0L, 2 }), ("nodes_featureids", new[] { 0L, 1, 2 }), ("nodes_splits", Proto(Tensor.Vector(0.25f, 0, 0))),
        ("nodes_modes", Proto(Tensor.Vector<byte>([(byte)mode, 6, 0]))), ("membership_values", Proto(Tensor.Vector(0.5f, 1.5f, float.NaN))),
        ("nodes_truenodeids", new[] { 0L, 1, 2 }), ("nodes_falsenodeids", new[] { 1L, 2, 0 }),
        ("nodes_trueleafs", new[] { 1L, 1, 1 }), ("nodes_falseleafs", new[] { 0L, 1, 1 }),
        ("leaf_targetids", new[] { 0L, 1, 0 }), ("leaf_weights", Proto(Tensor.Vector(1f, 2, 4))), ("n_targets", 2L),
    ];

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(3)]
    [DataRow(4)]
    [DataRow(5)]
    public void Trees_give_the_sums_of_their_leaves(int mode)
    {
        LearnedModel model = new("TreeEnsemble", 3, 1, Trees(mode), learned: 5);
        Graph graph = OnnxReader.Read(model.Bytes);
        ShapeInference.Run(graph);
        Tensor x = model.Rows(200);
        float[] y = new Interpreter(graph).Run(x)[0].Span<float>().ToArray();
        for (int row = 0; row < 200; row++)
        {
            float a = x.Span<float>()[3 * row], b = x.Span<float>()[(3 * row) + 1], c = x.Span<float>()[(3 * row) + 2];
            bool holds = mode switch { 0 => a <= 0.25f, 1 => a < 0.25f, 2 => a >= 0.25f, 3 => a > 0.25f, 4 => a == 0.25f, _ => a != 0.25f };
            float[] sums = new float[2];
            Add(holds ? 0 : b is 0.5f or 1.5f ? 1 : 2);
            Add(c <= 0 ? 2 : 0);
            CollectionAssert.AreEqual(sums, y[(2 * row)..((2 * row) + 2)], $"row {row}");

            void Add(int leaf) => sums[leaf == 1 ? 1 : 0] += leaf switch { 0 => 1, 1 => 2, _ => 4 };
        }
    }

    private static ModelOpt.Compiler.Onnx.Proto.TensorProto Proto(Tensor tensor) => OnnxTensors.Write("t", tensor);
}
