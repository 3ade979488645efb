namespace ModelOpt.Runtime.Model;

/// <summary>
/// Bytes that may be allocated for values derived from constants, by all subgraphs of a file. They follow the size of the file, so that a
/// small file which uses one constant many times cannot ask for much memory.
/// </summary>
internal sealed class ConstantBudget(long fileBytes)
{
    /// <summary>As it was before anything was spent.</summary>
    public ConstantBudget Renewed() => new(fileBytes);

    private const long Least = 1 << 26;
    private const long PerByte = 16;

    /// <summary>Left for constants that are computed when the model is loaded.</summary>
    public long Folding { get; set; } = Least + (PerByte * fileBytes);

    /// <summary>Left for constants in the form that kernels read.</summary>
    public long Packing { get; set; } = Least + (PerByte * fileBytes);
}

/// <summary>What a state begins with.</summary>
/// <param name="Bytes">How many bytes it has.</param>
/// <param name="Data">The bytes; empty where all are the same.</param>
/// <param name="Fill">The byte that all are then.</param>
internal readonly record struct InitialState(int Bytes, ReadOnlyMemory<byte> Data, byte Fill)
{
    /// <summary>Writes it.</summary>
    public void Put(Span<byte> to)
    {
        if (Data.IsEmpty)
            to.Fill(Fill);
        else
            Data.Span.CopyTo(to);
    }
}

/// <summary>A subgraph in execution order.</summary>
internal sealed class Graph(List<Node> nodes, Tensor[] inputs, Tensor[] outputs, ConstantBudget budget)
{
    public List<Node> Nodes { get; set; } = nodes;

    /// <summary>What may be allocated for values derived from constants.</summary>
    public ConstantBudget Budget => budget;

    /// <summary>Part of the same file.</summary>
    public Graph With(List<Node> part, Tensor[] from, Tensor[] to) => new(part, from, to, budget.Renewed());

    /// <summary>The inputs, and behind them the states as a call finds them.</summary>
    public Tensor[] Inputs => inputs;

    /// <summary>Of a subgraph: why it does not take the sizes that a call gives it; null where it does.</summary>
    public string? Misfit { get; set; }

    /// <summary>What the states begin with. As many of the last inputs and of the last outputs are states.</summary>
    public InitialState[] InitialStates { get; init; } = [];

    /// <summary>The inputs that callers give.</summary>
    public ReadOnlySpan<Tensor> FedInputs => inputs.AsSpan(0, inputs.Length - InitialStates.Length);

    /// <summary>Gives the first inputs other shapes; those of other tensors are to be inferred again.</summary>
    public void Resize(int[][] shapes)
    {
        var resized = new Dictionary<Tensor, Tensor>();
        for (int i = 0; i < shapes.Length; i++)
        {
            if (inputs[i].Shape.AsSpan().SequenceEqual(shapes[i]))
                continue;
            Tensor other = inputs[i].Resized(shapes[i]);
            resized.Add(inputs[i], other);
            inputs[i] = other;
        }

        foreach (Node node in Nodes)
            Replace(node.Inputs, resized);
        Replace(outputs, resized);
    }

    /// <summary>Puts other tensors in the place of some.</summary>
    public static void Replace(Tensor?[] tensors, Dictionary<Tensor, Tensor> by)
    {
        for (int i = 0; i < tensors.Length; i++)
        {
            if (tensors[i] is { } tensor && by.TryGetValue(tensor, out Tensor? replacement))
                tensors[i] = replacement;
        }
    }

    /// <summary>The outputs, and behind them the states as a call leaves them.</summary>
    public Tensor[] Outputs => outputs;

    /// <summary>The number of uses of each tensor, an output of the graph being one more use.</summary>
    public Dictionary<Tensor, int> CountUses()
    {
        var uses = new Dictionary<Tensor, int>();
        foreach (Node node in Nodes)
            Count(node.Inputs);
        Count(outputs);
        return uses;

        void Count(Tensor?[] tensors)
        {
            foreach (Tensor? tensor in tensors)
            {
                if (tensor is not null)
                    uses[tensor] = uses.TryGetValue(tensor, out int count) ? count + 1 : 1;
            }
        }
    }

    /// <summary>The node that computes each tensor.</summary>
    public Dictionary<Tensor, Node> Producers()
    {
        var producers = new Dictionary<Tensor, Node>();
        foreach (Node node in Nodes)
        {
            foreach (Tensor output in node.Outputs)
                producers[output] = node;
        }
        return producers;
    }
}
