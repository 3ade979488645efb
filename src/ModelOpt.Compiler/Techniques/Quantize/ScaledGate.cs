using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>Writes a gate whose input's channels are divided: a depthwise convolution gives its function the whole number.</summary>
internal static class ScaledGate
{
    /// <summary>Replaces a gate's nodes.</summary>
    /// <param name="gate">The gate; what it reads is divided already, and its product is to be.</param>
    /// <param name="factors">What its input is divided by, by channel.</param>
    public static void Write(Graph graph, Gate gate, float[] factors)
    {
        Node product = gate.Product;
        Value x = gate.Input;
        string name = product.Output.Name;
        int[] ones = [.. Enumerable.Repeat(1, x.Shape!.Rank - 2)];
        List<Value> inputs = [x, graph.AddConstant($"{name}_factors", Tensor.Of<float>([factors.Length, 1, .. ones], factors))];
        // HardSwish is x · Clip(x + 3, 0, 6) / 6.
        if (gate.Sigmoid is null)
            inputs.Add(graph.AddConstant($"{name}_shift", Tensor.Vector<float>([.. Enumerable.Repeat(3f, factors.Length)])));
        Value whole = Step("Conv", "whole", [.. inputs]);
        whole.Producer!.Attributes["group"] = (long)factors.Length;
        if (gate.Sigmoid is { } sigmoid)
        {
            sigmoid.SetInput(0, whole);
            return;
        }

        Value clipped = Step("Clip", "clipped", whole, Scalar("low", 0), Scalar("high", 6));
        Value share = Step("Mul", "share", clipped, Scalar("sixth", 1f / 6));
        Value output = product.Output;
        Node mul = new("Mul", product.Name, [x, share], []);
        graph.InsertBefore(product, mul);
        graph.Remove(product);
        mul.AddOutput(output);

        Value Scalar(string what, float value) => graph.AddConstant($"{name}_{what}", Tensor.Of<float>([], [value]));

        Value Step(string type, string what, params Value[] operands)
        {
            Value result = new(graph.UniqueName($"{name}_{what}"), ElementType.Float32, x.Shape);
            graph.InsertBefore(gate.Sigmoid ?? product, new Node(type, result.Name, operands, [result]));
            return result;
        }
    }
}
