using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;

namespace ModelOpt.Runtime.Plan;

/// <summary>WHILE: subgraph 1 is run on what it gave the time before, as long as subgraph 0 gives true.</summary>
internal sealed class WhileOperator : SubgraphOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        foreach (Graph subgraph in node.Subgraphs)
            CheckInputs(node, subgraph, 0);
        Graph condition = node.Subgraphs[0];
        node.Require(condition.Outputs.Length == 1, $"the condition has {condition.Outputs.Length} outputs, not 1");
        CheckCondition(node, condition.Outputs[0]);
        TensorSpec[] specs = [.. node.Inputs.Select(t => TensorSpec.Of(t!))];
        CheckOutputs(node, node.Subgraphs[1], specs);
        return specs;
    }

    public override Kernel CreateKernel(Node node, AssembledCode? code) => new WhileKernel(
        new SubgraphPlan(node, node.Subgraphs[0]), new SubgraphPlan(node, node.Subgraphs[1]), node.Inputs.Length);
}
