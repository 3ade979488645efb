using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>
/// Runs what an operator does with a node. Models are hostile input, and an operator cannot ask about every attribute and
/// shape beforehand: what it did not foresee becomes a diagnostic that names the node.
/// </summary>
internal static class Guard
{
    /// <summary>Runs an action on a node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="action">What to do.</param>
    /// <exception cref="CompilationException">The action failed.</exception>
    public static void Run(Node node, Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IndexOutOfRangeException or ArgumentException or InvalidOperationException
            or ArithmeticException or NullReferenceException or InvalidCastException or NotSupportedException)
        {
            throw new CompilationException(
                GraphDiagnostics.ShapeMismatch.At(null, node.Label, $"the inputs and attributes do not fit {node.Type}"), e);
        }
    }
}
