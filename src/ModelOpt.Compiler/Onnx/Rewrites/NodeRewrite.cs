using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Description;

namespace ModelOpt.Compiler.Onnx.Rewrites;

/// <summary>
/// An operator that the graph does not have: reading a model puts others in the place of its nodes, before pairs of QuantizeLinear and
/// DequantizeLinear become annotations. So what others quantized is read as if it had been written with such pairs.
/// </summary>
/// <param name="arity">How many inputs and outputs its nodes have.</param>
internal abstract class NodeRewrite(string type, Arity arity)
{
    /// <summary>The domain of ONNX Runtime's own operators.</summary>
    public const string Microsoft = "com.microsoft";

    /// <summary>The operator's name in its domain.</summary>
    public string Type => type;

    /// <summary>The operator's domain; empty for ONNX's own.</summary>
    public virtual string Domain => Microsoft;

    /// <summary>The opset that brought an operator of ONNX's own; 1 in other domains.</summary>
    public virtual int Since => 1;

    /// <summary>Puts other nodes in the place of one.</summary>
    /// <param name="graph">The graph, sorted; what makes the node's inputs is rewritten already.</param>
    /// <exception cref="CompilationException">The node does not fit the operator, or has a form that cannot be rewritten.</exception>
    public void Apply(Graph graph, Node node, int opset)
    {
        if (Domain.Length == 0 && opset < Since) throw OnnxDiagnostics.NewerOperator.Error(node.Label, Type, Since, opset);
        arity.Check(node);
        if (!TakesAnyNumber) node.CheckAttributes();
        Rewrite(new Rewriting(graph, node, opset));
    }

    /// <summary>Whether attributes may be infinite or no numbers.</summary>
    protected virtual bool TakesAnyNumber => false;

    /// <summary>Puts other nodes in the place of one.</summary>
    /// <param name="at">The node, of which the rewrite finishes the first output.</param>
    protected abstract void Rewrite(Rewriting at);
}
