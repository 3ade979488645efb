using ModelOpt.Runtime.Jit;
using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Model;

namespace ModelOpt.Runtime.Plan;

/// <summary>
/// IF: input 0 decides which of two subgraphs is run on the other inputs. One that does not take the sizes that a call gives is refused
/// only when it shall run, as a voice detector for two rates has one branch for each.
/// </summary>
internal sealed class IfOperator : SubgraphOperator
{
    public override TensorSpec[] Infer(Node node)
    {
        CheckCondition(node, node.Input(0));
        Graph[] taken = Taken(node);
        foreach (Graph subgraph in taken)
            CheckInputs(node, subgraph, 1, mayMisfit: taken.Length > 1);
        Graph[] fitting = Array.FindAll(taken, s => s.Misfit is null);
        node.Require(fitting.Length > 0, $"no subgraph takes these sizes: {taken[0].Misfit}");
        TensorSpec[] specs = Array.ConvertAll(fitting[0].Outputs, TensorSpec.Of);
        if (fitting.Length > 1)
            CheckOutputs(node, fitting[1], specs);
        return specs;
    }

    public override Kernel CreateKernel(Node node, AssembledCode? code)
    {
        Graph[] taken = Taken(node);
        SubgraphPlan?[] plans =
            Array.ConvertAll(node.Subgraphs, s => s.Misfit is null && taken.Contains(s) ? new SubgraphPlan(node, s) : null);
        return new IfKernel(plans[0], plans[1], node.Inputs.Length, node.Outputs.Length)
        {
            Misfit = node.Subgraphs[0].Misfit ?? node.Subgraphs[1].Misfit ?? "",
        };
    }

    /// <summary>The subgraphs that can run: one where the condition follows from sizes.</summary>
    private static Graph[] Taken(Node node) =>
        node.Input(0) is { IsConstant: true } condition ? [node.Subgraphs[condition.ConstantBytes()[0] != 0 ? 0 : 1]] : node.Subgraphs;
}
