using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Emit.Reports;

namespace ModelOpt.Cli.Models;

/// <summary>What <c>modelopt inspect</c> tells of a model.</summary>
/// <param name="Format">What the file is.</param>
/// <param name="FileBytes">Its size.</param>
/// <param name="Inputs">What the model is fed: name, type and shape.</param>
/// <param name="Outputs">What it gives.</param>
/// <param name="Layers">Its layers in order.</param>
/// <param name="Notes">What follows the table, line by line.</param>
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
/// <param name="Operator">The operator.</param>
/// <param name="Output">The shape of its first output.</param>
/// <param name="Parameters">The elements of its constants that no earlier layer has.</param>
/// <param name="Macs">Multiply-accumulates of one sample.</param>
/// <param name="Bytes">The bytes of those constants in the file.</param>
/// <param name="Form">How it is stored and computed, or will be.</param>
/// <param name="Weight">What its weight is like; null where it has none.</param>
internal sealed record InspectedLayer(
    string Name, string Operator, string Output, long Parameters, long Macs, long Bytes, string Form, WeightStatistics? Weight);
