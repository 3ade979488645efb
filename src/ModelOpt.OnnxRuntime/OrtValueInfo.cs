namespace ModelOpt.OnnxRuntime;

/// <summary>An input or output of a model.</summary>
/// <param name="Name">Its name in the model.</param>
/// <param name="ElementType"><see cref="OrtElementType.Undefined"/> where it is not a tensor.</param>
/// <param name="Shape">The length of each dimension, −1 where the model leaves it open.</param>
/// <param name="Symbols">The model's symbol for each dimension, empty where it has none.</param>
public sealed record OrtValueInfo(
    string Name, OrtElementType ElementType, IReadOnlyList<long> Shape, IReadOnlyList<string> Symbols);
