using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Operators.Description;

/// <summary>How many inputs and outputs an operator has.</summary>
/// <param name="LeastInputs">So many of the first inputs may not be omitted.</param>
/// <param name="MostInputs">The inputs, those that may be omitted included, or <see cref="Any"/>.</param>
/// <param name="MostOutputs">The outputs, of which only the first is asked for everywhere, or <see cref="Any"/>.</param>
internal readonly record struct Arity(int LeastInputs, int MostInputs, int MostOutputs = 1)
{
    /// <summary>As many as a node has.</summary>
    public const int Any = int.MaxValue;

    /// <summary>Checks a node.</summary>
    /// <param name="node">The node, in the form of <see cref="Graph.Opset"/>.</param>
    /// <exception cref="CompilationException">It has fewer or more inputs or outputs.</exception>
    public void Check(Node node)
    {
        for (int i = 0; i < LeastInputs; i++) node.Input(i);
        if (node.Inputs.Count > MostInputs && node.Inputs.Skip(MostInputs).Any(v => v is not null))
            throw GraphDiagnostics.TooMany.Error(node.Label, node.Type, MostInputs, "inputs", node.Inputs.Count);
        if (node.Outputs.Count > MostOutputs && node.Outputs.Skip(MostOutputs).Any(v => v is not null))
            throw GraphDiagnostics.TooMany.Error(node.Label, node.Type, MostOutputs, "outputs", node.Outputs.Count);
    }
}
