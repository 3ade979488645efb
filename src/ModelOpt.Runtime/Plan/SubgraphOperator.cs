using ModelOpt.Runtime.Kernels;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Plan;

/// <summary>An operator that runs subgraphs. A batch is not run sample by sample through it.</summary>
internal abstract class SubgraphOperator : KernelOperator
{
    public override Foldable Takes(Node node) => Foldable.Nothing;

    public override bool KeepsSamplesApart(Node node, IReadOnlySet<Tensor> batched) => false;

    /// <summary>Checks that a subgraph takes the inputs of a node, and gives it their shapes where it leaves sizes open.</summary>
    /// <param name="first">The first of them.</param>
    /// <param name="mayMisfit">Whether sizes that the file does not have may misfit, which is noted in the subgraph.</param>
    protected static void CheckInputs(Node node, Graph subgraph, int first, bool mayMisfit = false)
    {
        if (subgraph.Misfit is not null)
            return;
        int given = node.Inputs.Length - first;
        node.Require(subgraph.Inputs.Length == given, $"a subgraph has {subgraph.Inputs.Length} inputs, and {given} are given");
        int[][] shapes = new int[given][];
        bool isOpen = Array.Exists(subgraph.Outputs, t => t.Signature is { } signature && signature.Contains(-1)), isOther = false;
        for (int i = 0; i < given; i++)
        {
            TensorSpec spec = TensorSpec.Of(node.Input(first + i));
            Tensor input = subgraph.Inputs[i];
            bool fits = spec.Matches(input) || (spec.Type == input.Type && input.Signature is not null && input.Takes(spec.Shape));
            node.Require(fits, $"input '{input.Name}' of a subgraph is {TensorSpec.Of(input)}, and {spec} is given");
            shapes[i] = spec.Shape;
            isOther |= !spec.Matches(input);
        }

        if (!isOpen && !isOther)
            return;
        subgraph.Resize(shapes);
        try
        {
            node.Require(
                ShapeInference.Apply(subgraph, isLater: true) is null, "sizes that depend on values are not supported in a subgraph");
        }
        catch (InvalidModelException e) when (mayMisfit && isOther)
        {
            subgraph.Misfit = e.Message;
        }
    }

    /// <summary>Checks that a tensor is one bool.</summary>
    protected static void CheckCondition(Node node, Tensor tensor) =>
        node.Require(tensor.Type == TensorType.Bool && tensor.Elements == 1, $"the condition is {TensorSpec.Of(tensor)}, not one bool");

    /// <summary>Checks that a subgraph gives so many outputs of these types and shapes.</summary>
    protected static void CheckOutputs(Node node, Graph subgraph, TensorSpec[] specs)
    {
        node.Require(subgraph.Outputs.Length == specs.Length,
            $"a subgraph has {subgraph.Outputs.Length} outputs, and {specs.Length} are asked for");
        for (int i = 0; i < specs.Length; i++)
        {
            node.Require(specs[i].Matches(subgraph.Outputs[i]),
                $"output '{subgraph.Outputs[i].Name}' of a subgraph is {TensorSpec.Of(subgraph.Outputs[i])}, not {specs[i]}");
        }
    }
}
