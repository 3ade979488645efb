using ModelOpt.Compiler.Emit.Tflite;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators;

/// <summary>Writes ADD, SUB, MUL and DIV.</summary>
internal static class ArithmeticLowering
{
    /// <summary>Writes a node of two inputs, in whatever order these are stored, with the activation behind it.</summary>
    /// <param name="context">The TFLite model being written.</param>
    /// <param name="node">The node.</param>
    /// <param name="op">TFLite's operator.</param>
    /// <param name="options">The type of its options.</param>
    public static void Lower(Lowering context, Node node, BuiltinOperator op, BuiltinOptionsType options)
    {
        ActivationFunction activation = context.TakeActivation(node);
        int[] order = context.BroadcastOrder(node);
        TfliteTensor a = context.BroadcastInput(node, 0, order), b = context.BroadcastInput(node, 1, order);
        context.Emit(op, [a, b], [context.Output(node, 0, order)], new ArithmeticOptions(options, activation));
    }
}
