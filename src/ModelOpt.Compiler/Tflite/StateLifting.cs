using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Tflite.Lifts;
using FileGraph = ModelOpt.Runtime.Model.Graph;
using FileTensor = ModelOpt.Runtime.Model.Tensor;
using Graph = ModelOpt.Compiler.Graphs.Graph;

namespace ModelOpt.Compiler.Tflite;

/// <summary>
/// The variables of a file as states of the graph: inputs and outputs of real numbers that begin with zeros. Where the file begins with
/// others, the state is what comes on top of these.
/// </summary>
internal sealed class StateLifting(Graph graph, LiftedValues values, FileGraph file)
{
    private readonly int _inputs = file.FedInputs.Length;
    private readonly int _outputs = file.Outputs.Length - file.InitialStates.Length;

    /// <summary>Adds the inputs.</summary>
    public void Begin()
    {
        for (int i = 0; i < file.InitialStates.Length; i++)
        {
            FileTensor before = file.Inputs[_inputs + i];
            Value input = new(values.NameOf(Name(before)), Lifting.RealType(before), new Shape(before.Shape.Select(d => (Dim)d)));
            graph.Inputs.Add(input);
            Value value = Initial(i) is { } initial ? values.Add(values.NameOf(before), "Add", "", [input, initial]) : input;
            values.Define(before, value, isFirst: false);
        }
    }

    /// <summary>Adds the outputs, and says which is the state of which input.</summary>
    public void End()
    {
        for (int i = 0; i < file.InitialStates.Length; i++)
        {
            Value after = values.Last(file.Outputs[_outputs + i]);
            string name = values.NameOf($"{graph.Inputs[_inputs + i].Name}_next");
            graph.Outputs.Add(Initial(i) is { } initial ? values.Add(name, "Sub", "", [after, initial])
                : values.Add(name, "Identity", "", [after]));
            graph.States.Add(new StatePair(graph.Inputs[_inputs + i].Name, name));
        }
    }

    /// <summary>What the state begins with; null for zeros.</summary>
    private Value? Initial(int index)
    {
        FileTensor before = file.Inputs[_inputs + index];
        byte[] bytes = new byte[before.Bytes];
        file.InitialStates[index].Put(bytes);
        FileTensor stored = new(before.Name, before.Type, before.Shape, before.Quantization) { Data = bytes };
        Tensor real = values.Reals(stored);
        if (!real.Span<float>().ContainsAnyExcept(0f)) return null;
        return new Value(values.NameOf($"{Name(before)}_initial"), Lifting.RealType(before) == ElementType.Float32 ? real
            : values.Constant(stored)!);
    }

    // What converters join is apart by semicolons, which options have for something else.
    private static string Name(FileTensor tensor) => tensor.Name.Split(';')[0].Replace(':', '_');
}
