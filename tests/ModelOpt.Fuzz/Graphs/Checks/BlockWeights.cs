using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Operators.Movement;

namespace ModelOpt.Fuzz.Graphs.Checks;

/// <summary>Weights that MatMulNBits keeps as bits and scales: the compiler rounds the numbers that they stand for.</summary>
internal static class BlockWeights
{
    /// <summary>Makes a MatMul of each MatMulNBits, its weight an initializer of float32.</summary>
    /// <param name="model">The model, which is changed.</param>
    public static void Expand(ModelProto model)
    {
        foreach (NodeProto node in model.Graph.Node.Where(n => n.OpType == "MatMulNBits").ToArray())
        {
            string weight = $"weight {node.Output[0]}", product = $"product {node.Output[0]}";
            model.Graph.Initializer.Add(OnnxTensors.Write(weight, Weight(model, node)));
            bool isBiased = node.Input.Count > 5 && node.Input[5].Length > 0;
            int at = model.Graph.Node.IndexOf(node);
            model.Graph.Node[at] = new NodeProto
            {
                OpType = "MatMul", Input = { node.Input[0], weight }, Output = { isBiased ? product : node.Output[0] },
            };
            if (!isBiased) continue;
            NodeProto sum = new() { OpType = "Add", Input = { product, node.Input[5] }, Output = { node.Output[0] } };
            model.Graph.Node.Insert(at + 1, sum);
        }
    }

    /// <summary>The weight [K, N]: what ONNX Runtime makes of the unit matrix.</summary>
    private static Tensor Weight(ModelProto model, NodeProto node)
    {
        int size = (int)node.Attribute.Single(a => a.Name == "K").I;
        Tensor unit = Tensor.Zeros(ElementType.Float32, [size, size]);
        for (int i = 0; i < size; i++) unit.Span<float>()[i * (size + 1)] = 1;
        ModelProto alone = model.Clone();
        alone.Graph.Node.Clear();
        alone.Graph.Input.Clear();
        alone.Graph.Output.Clear();
        NodeProto product = node.Clone();
        product.Input[0] = "unit";
        while (product.Input.Count > 5) product.Input.RemoveAt(5);
        alone.Graph.Node.Add(product);
        alone.Graph.Input.Add(OnnxTypes.Write("unit", ElementType.Float32, new Shape(unit.Dims)));
        alone.Graph.Output.Add(new ValueInfoProto { Name = product.Output[0] });
        using Reference reference = new(alone);
        return reference.Run(new Dictionary<string, Tensor> { ["unit"] = unit })[product.Output[0]];
    }
}
