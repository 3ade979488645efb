using ModelOpt.Fuzz.Graphs.Checks;

namespace ModelOpt.Fuzz.Graphs.Generation;

/// <summary>Makes some inputs and outputs of a QDQ model the integers that they are rounded to, as tools for small devices do.</summary>
internal static class QdqBorder
{
    private const double Models = 0.3, Inputs = 0.7, Outputs = 0.7, Both = 0.3;

    /// <summary>Changes a model.</summary>
    /// <param name="model">The model, its pairs in place.</param>
    public static void Apply(ModelProto model, Random random)
    {
        if (random.NextDouble() >= Models) return;
        foreach (ValueInfoProto input in Samples.Fed(model).ToArray())
            if (random.NextDouble() < Inputs) Feed(model, input);
        foreach (ValueInfoProto output in model.Graph.Output.ToArray())
            if (random.NextDouble() < Outputs) Give(model, output, isAdded: random.NextDouble() < Both);
    }

    /// <summary>The caller feeds what a QuantizeLinear made, where all that reads the input is on one grid.</summary>
    private static void Feed(ModelProto model, ValueInfoProto input)
    {
        NodeProto[] readers = [.. model.Graph.Node.Where(n => n.Input.Contains(input.Name))];
        Grids grids = new(model);
        Grid?[] own = [.. readers.Select(n => n.OpType == "QuantizeLinear" ? grids.Of(n) : null)];
        if (readers.Length == 0 || own[0] is not { } grid || own.Any(g => g != grid) || model.Graph.Output.Any(o => o.Name == input.Name))
            return;
        foreach (NodeProto reader in readers)
        {
            model.Graph.Node.Remove(reader);
            foreach (NodeProto node in model.Graph.Node)
                for (int i = 0; i < node.Input.Count; i++)
                    if (node.Input[i] == reader.Output[0]) node.Input[i] = input.Name;
            foreach (ValueInfoProto output in model.Graph.Output.Where(o => o.Name == reader.Output[0])) output.Name = input.Name;
        }

        input.Type.TensorType.ElemType = (int)TypeOf(grid);
        Samples.SetRange(model, input.Name, grid.Min, grid.Max);
    }

    /// <summary>The caller gets the integers of an output instead of what they stand for, or both.</summary>
    private static void Give(ModelProto model, ValueInfoProto output, bool isAdded)
    {
        NodeProto? restore = model.Graph.Node.FirstOrDefault(n => n.OpType == "DequantizeLinear" && n.Output[0] == output.Name);
        NodeProto? quantize = restore is null ? null
            : model.Graph.Node.FirstOrDefault(n => n.OpType == "QuantizeLinear" && n.Output[0] == restore.Input[0]);
        if (quantize is null || new Grids(model).Of(quantize) is not { } grid) return;
        if (model.Graph.Output.Any(o => o.Name == quantize.Output[0])) return;
        ValueInfoProto integers = output.Clone();
        integers.Name = quantize.Output[0];
        integers.Type.TensorType.ElemType = (int)TypeOf(grid);
        model.Graph.Output.Insert(model.Graph.Output.IndexOf(output), integers);
        if (!isAdded) model.Graph.Output.Remove(output);
    }

    private static ElementType TypeOf(Grid grid) => grid.Max switch
    {
        sbyte.MaxValue => ElementType.Int8,
        byte.MaxValue => ElementType.UInt8,
        short.MaxValue => ElementType.Int16,
        _ => ElementType.UInt16,
    };
}
