using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Tflite;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Compiler.Operators.Contract;

/// <content>Operators that TFLite lacks, with a subgraph of others: LiteRT runs the subgraph, the runtime its own kernel.</content>
internal sealed partial class Lowering
{
    /// <summary>Writes an operator that TFLite lacks as a composite.</summary>
    /// <param name="inputs">What is fed to it.</param>
    /// <param name="decompose">
    /// Writes the steps that compute it into the subgraph: it takes what stands for the inputs there, constants as constants, and gives
    /// what stands for the outputs.
    /// </param>
    public void EmitComposite(
        BuiltinOperator op, TfliteTensor[] inputs, TfliteTensor[] outputs, IOperatorOptions? options,
        Func<Lowering, TfliteTensor[], TfliteTensor[]> decompose)
    {
        Lowering inner = new(new Graph(), this);
        inner._model.IsNameless = true;
        inner._model.Inputs.AddRange(inputs.Select(t => new TfliteTensor("input", t.Type, t.Dims, t.OpenAxis, t.Quantization)));
        TfliteTensor[] within = [.. inputs.Select((t, i) => t.Data is null ? inner._model.Inputs[i]
            : new TfliteTensor("constant", t.Type, t.Dims, -1, t.Quantization, t.Data))];
        inner._model.Outputs.AddRange(decompose(inner, within));
        _model.Add(new TfliteOperator(op, inputs, outputs, options) { Decomposition = inner._model.Index });
    }
}
