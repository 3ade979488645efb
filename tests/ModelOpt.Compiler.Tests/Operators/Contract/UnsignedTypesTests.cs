using ModelOpt.Compiler.Interpretation;
using ModelOpt.Compiler.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Contract;

/// <summary>Inputs, outputs and Casts of every integer type, in the runtime.</summary>
[TestClass]
internal sealed class UnsignedTypesTests
{
    private static readonly ElementType[] Types =
    [
        ElementType.Float32, ElementType.Bool, ElementType.Int8, ElementType.UInt8, ElementType.Int16, ElementType.UInt16,
        ElementType.Int32, ElementType.UInt32, ElementType.Int64, ElementType.UInt64,
    ];

    [TestMethod]
    public void Every_pair_of_types_is_cast_as_ONNX_defines_it()
    {
        Tensor numbers = Tensor.Vector(0L, 1, 77, 200, 255, 256, 40000, 70000, 1L << 33, -1, -200);
        foreach (ElementType from in Types)
        {
            Tensor x = Casting.To(from == ElementType.Float32 ? Tensor.Vector(0L, 1, 77, 100) : numbers, from);
            foreach (ElementType to in Types.Where(t => t != from))
            {
                var g = new TestGraph();
                g.Output(g.Add("Cast", [g.Input("x", from, x.Count)], ("to", (int)to)));
                Graph graph = g.Build();
                Assert.IsEmpty(Lowering.Refusals(graph), $"{from} to {to}");
                Tensor expected = new Interpreter(graph).Run(x)[0], actual = TfliteRunner.Run(Lowering.Write(graph), x)[0];
                CollectionAssert.AreEqual(expected.Bytes.ToArray(), actual.Bytes.ToArray(), $"{from} to {to}");
            }
        }
    }
}
