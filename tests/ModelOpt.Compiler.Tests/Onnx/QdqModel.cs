using System.Globalization;
using ModelOpt.Compiler.Onnx;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Operators.Generation;

namespace ModelOpt.Compiler.Tests.Onnx;

/// <summary>Builds QDQ models as the tools of others write them. Values are named by what made them.</summary>
internal sealed class QdqModel
{
    private int _count;

    public OnnxModel Model { get; } = new();

    /// <summary>The model's input <c>x</c>, rounded to steps of 1/127.5 around 128.</summary>
    public string Input(params int[] dims)
    {
        Model.Input("x", [.. dims.Select(d => d.ToString(CultureInfo.InvariantCulture))]);
        return Round("x", 1 / 127.5f, 128);
    }

    /// <summary>A pair of QuantizeLinear and DequantizeLinear.</summary>
    public string Round(string x, float scale, int zero, ElementType type = ElementType.UInt8)
    {
        string s = Constant(Tensor.Scalar(scale)), z = Constant(Integers(type, [], zero));
        return Node("DequantizeLinear", [Node("QuantizeLinear", [x, s, z]), s, z]);
    }

    /// <summary>A pair with a scale and a zero point for each slice along an axis.</summary>
    public string Round(string x, float[] scales, int[] zeros, int axis, ElementType type = ElementType.UInt8)
    {
        string s = Constant(Tensor.Vector<float>(scales)), z = Constant(Integers(type, [zeros.Length], zeros));
        return Node("DequantizeLinear", [Node("QuantizeLinear", [x, s, z], ("axis", axis)), s, z], ("axis", axis));
    }

    /// <summary>Pseudo-random integers in a range, dequantized.</summary>
    public string Weight(int[] dims, ElementType type, int low, int high, float scale, int zero = 0, int seed = 1) =>
        Weight(dims, type, low, high, [scale], [zero], 0, seed);

    /// <summary>Pseudo-random integers in a range, dequantized; a single scale is one for all.</summary>
    public string Weight(int[] dims, ElementType type, int low, int high, float[] scales, int[] zeros, int axis, int seed = 1)
    {
        var random = new Random(seed);
        int[] integers = [.. Enumerable.Range(0, dims.Aggregate(1, (a, b) => a * b)).Select(_ => random.Next(low, high + 1))];
        return Restore(Integers(type, dims, integers), scales, zeros, axis);
    }

    /// <summary>A constant of integers, dequantized.</summary>
    public string Restore(Tensor integers, float[] scales, int[] zeros, int axis = 0)
    {
        string q = Constant(integers);
        if (scales.Length == 1) return Node(
            "DequantizeLinear", [q, Constant(Tensor.Scalar(scales[0])), Constant(Integers(integers.Type, [], zeros))]);
        string s = Constant(Tensor.Vector<float>(scales)), z = Constant(Integers(integers.Type, [zeros.Length], zeros));
        return Node("DequantizeLinear", [q, s, z], ("axis", axis));
    }

    /// <summary>A node with one output.</summary>
    public string Node(string type, string[] inputs, params (string Name, object Value)[] attributes) =>
        Nodes(type, inputs, 1, attributes)[0];

    /// <summary>A node with several outputs.</summary>
    public string[] Nodes(string type, string[] inputs, int outputs, params (string Name, object Value)[] attributes)
    {
        string name = $"n{_count++}";
        string[] names = [.. Enumerable.Range(0, outputs).Select(i => $"{name}_{i}")];
        IEnumerable<string> read = inputs.Select(i => i.Length > 0 ? i : "_");
        Model.Node($"{type} {name}: {string.Join(' ', read)} -> {string.Join(' ', names)}", attributes);
        return names;
    }

    public string Constant(Tensor tensor)
    {
        string name = $"c{_count++}";
        Model.Graph.Initializer.Add(OnnxTensors.Write(name, tensor));
        return name;
    }

    /// <summary>Pseudo-random floats in −1…1.</summary>
    public string Floats(int seed, params int[] dims) => Constant(TestGraph.RandomTensor(seed, dims));

    /// <summary>Makes a value an output, under its own name.</summary>
    public QdqModel Output(string value, ElementType type = ElementType.Float32)
    {
        // The rank is not stated: shape inference finds it.
        Model.Graph.Output.Add(new Compiler.Onnx.Proto.ValueInfoProto
        {
            Name = value, Type = new Compiler.Onnx.Proto.TypeProto { TensorType = new() { ElemType = (int)type } },
        });
        return this;
    }

    public byte[] Bytes() => Model.Bytes();

    public static Tensor Integers(ElementType type, int[] dims, params int[] integers)
    {
        Tensor tensor = Tensor.Zeros(type, dims);
        for (int i = 0; i < integers.Length; i++)
        {
            switch (type)
            {
                case ElementType.Int8: tensor.Span<sbyte>()[i] = (sbyte)integers[i]; break;
                case ElementType.UInt8: tensor.Span<byte>()[i] = (byte)integers[i]; break;
                case ElementType.Int16: tensor.Span<short>()[i] = (short)integers[i]; break;
                case ElementType.UInt16: tensor.Span<ushort>()[i] = (ushort)integers[i]; break;
                default: tensor.Span<int>()[i] = integers[i]; break;
            }
        }

        return tensor;
    }
}
