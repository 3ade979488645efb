using Google.Protobuf;
using ModelOpt.Fuzz.Graphs.Generation;
using ModelOpt.Fuzz.Operators;

namespace ModelOpt.Fuzz.Files;

/// <summary>Changes an ONNX model's messages: what it names, its sizes, types, attributes and constants.</summary>
internal static class OnnxMutator
{
    private static readonly ElementType[] Types =
    [
        ElementType.Bool, ElementType.Int8, ElementType.UInt8, ElementType.Int16, ElementType.UInt16, ElementType.Int32, ElementType.UInt32,
        ElementType.Int64, ElementType.UInt64, ElementType.Float16, ElementType.BFloat16, ElementType.Float32, ElementType.Float64,
    ];

    private static readonly string[] Operators = [.. OperatorGenerators.Operators];

    /// <summary>A model with a few changes.</summary>
    public static byte[] Make(Random random)
    {
        byte[] file = random.Next(3) == 0
            ? GraphGenerator.Make(new Random(random.Next()), shrinks: false).Model.ToByteArray()
            : Retyped(random, OperatorGenerators.Make(Operators[random.Next(Operators.Length)], random.Next(1000), random.Next(1000),
                null, out _)).ToModel();
        if (random.Next(6) == 0) return ByteMutator.Mutate(random, file);
        ModelProto model = ModelProto.Parser.ParseFrom(file);
        for (int i = random.Next(0, 4); i > 0; i--) One(random, model, model.Graph);
        return model.ToByteArray();
    }

    /// <summary>The case, now and then with another element type, which the operator may have or not, for those of one type.</summary>
    private static OperatorCase Retyped(Random random, OperatorCase test)
    {
        if (random.Next(4) != 0 || test.Inputs.OfType<CaseInput>().FirstOrDefault() is not { Tensor.Type: var type }) return test;
        ElementType other = Types[random.Next(Types.Length)];
        return test with
        {
            Inputs = [.. test.Inputs.Select(i => i?.Tensor.Type == type ? i with { Tensor = Casting.To(i.Tensor, other) } : i)],
        };
    }

    private static void One(Random random, ModelProto model, GraphProto graph)
    {
        NodeProto node = graph.Node.Count > 0 ? graph.Node[random.Next(graph.Node.Count)] : new NodeProto();
        TensorProto tensor = graph.Initializer.Count > 0 ? graph.Initializer[random.Next(graph.Initializer.Count)] : new TensorProto();
        switch (random.Next(14))
        {
            case 0 when graph.Input.Count > 0:
                Shape(random, graph.Input[random.Next(graph.Input.Count)]);
                break;
            case 1 when tensor.Dims.Count > 0:
                tensor.Dims[random.Next(tensor.Dims.Count)] = Size(random);
                break;
            case 2 when tensor.RawData.Length > 0:
                tensor.RawData = ByteString.CopyFrom(ByteMutator.Mutate(random, tensor.RawData.ToByteArray()));
                break;
            case 3:
                tensor.DataType = random.Next(-1, 25);
                break;
            case 4 when node.Attribute.Count > 0:
                Attribute(random, node.Attribute[random.Next(node.Attribute.Count)]);
                break;
            case 5 when node.Attribute.Count > 0:
                node.Attribute.RemoveAt(random.Next(node.Attribute.Count));
                break;
            case 6 when node.Input.Count > 0:
                node.Input[random.Next(node.Input.Count)] = Name(random, graph);
                break;
            case 7 when node.Output.Count > 0:
                node.Output[random.Next(node.Output.Count)] = Name(random, graph);
                break;
            case 8:
                node.OpType = Operators[random.Next(Operators.Length)];
                break;
            case 9 when graph.Node.Count > 0:
                graph.Node.Insert(random.Next(graph.Node.Count), node.Clone());
                break;
            case 10 when graph.Node.Count > 0:
                graph.Node.Remove(node);
                break;
            case 11 when model.OpsetImport.Count > 0:
                model.OpsetImport[0].Version = random.Next(4) == 0 ? ByteMutator.Number(random) : random.Next(1, 26);
                break;
            case 12:
                node.Attribute.Add(new AttributeProto { Name = "axis", Type = AttributeProto.Types.AttributeType.Int, I = Size(random) });
                break;
            default:
                node.Input.Add(Name(random, graph));
                break;
        }
    }

    private static void Shape(Random random, ValueInfoProto input)
    {
        TypeProto.Types.Tensor? type = input.Type?.TensorType;
        if (type is null) return;
        if (random.Next(4) == 0) type.ElemType = random.Next(0, 25);
        type.Shape ??= new TensorShapeProto();
        var dims = type.Shape.Dim;
        if (dims.Count == 0 || random.Next(6) == 0) dims.Add(new TensorShapeProto.Types.Dimension { DimValue = Size(random) });
        else dims[random.Next(dims.Count)] = random.Next(4) == 0 ? new TensorShapeProto.Types.Dimension { DimParam = "N" }
            : new TensorShapeProto.Types.Dimension { DimValue = Size(random) };
    }

    private static void Attribute(Random random, AttributeProto attribute)
    {
        attribute.I = Size(random);
        attribute.F = random.Next(4) switch { 0 => float.NaN, 1 => float.PositiveInfinity, 2 => 0, _ => random.NextSingle() * 10 };
        if (attribute.Ints.Count > 0) attribute.Ints[random.Next(attribute.Ints.Count)] = Size(random);
        if (attribute.Ints.Count > 0 && random.Next(3) == 0) attribute.Ints.RemoveAt(0);
        if (random.Next(10) == 0) attribute.Type = (AttributeProto.Types.AttributeType)random.Next(16);
        if (random.Next(5) == 0) attribute.S = ByteString.CopyFromUtf8("SAME_UPPER");
    }

    private static string Name(Random random, GraphProto graph)
    {
        string[] names = [.. graph.Node.SelectMany(n => n.Input.Concat(n.Output)), .. graph.Input.Select(i => i.Name), "", "nobody"];
        return names[random.Next(names.Length)];
    }

    private static long Size(Random random) => random.Next(6) switch
    {
        0 => ByteMutator.Number(random),
        1 => uint.MaxValue,
        2 => long.MaxValue,
        3 => -1,
        _ => random.Next(0, 9),
    };
}
