using Google.Protobuf;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Generation;
using ModelOpt.Compiler.Operators.Movement;

namespace ModelOpt.Fuzz.Operators;

/// <summary>Where an input of the operator comes from.</summary>
internal enum Origin
{
    /// <summary>The caller.</summary>
    Caller,

    /// <summary>An initializer.</summary>
    Initializer,

    /// <summary>A Constant.</summary>
    Constant,

    /// <summary>An Identity of an initializer.</summary>
    Computed,

    /// <summary>A Slice that leaves nothing of what the caller gives: how tensors become empty.</summary>
    Emptied,
}

/// <summary>An input of the operator.</summary>
internal sealed record CaseInput(Tensor Tensor, Origin Origin);

/// <summary>A model of one operator, with what it is given.</summary>
/// <param name="Operator">The operator; its domain and a dot before it, where that is not ONNX's.</param>
/// <param name="Inputs">The operator's inputs; null for one that is left out.</param>
/// <param name="Attributes">The operator's attributes, as <see cref="Node.Attributes"/> holds them.</param>
/// <param name="IsDisputed">Whether ONNX Runtime computes something else than ONNX defines.</param>
internal sealed record OperatorCase(
    string Operator, int Opset, IReadOnlyList<CaseInput?> Inputs, IReadOnlyDictionary<string, object> Attributes, int Outputs,
    bool IsDisputed)
{
    /// <summary>Positions of outputs that are left out.</summary>
    public IReadOnlyList<int> Unasked { get; init; } = [];

    /// <summary>By how much outputs may differ beside rounding of floats.</summary>
    public double Slack { get; init; }

    /// <summary>Sizes that the model leaves open, each under a name of its own; the caller gives those of the case.</summary>
    public IReadOnlySet<int> OpenSizes { get; init; } = new HashSet<int>();

    /// <summary>The same with about half of the sizes that the caller gives left open, chosen by the number of the case.</summary>
    public OperatorCase Opened(int index)
    {
        int[] sizes = [.. Inputs.Where(i => i?.Origin == Origin.Caller && TakesNames(i.Tensor))
            .SelectMany(i => i!.Tensor.Dims.ToArray()).Where(d => d > 1).Distinct().Order()];
        var random = new Random(index);
        HashSet<int> open = [.. sizes.Where(_ => random.Next(2) == 0)];
        if (open.Count == 0 && sizes.Length > 0) open.Add(sizes[random.Next(sizes.Length)]);
        return this with { OpenSizes = open };
    }

    /// <summary>What the caller gives, by the names of the model's inputs.</summary>
    public IReadOnlyDictionary<string, Tensor> Feeds => Inputs.Select((input, i) => (Name(i), Fed(input)))
        .Where(p => p.Item2 is not null).ToDictionary(p => p.Item1, p => p.Item2!, StringComparer.Ordinal);

    /// <summary>The float type with the fewest digits among the inputs.</summary>
    public ElementType CoarsestFloat => Inputs.Any(i => i?.Tensor.Type == ElementType.BFloat16) ? ElementType.BFloat16
        : Inputs.Any(i => i?.Tensor.Type == ElementType.Float16) ? ElementType.Float16 : ElementType.Float32;

    /// <summary>The same with other element types for floats: for what ONNX Runtime has no kernel for.</summary>
    public OperatorCase WithFloats(ElementType type) => this with
    {
        Inputs = [.. Inputs.Select(i => i is { Tensor.Type: var t } && t.IsFloat() ? i with { Tensor = Casting.To(i.Tensor, type) } : i)],
    };

    /// <summary>The ONNX file.</summary>
    public byte[] ToModel()
    {
        var graph = new GraphProto { Name = "case" };
        int domain = Operator.LastIndexOf('.');
        var node = new NodeProto { Name = "node", OpType = Operator[(domain + 1)..], Domain = Operator[..Math.Max(0, domain)] };
        for (int i = 0; i < Inputs.Count; i++)
        {
            node.Input.Add(Inputs[i] is not { } input ? "" : input.Origin == Origin.Emptied ? $"{Name(i)}_empty" : Name(i));
            if (Inputs[i] is { } given) Add(graph, Name(i), given);
        }

        for (int i = 0; i < Outputs; i++)
        {
            node.Output.Add(Unasked.Contains(i) ? "" : $"y{i}");
            if (node.Output[i].Length > 0) graph.Output.Add(new ValueInfoProto { Name = $"y{i}" });
        }

        foreach ((string name, object value) in Attributes.OrderBy(a => a.Key, StringComparer.Ordinal))
            node.Attribute.Add(OnnxAttributes.Write(name, value));
        graph.Node.Add(node);
        var model = new ModelProto { IrVersion = 10, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = Opset });
        if (domain > 0) model.OpsetImport.Add(new OperatorSetIdProto { Domain = node.Domain, Version = 1 });
        return model.ToByteArray();
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Operator} opset {Opset} "
            + $"({string.Join(", ", Inputs.Select(i => i is null ? "-" : $"{i.Tensor}{Contents(i.Tensor)} {i.Origin}"))})"
        + $" {{{string.Join(", ", Attributes.Select(a => $"{a.Key}: {Text(a.Value)}"))}}} → {Outputs}"
        + (OpenSizes.Count > 0 ? $", open {string.Join(", ", OpenSizes.Order())}" : "");

    private static string Contents(Tensor tensor) =>
        tensor.Type is ElementType.Int64 or ElementType.Int32 && tensor is { Rank: <= 1, Count: < 10 }
            ? $"={{{string.Join(",", tensor.ToInt64s())}}}"
            : tensor is { Rank: 0, Type: not ElementType.Undefined } ? $"={Casting.To(tensor, ElementType.Float64).Span<double>()[0]:R}"
                : "";

    private static string Text(object value) =>
        value is Array array ? $"[{string.Join(", ", array.Cast<object>())}]" : $"{value}";

    /// <summary>Equal sizes have one name, except that those of the first axis are batches.</summary>
    private Shape Named(Tensor tensor)
    {
        int rank = Inputs.Max(i => i?.Origin == Origin.Caller ? i.Tensor.Rank : 0);
        return new Shape(tensor.Shape.Select((d, axis) => !OpenSizes.Contains((int)d.Size) ? d
            : Dim.Named(axis == 0 && tensor.Rank == rank ? $"n{d.Size}" : $"d{d.Size}")));
    }

    // A vector of integers may say sizes or axes: their number is a rank.
    private static bool TakesNames(Tensor tensor) =>
        tensor.Rank > 1 || tensor.Type is not (ElementType.Int64 or ElementType.Int32);

    private static string Name(int index) => $"x{index}";

    private static Tensor? Fed(CaseInput? input) => input?.Origin switch
    {
        Origin.Caller => input.Tensor,
        Origin.Emptied => Tensor.Zeros(input.Tensor.Type, Array.ConvertAll(input.Tensor.Dims.ToArray(), d => Math.Max(1, d))),
        _ => null,
    };

    private void Add(GraphProto graph, string name, CaseInput input)
    {
        switch (input.Origin)
        {
            case Origin.Caller:
                Shape shape = TakesNames(input.Tensor) ? Named(input.Tensor) : input.Tensor.Shape;
                graph.Input.Add(OnnxTypes.Write(name, input.Tensor.Type, shape));
                break;
            case Origin.Initializer:
                graph.Initializer.Add(OnnxTensors.Write(name, input.Tensor));
                break;
            case Origin.Constant:
                var constant = new NodeProto { Name = $"{name}_constant", OpType = "Constant", Output = { name } };
                constant.Attribute.Add(OnnxAttributes.Write("value", input.Tensor));
                graph.Node.Add(constant);
                break;
            case Origin.Computed:
                graph.Initializer.Add(OnnxTensors.Write($"{name}_of", input.Tensor));
                graph.Node.Add(new NodeProto { Name = $"{name}_identity", OpType = "Identity", Input = { $"{name}_of" },
                    Output = { name } });
                break;
            case Origin.Emptied:
                AddEmptied(graph, name, input.Tensor, Fed(input)!);
                break;
        }
    }

    private void AddEmptied(GraphProto graph, string name, Tensor tensor, Tensor fed)
    {
        graph.Input.Add(OnnxTypes.Write(name, fed.Type, fed.Shape));
        long[] ends = [.. tensor.Dims.ToArray().Select(d => (long)d)], starts = new long[ends.Length];
        var slice = new NodeProto { Name = $"{name}_slice", OpType = "Slice", Input = { name }, Output = { $"{name}_empty" } };
        if (Opset < 10)
        {
            slice.Attribute.Add(OnnxAttributes.Write("starts", starts));
            slice.Attribute.Add(OnnxAttributes.Write("ends", ends));
        }
        else
        {
            slice.Input.Add([$"{name}_starts", $"{name}_ends"]);
            graph.Initializer.Add(OnnxTensors.Write($"{name}_starts", Tensor.Vector<long>(starts)));
            graph.Initializer.Add(OnnxTensors.Write($"{name}_ends", Tensor.Vector<long>(ends)));
        }

        graph.Node.Add(slice);
    }
}
