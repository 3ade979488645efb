using System.Runtime.InteropServices;
using ModelOpt.Runtime.FlatBuffers;

namespace ModelOpt.Runtime.Tflite;

/// <summary>In which order a recurrent layer takes the steps.</summary>
internal enum RecurrentDirection : byte
{
    Forward,
    Reverse,
    Bidirectional,
}

/// <summary>The activation functions of recurrent layers.</summary>
internal enum GateFunction
{
    Sigmoid,
    Tanh,
    Relu,
    Affine,
    LeakyRelu,
    ThresholdedRelu,
    ScaledTanh,
    HardSigmoid,
    Elu,
    Softsign,
    Softplus,
}

/// <summary>An activation function with its factors.</summary>
internal readonly record struct GateActivation(GateFunction Function, float Alpha, float Beta);

/// <summary>modelopt.LSTM, modelopt.GRU and modelopt.RNN.</summary>
/// <param name="Clip">The bound of what activations of gates take; 0 for none.</param>
/// <param name="ResetAfter">For GRU: whether the reset gate scales the product with the state instead of the state.</param>
/// <param name="CoupledGates">For LSTM: whether the forget gate is 1 − input gate.</param>
/// <param name="Activations">Those of each direction, one direction after the other.</param>
internal sealed record RecurrentOptions(
    RecurrentDirection Direction, float Clip, bool ResetAfter, bool CoupledGates, GateActivation[] Activations) : IOperatorOptions
{
    private const int MaxActivations = 6;

    /// <summary>Which inputs a composite has, bit by bit; 0 for all that the operator lists, and none where it lists none.</summary>
    public int Given { get; init; }

    public BuiltinOptionsType Type => BuiltinOptionsType.None;

    /// <summary>How many directions there are.</summary>
    public int Directions => Direction == RecurrentDirection.Bidirectional ? 2 : 1;

    /// <exception cref="InvalidModelException">There are more activations than any layer has.</exception>
    public static RecurrentOptions Read(FlatTable table)
    {
        Int32Vector functions = table.Int32s(4);
        ReadOnlySpan<float> factors = MemoryMarshal.Cast<byte, float>(table.Memory(5, sizeof(float)).Span);
        if (functions.Length > MaxActivations || factors.Length != 2 * functions.Length)
            throw new InvalidModelException("The file is damaged: a recurrent layer has no such activations.");
        var activations = new GateActivation[functions.Length];
        for (int i = 0; i < activations.Length; i++)
            activations[i] = new((GateFunction)functions[i], factors[2 * i], factors[(2 * i) + 1]);
        return new((RecurrentDirection)table.Byte(0), table.Single(1), table.Bool(2), table.Bool(3), activations);
    }

    /// <summary>What <see cref="Given"/> is in a file.</summary>
    public static int ReadGiven(FlatTable table) => table.Int32(6);

    public FlatOffset Write(FlatBufferBuilder builder)
    {
        FlatOffset functions = builder.CreateVector<int>(Array.ConvertAll(Activations, a => (int)a.Function));
        FlatOffset factors = builder.CreateVector<float>([.. Activations.SelectMany(a => new[] { a.Alpha, a.Beta })]);
        builder.StartTable(Given == 0 ? 6 : 7);
        builder.Add(0, (byte)Direction);
        builder.Add(1, Clip);
        builder.Add(2, ResetAfter);
        builder.Add(3, CoupledGates);
        builder.Add(4, functions);
        builder.Add(5, factors);
        if (Given != 0) builder.Add(6, Given);
        return builder.EndTable();
    }
}
