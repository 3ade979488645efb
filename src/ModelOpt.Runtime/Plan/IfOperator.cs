using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;

namespace ModelOpt.Runtime.Plan;

/// <summary>IF: input 0 decides which of two subgraphs is run on the other inputs.</summary>
internal sealed class IfOperator : SubgraphOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        CheckCondition(node, node.Input(0));
        foreach (Graph subgraph in node.Subgraphs)
            CheckInputs(node, subgraph, 1);
        TensorSpec[] specs = Array.ConvertAll(node.Subgraphs[0].Outputs, TensorSpec.Of);
        CheckOutputs(node, node.Subgraphs[1], specs);
        return specs;
    }

    public override Kernel CreateKernel(Node node, AssembledCode? code) => new IfKernel(
        new SubgraphPlan(node, node.Subgraphs[0]), new SubgraphPlan(node, node.Subgraphs[1]), node.Inputs.Length, node.Outputs.Length);
}
