using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Emit.Reports;

namespace ModelOpt.Cli.Models;

/// <summary>The output of <c>modelopt inspect</c>.</summary>
/// <param name="Inputs">Its inputs: name, type and shape.</param>
/// <param name="Outputs">Its outputs: name, type and shape.</param>
/// <param name="Refusal">Why a build refuses the model; null where it does not.</param>
internal sealed record Inspection(
    string Format,
    long FileBytes,
    IReadOnlyList<string> Inputs,
    IReadOnlyList<string> Outputs,
    IReadOnlyList<InspectedLayer> Layers,
    IReadOnlyList<string> Notes,
    CompilationException? Refusal = null);

/// <summary>One layer of a model.</summary>
/// <param name="Name">Its name, as recipes match it.</param>
/// <param name="Output">The shape of its first output.</param>
/// <param name="Parameters">The elements of its constants that no earlier layer has.</param>
/// <param name="Macs">Multiply-accumulates of one sample.</param>
/// <param name="Bytes">The bytes of those constants in the file.</param>
/// <param name="Form">How it is stored and computed, or will be.</param>
/// <param name="Weight">Statistics of its weight; null if it has none.</param>
internal sealed record InspectedLayer(
    string Name, string Operator, string Output, long Parameters, long Macs, long Bytes, string Form, WeightStatistics? Weight);
