using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Elementwise;

/// <summary>Writes ADD, SUB, MUL and DIV.</summary>
internal static class ArithmeticLowering
{
    // TFLite's ADD and SUB bring both terms to 2^-20 of twice the larger step, and the runtime's ADD has 24 bits for 256 of them: so far
    // apart, either is within a hundredth of a step of the result.
    private const float MostApart = 4096;

    /// <summary>Whether the terms of a sum are fine enough for the steps of its result.</summary>
    public static bool KeepsSum(IEnumerable<Quantization> terms, Quantization sum) => terms.All(t => t.Scale <= MostApart * sum.Scale);

    /// <summary>Writes a node of two inputs, in whatever order these are stored, with the activation behind it.</summary>
    public static void Lower(Lowering context, Node node, BuiltinOperator op)
    {
        ActivationFunction activation = context.TakeActivation(node);
        int[] order = context.BroadcastOrder(node);
        TfliteTensor a = context.BroadcastInput(node, 0, order), b = context.BroadcastInput(node, 1, order);
        new LoweringSteps(context, node).Binary(op, a, b, context.Output(node, 0, order), activation);
    }

    /// <summary>Writes MAXIMUM or MINIMUM. TFLite's take two inputs, so each result meets the next input.</summary>
    /// <param name="node">A node of one or more inputs.</param>
    public static void LowerExtremum(Lowering context, Node node, BuiltinOperator op)
    {
        if (node.Inputs.Count == 1)
        {
            context.Alias(node.Output, node.Input(0));
            return;
        }

        int[] order = context.BroadcastOrder(node);
        TfliteTensor result = context.BroadcastInput(node, 0, order);
        for (int i = 1; i < node.Inputs.Count; i++)
        {
            TfliteTensor next = context.BroadcastInput(node, i, order);
            TfliteTensor output = i == node.Inputs.Count - 1 ? context.Output(node, 0, order) : Lowering.Temporary(
                node, result.OpenAxis >= 0 ? result : next, Broadcasting.Combine(
                    node, new Shape(result.Dims), new Shape(next.Dims)).ToSizes()!);
            result = new LoweringSteps(context, node).Binary(op, result, next, output);
        }
    }
}
