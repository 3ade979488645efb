using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Operators;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Plan;

/// <summary>
/// Computes nodes whose inputs are all constant, and SHAPE, when the model is loaded: above all DEQUANTIZE of weights that
/// are stored in int8 or float16.
/// </summary>
internal static class ConstantFolding
{
    // A result may be this many times larger than the constants it is computed from (int8 → int64 is 8 times).
    private const int MaxGrowth = 16;
    private const int SmallBytes = 4096;

    public static void Apply(Graph graph)
    {
        var kept = new List<Node>(graph.Nodes.Count);
        long budget = graph.ConstantBudget;
        foreach (Node node in graph.Nodes)
        {
            if (!TryFold(node, ref budget))
                kept.Add(node);
        }
        graph.Nodes = kept;
    }

    private static bool TryFold(Node node, ref long budget)
    {
        if (node.Operator == BuiltinOperator.Shape)
        {
            node.Output.Data = ShapeOf(node);
            return true;
        }
        if (node.Inputs.Length == 0 || !Array.TrueForAll(node.Inputs, t => t is null or { IsConstant: true }))
            return false;
        if (StorageMap.KeepsBytes(node))
        {
            node.Output.Data = node.Input(0).Data;
            return true;
        }
        long inputBytes = 0, outputBytes = 0;
        foreach (Tensor? input in node.Inputs)
            inputBytes += input?.Bytes ?? 0;
        foreach (Tensor output in node.Outputs)
            outputBytes += output.Bytes;
        if (outputBytes > Math.Max(SmallBytes, inputBytes * MaxGrowth) || outputBytes + inputBytes > budget)
            return false;
        budget -= outputBytes + inputBytes;
        Compute(node);
        return true;
    }

    private static void Compute(Node node)
    {
        Kernel kernel = OperatorKernels.Create(node, code: null);
        ArenaBlock[] blocks = Array.ConvertAll(node.Outputs, t => new ArenaBlock(t.Bytes, 0, 0));
        byte[] arena = new byte[ArenaLayout.Place(blocks)];
        byte[] scratch = new byte[kernel.ScratchBytes];
        Operand[] inputs = Array.ConvertAll(node.Inputs, t => t is null ? Operand.None : Operand.Constant(t.Data!.Value));
        Operand[] outputs = Array.ConvertAll(blocks, block => Operand.InArena(block.Offset, block.Bytes));
        try
        {
            kernel.Run(new KernelArguments(inputs, outputs, arena, scratch), 0, kernel.Items);
        }
        catch (ArgumentException e)
        {
            throw new InvalidModelException(e.Message, e);
        }
        for (int i = 0; i < outputs.Length; i++)
            node.Outputs[i].Data = arena.AsMemory(blocks[i].Offset, node.Outputs[i].Bytes);
    }

    private static byte[] ShapeOf(Node node)
    {
        int[] shape = node.Input(0).Shape;
        Tensor output = node.Output;
        node.Require(output.Elements == shape.Length, "the output's length is not the number of dimensions");
        byte[] data = new byte[output.Bytes];
        for (int i = 0; i < shape.Length; i++)
        {
            if (output.Type == TensorType.Int32)
                BitConverter.TryWriteBytes(data.AsSpan(4 * i), shape[i]);
            else if (output.Type == TensorType.Int64)
                BitConverter.TryWriteBytes(data.AsSpan(8 * i), (long)shape[i]);
            else
                throw node.UnsupportedTypes();
        }
        return data;
    }
}
