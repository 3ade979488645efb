using ModelOpt.Runtime.Guarding;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Kernels.Movement;
using ModelOpt.Runtime.Model;

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

    /// <summary>Gives the outputs of a node their values, if they are known and not too large.</summary>
    /// <param name="node">A node whose shapes are checked.</param>
    /// <param name="budget">Bytes that may be spent; is lowered.</param>
    public static bool TryFold(Node node, ref long budget)
    {
        if (OperatorKernels.Of(node) is ShapeOperator)
        {
            node.Output.Data = ShapeOperator.Value(node);
            return true;
        }
        if (OperatorKernels.Of(node) is IRandomOperator)
            return false;
        // A WHILE may not end, and what it runs may be much.
        if (node.Subgraphs.Length > 0 || node.Inputs.Length == 0 || !Array.TrueForAll(node.Inputs, t => t is null or { IsConstant: true }))
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
        int bytes = ArenaLayout.Place(blocks);
        Memory<byte> arena = GuardPages.Enabled ? GuardedArena.Arena(bytes, blocks) : new byte[bytes];
        Memory<byte> scratch = GuardPages.Enabled ? new GuardedMemory(kernel.ScratchBytes, []).Memory : new byte[kernel.ScratchBytes];
        Operand[] inputs = Array.ConvertAll(node.Inputs, t => t is null ? Operand.None : Operand.Constant(t.Data!.Value));
        Operand[] outputs = Array.ConvertAll(blocks, block => Operand.InArena(block.Offset, block.Bytes));
        try
        {
            kernel.Run(new KernelArguments(inputs, outputs, arena.Span, scratch.Span), 0, kernel.Items);
        }
        catch (ArgumentException e)
        {
            throw new InvalidModelException(e.Message, e);
        }
        GC.KeepAlive(scratch);
        for (int i = 0; i < outputs.Length; i++)
            node.Outputs[i].Data = arena.Slice(blocks[i].Offset, node.Outputs[i].Bytes);
    }
}
