using ModelOpt.Compiler.Graphs;

namespace ModelOpt.Compiler.Techniques.Quantize;

/// <summary>The weights and biases of layers as they were, to go back to.</summary>
internal sealed class LayerConstants
{
    private readonly List<(Node Node, int Index, Value? Value, Tensor? Constant, Quantization? Grid)> _constants = [];

    /// <summary>Keeps them.</summary>
    public LayerConstants(IEnumerable<Node> layers)
    {
        foreach (Node layer in layers)
        {
            for (int i = 1; i < 3; i++)
                _constants.Add((layer, i, layer.InputOrNull(i), layer.InputOrNull(i)?.Constant, layer.InputOrNull(i)?.Quantization));
        }
    }

    /// <summary>Goes back to them.</summary>
    public void Restore()
    {
        foreach ((Node node, int index, Value? value, Tensor? constant, Quantization? grid) in _constants)
        {
            if (value is not null || index < node.Inputs.Count) node.SetInput(index, value);
            if (value is null || constant is null) continue;
            (value.Constant, value.Quantization) = (constant, grid);
        }
    }
}
