using System.Runtime.InteropServices;
using ModelOpt.Runtime.FlatBuffers;
using ModelOpt.Runtime.Model;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Plan;

/// <summary>A node of a file while others are put in its place.</summary>
internal sealed class Expansion(Node node, List<Node> nodes, ConstantBudget budget)
{
    /// <summary>The node.</summary>
    public Node Node => node;

    /// <summary>Its first output.</summary>
    public Tensor Output => node.Output;

    /// <summary>A required input.</summary>
    public Tensor Input(int position) => node.Input(position);

    /// <summary>A tensor between nodes.</summary>
    public Tensor Temporary(TensorType type, int[] shape, Quantization? grid = null) => new($"{Output.Name}/part", type, shape, grid);

    /// <summary>Counts bytes of a large constant before it is made.</summary>
    public void Spend(long bytes)
    {
        budget.Folding -= bytes;
        node.Require(budget.Folding >= 0, "it needs constants that are much larger than the file");
    }

    /// <summary>A constant.</summary>
    public Tensor Constant<T>(TensorType type, int[] shape, ReadOnlySpan<T> elements, Quantization? grid = null)
        where T : unmanaged => new($"{Output.Name}/constant", type, shape, grid) { Data = MemoryMarshal.AsBytes(elements).ToArray() };

    /// <summary>A constant number.</summary>
    public Tensor Constant(float number) => Constant<float>(TensorType.Float32, [], [number]);

    /// <summary>A constant vector of int32.</summary>
    public Tensor Ints(params ReadOnlySpan<int> numbers) => Constant(TensorType.Int32, [numbers.Length], numbers);

    /// <summary>Adds a node.</summary>
    public void Add(BuiltinOperator op, Tensor?[] inputs, Tensor output, IOperatorOptions? options = null) =>
        Add(op, inputs, [output], options);

    /// <summary>Adds a node with several outputs.</summary>
    public void Add(BuiltinOperator op, Tensor?[] inputs, Tensor[] outputs, IOperatorOptions? options = null) =>
        nodes.Add(new Node(op, node.Index, inputs, outputs)
        {
            Name = node.Name,
            Options = options is null ? default : CustomOperators.Read(CustomOperators.Write(options)),
            OptionsType = options?.Type ?? BuiltinOptionsType.None,
        });

    /// <summary>Adds the node itself, on other inputs.</summary>
    public void Keep(Tensor?[] inputs) => nodes.Add(node.On(inputs, node.Outputs, null));

    /// <summary>Adds the node itself on other operands.</summary>
    public void Again(Tensor?[] inputs, Tensor[] outputs) => nodes.Add(node.On(inputs, outputs, null));

    /// <summary>The real numbers that an input stands for.</summary>
    public Tensor Real(int position) => Real(Input(position));

    /// <summary>The real numbers that a tensor stands for.</summary>
    public Tensor Real(Tensor x)
    {
        if (x.Type == TensorType.Float32)
            return x;
        Tensor real = Temporary(TensorType.Float32, x.Shape);
        Add(BuiltinOperator.Dequantize, [x], real);
        return real;
    }

    /// <summary>Real numbers as another tensor stores its own.</summary>
    public Tensor Stored(Tensor real, Tensor like)
    {
        if (like.Type == TensorType.Float32)
            return real;
        Tensor stored = Temporary(like.Type, real.Shape, like.Quantization);
        Add(BuiltinOperator.Quantize, [real], stored);
        return stored;
    }

    /// <summary>Computes the real numbers of a result, and rounds them where it stores integers for them.</summary>
    public void InReals(Tensor result, Action<Tensor> compute)
    {
        if (result.Quantization is null || result.Type is not (TensorType.Int8 or TensorType.UInt8 or TensorType.Int16 or TensorType.Int32))
        {
            compute(result);
            return;
        }

        Tensor real = Temporary(TensorType.Float32, result.Shape);
        compute(real);
        Add(BuiltinOperator.Quantize, [real], result);
    }

    /// <summary>The same elements under other sizes.</summary>
    public Tensor Reshaped(Tensor x, params int[] shape)
    {
        Tensor result = Temporary(x.Type, shape, x.Quantization);
        Add(BuiltinOperator.Reshape, [x, Ints(shape)], result);
        return result;
    }

    /// <summary>The axes in another order.</summary>
    public Tensor Transposed(Tensor x, params int[] order)
    {
        Tensor result = Temporary(x.Type, Array.ConvertAll(order, axis => x.Shape[axis]), x.Quantization);
        Add(BuiltinOperator.Transpose, [x, Ints(order)], result);
        return result;
    }

    /// <summary>The elements with zeros around them.</summary>
    /// <param name="pads">Befores and behinds of each axis, in turn.</param>
    public Tensor Padded(Tensor x, params int[] pads)
    {
        if (Array.TrueForAll(pads, p => p == 0)) return x;
        Tensor result = Temporary(
            x.Type, [.. x.Shape.Select((size, i) => checked(size + pads[2 * i] + pads[(2 * i) + 1]))], x.Quantization);
        Add(BuiltinOperator.Pad, [x, Constant<int>(TensorType.Int32, [x.Rank, 2], pads)], result);
        return result;
    }

    /// <summary>A part of a tensor.</summary>
    public void Sliced(Tensor x, int[] begins, Tensor output) =>
        Add(BuiltinOperator.Slice, [x, Ints(begins), Ints(output.Shape)], output);

    /// <summary>Gives the output its value.</summary>
    public void Know(ReadOnlyMemory<byte> value)
    {
        node.Require(value.Length == Output.Bytes, $"its value has {value.Length} bytes, and the output {Output.Bytes}");
        Output.Data = value;
    }

    /// <summary>Computes in float32 what the file has in 8 bits.</summary>
    public void InFloat(Action<Expansion, Tensor[], Tensor> expand)
    {
        Tensor[] inputs = [.. node.Inputs.OfType<Tensor>()];
        if (inputs.Length == 0 || !Output.IsQuantized8)
        {
            expand(this, inputs, Output);
            return;
        }

        for (int i = 0; i < inputs.Length; i++)
        {
            Tensor real = Temporary(TensorType.Float32, inputs[i].Shape);
            Add(BuiltinOperator.Dequantize, [inputs[i]], real);
            inputs[i] = real;
        }

        Tensor result = Temporary(TensorType.Float32, Output.Shape);
        expand(this, inputs, result);
        Add(BuiltinOperator.Quantize, [result], Output);
    }
}
