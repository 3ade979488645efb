using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Runtime;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Tflite;

/// <summary>One operator of the TFLite file.</summary>
/// <param name="Inputs">Its inputs; null for an optional one that is left out.</param>
/// <param name="Options">Its options; null where it has none.</param>
internal sealed record TfliteOperator(
    BuiltinOperator Type, TfliteTensor?[] Inputs, TfliteTensor[] Outputs, IOperatorOptions? Options)
{
    /// <summary>For an operator that TFLite lacks: the subgraph that computes it; 0 where there is none.</summary>
    public int Decomposition { get; init; }

    /// <summary>Whether it is a custom operator of the file.</summary>
    public bool IsCustom => Type.IsCustom() && Decomposition == 0;
}

/// <summary>A subgraph of the TFLite file: what it stores, and the operators in the order in which they run.</summary>
/// <param name="Tensors">All tensors, each once; no other subgraph has them.</param>
internal sealed record TfliteSubgraph(
    List<TfliteTensor> Tensors, List<TfliteTensor> Inputs, List<TfliteTensor> Outputs, List<TfliteOperator> Operators);

/// <summary>Collects the operators of a TFLite model, and writes those whose results are read.</summary>
internal sealed class TfliteModelBuilder
{
    private readonly List<TfliteOperator> _operators = [];
    private readonly List<TfliteModelBuilder> _subgraphs;

    /// <summary>Starts a model.</summary>
    public TfliteModelBuilder()
        : this([])
    {
    }

    private TfliteModelBuilder(List<TfliteModelBuilder> subgraphs)
    {
        _subgraphs = subgraphs;
        Index = subgraphs.Count;
        subgraphs.Add(this);
    }

    /// <summary>The number of this subgraph; 0 for the one that the caller runs.</summary>
    public int Index { get; }

    /// <summary>The inputs that the caller feeds, in order.</summary>
    public List<TfliteTensor> Inputs { get; } = [];

    /// <summary>The outputs that the caller gets, in order.</summary>
    public List<TfliteTensor> Outputs { get; } = [];

    /// <summary>Whether names are left out: nobody looks into a decomposition.</summary>
    public bool IsNameless { get; set; }

    /// <summary>The custom operators of all subgraphs; once the file is written, those that are in it.</summary>
    public IReadOnlyList<BuiltinOperator> CustomOperators =>
        [.. _subgraphs.SelectMany(s => s._operators).Where(o => o.IsCustom).Select(o => o.Type)];

    /// <summary>A further subgraph of the model, for operators to run.</summary>
    public TfliteModelBuilder AddSubgraph() => new(_subgraphs);

    /// <summary>Appends an operator.</summary>
    /// <param name="op">The operator; its inputs are produced before it.</param>
    public void Add(TfliteOperator op) => _operators.Add(op);

    /// <summary>The tensor that a RESHAPE made this one from, or null.</summary>
    public TfliteTensor? Unreshaped(TfliteTensor tensor) =>
        _operators.Find(o => o.Type == BuiltinOperator.Reshape && o.Outputs[0] == tensor)?.Inputs[0];

    /// <summary>Writes the file. The same model gives the same bytes.</summary>
    /// <exception cref="CompilationException">It would be larger than 2 GB.</exception>
    public byte[] Write()
    {
        TfliteSubgraph[] subgraphs = [.. _subgraphs.Select(s => s.Finish())];
        byte[] file = new TfliteFile(subgraphs).Write();
        return Inputs.Exists(i => i.Example is not null) && TryExample(file) ? new TfliteFile(subgraphs).Write() : file;
    }

    /// <summary>Gives tensors the sizes that follow from the example that the inputs have; those that depend on values stay 1.</summary>
    /// <returns>Whether the model takes the example.</returns>
    private bool TryExample(byte[] file)
    {
        try
        {
            Runtime.Model.Graph graph = GraphReader.Read(file);
            List<Runtime.Model.Node> nodes = [.. graph.Nodes];
            Runtime.Plan.ShapeInference.Apply(graph);
            foreach (Runtime.Model.Node node in nodes)
            {
                TfliteTensor[] outputs = _operators[node.Index].Outputs;
                for (int i = 0; i < outputs.Length; i++)
                {
                    if (outputs[i].IsComputed) outputs[i].Example = node.Outputs[i].Shape;
                }
            }

            return true;
        }
        catch (InvalidModelException)
        {
            // Whoever loads the file says why.
            return false;
        }
    }

    private TfliteSubgraph Finish()
    {
        DropUnread();
        List<TfliteTensor> tensors = [.. Inputs
            .Concat(_operators.SelectMany(o => o.Inputs.OfType<TfliteTensor>().Concat(o.Outputs)))
            .Concat(Outputs).Distinct()];
        if (IsNameless) tensors.ForEach(t => t.Name = "");
        else NameApart(tensors);
        return new TfliteSubgraph(tensors, Inputs, Outputs, _operators);
    }

    /// <summary>Removes operators whose results nobody reads.</summary>
    private void DropUnread()
    {
        HashSet<TfliteTensor> read = [.. Outputs];
        for (int i = _operators.Count - 1; i >= 0; i--)
        {
            if (_operators[i].Outputs.Any(read.Contains)) read.UnionWith(_operators[i].Inputs.OfType<TfliteTensor>());
            else _operators.RemoveAt(i);
        }
    }

    private void NameApart(List<TfliteTensor> tensors)
    {
        // Inputs and outputs keep their names: callers find them by these.
        HashSet<string> taken = new(StringComparer.Ordinal);
        foreach (TfliteTensor tensor in Inputs.Concat(Outputs).Concat(tensors).Distinct().Where(t => t.Name.Length > 0))
        {
            string stem = tensor.Name;
            for (int i = 1; !taken.Add(tensor.Name); i++) tensor.Name = $"{stem}_{i}";
        }
    }
}
