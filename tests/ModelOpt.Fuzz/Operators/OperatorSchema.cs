using System.Reflection;
using System.Text.Json;

namespace ModelOpt.Fuzz.Operators;

/// <summary>An input or output of an operator.</summary>
/// <param name="Types">The element types it may have, ONNX's names between spaces.</param>
/// <param name="Constraint">The name of the type that it shares with others; null where the type is its own.</param>
/// <param name="Optional">Whether it may be left out.</param>
internal sealed record ValueSchema(string Name, string Types, string? Constraint, bool Optional, bool Variadic);

/// <summary>An attribute of an operator.</summary>
/// <param name="Default">Its value where it is absent, as text; null where there is none.</param>
internal sealed record AttributeSchema(string Name, string Type, string? Default, bool Required);

/// <summary>
/// One version of an operator, as ONNX defines it. <c>schemas.json</c> holds the facts of docs/Changelog.md of github.com/onnx/onnx
/// (commit f7546912, Apache-2.0): every version that is in force at some opset from 7 to 22.
/// </summary>
/// <param name="Since">The opset that brought this version.</param>
internal sealed record OperatorSchema(
    string Operator,
    int Since,
    IReadOnlyList<ValueSchema> Inputs,
    IReadOnlyList<ValueSchema> Outputs,
    IReadOnlyList<AttributeSchema> Attributes)
{
    private static readonly ILookup<string, OperatorSchema> All = Load().ToLookup(s => s.Operator, StringComparer.Ordinal);

    /// <summary>The names of all operators.</summary>
    public static IEnumerable<string> Operators => All.Select(group => group.Key).Order(StringComparer.Ordinal);

    /// <summary>The version in force at an opset; null where the operator came later.</summary>
    public static OperatorSchema? At(string name, int opset) => All[name].Where(s => s.Since <= opset).MaxBy(s => s.Since);

    /// <summary>The first opset that has an operator.</summary>
    public static int FirstOpset(string name) => All[name].Min(s => s.Since);

    /// <summary>Whether this version has an attribute.</summary>
    public bool HasAttribute(string name) => Attributes.Any(a => a.Name == name);

    /// <summary>The element type that an ONNX name stands for; <see cref="ElementType.Undefined"/> where the project has none.</summary>
    /// <param name="name">The name, such as <c>float</c>.</param>
    public static ElementType TypeOf(string name) => name switch
    {
        "float" => ElementType.Float32,
        "double" => ElementType.Float64,
        "string" => ElementType.Undefined,
        _ => Enum.TryParse(name, ignoreCase: true, out ElementType type) ? type : ElementType.Undefined,
    };

    private static OperatorSchema[] Load()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("schemas.json")!;
        return JsonSerializer.Deserialize<OperatorSchema[]>(stream, JsonSerializerOptions.Web)!;
    }
}
