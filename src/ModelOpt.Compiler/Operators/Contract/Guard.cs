using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Operators.Contract;

/// <summary>
/// Runs an operator on a node. Operators check their inputs and refuse them with a diagnostic; this refuses sizes that overflow for all
/// of them. Any other exception is a fault of ours, and the diagnostic says so and names the node.
/// </summary>
internal static class Guard
{
    /// <summary>Runs an action on a node.</summary>
    /// <exception cref="CompilationException">The action failed.</exception>
    public static void Run(Node node, Action action)
    {
        try
        {
            action();
        }
        catch (OverflowException e)
        {
            throw new CompilationException(
                GraphDiagnostics.ShapeMismatch.At(null, node.Label, $"the sizes of this {node.Type} are too large"), e);
        }
        catch (Exception e) when (e is IndexOutOfRangeException or ArgumentException or InvalidOperationException
            or ArithmeticException or NullReferenceException or InvalidCastException or NotSupportedException or KeyNotFoundException)
        {
            throw new CompilationException(
                GraphDiagnostics.InternalError.At(
                null, node.Label, node.Type, e.GetType().Name, e.Message.ReplaceLineEndings(" ").TrimEnd('.')), e);
        }
    }
}
