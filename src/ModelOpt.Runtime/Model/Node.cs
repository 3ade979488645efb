using System.Runtime.CompilerServices;
using System.Text;
using ModelOpt.Runtime.FlatBuffers;
using ModelOpt.Runtime.Kernels.Contract;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime.Model;

/// <summary>Padding of height and width in elements.</summary>
internal readonly record struct Padding2D(int Top, int Bottom, int Left, int Right);

/// <summary>An operator of the graph, with the work that the plan folded into it.</summary>
internal sealed class Node(BuiltinOperator op, int index, Tensor?[] inputs, Tensor[] outputs)
{
    public BuiltinOperator Operator => op;

    /// <summary>The operator's name in messages.</summary>
    public string Name { get; init; } = op.TfliteName();

    /// <summary>Number of the operator in the file.</summary>
    public int Index => index;

    public Tensor?[] Inputs => inputs;

    public Tensor[] Outputs => outputs;

    public FlatTable Options { get; init; }

    public BuiltinOptionsType OptionsType { get; init; }

    /// <summary>The name of a custom operator in the file; empty for others.</summary>
    public string CustomCode { get; init; } = "";

    /// <summary>The options of a custom operator as the file has them.</summary>
    public ReadOnlyMemory<byte> CustomOptions { get; init; }

    /// <summary>The subgraphs that IF and WHILE run: branches, or condition and body. None for others.</summary>
    public Graph[] Subgraphs { get; init; } = [];

    /// <summary>How many elements of input 0 an operator that counts them finds; null before they are counted.</summary>
    public int? Count { get; init; }

    /// <summary>Counts the runs of this node of the file, however often it is planned.</summary>
    public CallCounter Calls { get; init; } = new();

    /// <summary>Padding by the zero point (or 0) that a preceding PAD asked for.</summary>
    public Padding2D FoldedPadding { get; set; }

    /// <summary>Stored values to which activations that followed clamp an 8-bit result.</summary>
    public (int Min, int Max)? FoldedRange { get; set; }

    /// <summary>The operator of a node that stands for several of the file; null for a node as it is in the file.</summary>
    public Kernel? FusedKernel { get; init; }

    /// <summary>This operator with others folded into its kernel.</summary>
    public Node Fused(Kernel kernel, Tensor?[] operands, Tensor[] results) => new(op, index, operands, results)
    {
        Name = Name,
        Options = Options,
        OptionsType = OptionsType,
        Calls = Calls,
        FusedKernel = kernel,
    };

    /// <summary>This operator on other operands, as it is in the file.</summary>
    public Node On(Tensor?[] operands, Tensor[] results, int? counted) => new(op, index, operands, results)
    {
        Name = Name,
        Options = Options,
        OptionsType = OptionsType,
        Calls = Calls,
        Count = Count ?? counted,
    };

    public Tensor Output => Outputs[0];

    /// <summary>A required input.</summary>
    public Tensor Input(int position) =>
        position < inputs.Length && inputs[position] is { } tensor
            ? tensor
            : throw Error($"lacks input {position}");

    /// <summary>An optional input.</summary>
    public Tensor? OptionalInput(int position) => position < inputs.Length ? inputs[position] : null;

    public InvalidModelException Error(string message)
    {
        string output = Outputs.Length > 0 ? $" (output '{Outputs[0].Name}')" : "";
        return new InvalidModelException($"{Name}, operator {index}{output}: {message}.");
    }

    public void Require(bool condition, string message)
    {
        if (!condition)
            throw Error(message);
    }

    /// <summary>The same with a message that is put together only where it is needed.</summary>
    public void Require(bool condition, [InterpolatedStringHandlerArgument(nameof(condition))] ref UnmetRequirement message)
    {
        if (!condition)
            throw Error(message.ToString());
    }

    public InvalidModelException UnsupportedTypes()
    {
        IEnumerable<string> types = inputs.Select(t => t?.Type.ToString() ?? "none");
        return Error($"not supported for {string.Join(", ", types.Take(4))} → {Outputs[0].Type}");
    }
}

/// <summary>The text of a requirement that a node does not meet; none where it does.</summary>
[InterpolatedStringHandler]
internal readonly ref struct UnmetRequirement
{
    private readonly StringBuilder? _text;

    public UnmetRequirement(int literalLength, int formattedCount, bool met, out bool isUnmet)
    {
        isUnmet = !met;
        _text = met ? null : new StringBuilder(literalLength + (8 * formattedCount));
    }

    public void AppendLiteral(string literal) => _text!.Append(literal);

    public void AppendFormatted<T>(T value) => _text!.Append(value);

    public override string ToString() => _text?.ToString() ?? "";
}
