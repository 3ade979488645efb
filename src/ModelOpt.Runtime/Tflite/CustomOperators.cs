using ModelOpt.Runtime.FlatBuffers;

namespace ModelOpt.Runtime.Tflite;

/// <summary>
/// Operators that TFLite lacks: custom operators <c>modelopt.NAME</c> of a file, where NAME is that of the member of
/// <see cref="BuiltinOperator"/>. Their options are a FlatBuffer of their own, so that they are written, read and checked as those of
/// TFLite's operators are.
/// </summary>
internal static class CustomOperators
{
    /// <summary>What the names of all of them begin with.</summary>
    public const string Prefix = "modelopt.";

    // Not that of any file: TFLite takes custom options for FlexBuffers, which have none.
    private const string Identifier = "MOPT";

    private const string Key = "options";

    /// <summary>Whether an operator is one of them.</summary>
    public static bool IsCustom(this BuiltinOperator op) => op >= BuiltinOperator.FirstCustom;

    /// <summary>The name of one in a file.</summary>
    public static string CustomCode(this BuiltinOperator op) => $"{Prefix}{op}";

    /// <summary>The operator of a name in a file; <see cref="BuiltinOperator.Custom"/> where it is none of them.</summary>
    public static BuiltinOperator Find(string code)
    {
        string name = code.StartsWith(Prefix, StringComparison.Ordinal) ? code[Prefix.Length..] : "";
        // Numbers parse too.
        return Enum.TryParse(name, out BuiltinOperator op) && op > BuiltinOperator.FirstCustom && op.ToString() == name
            ? op : BuiltinOperator.Custom;
    }

    /// <summary>The options of one as a file has them.</summary>
    public static byte[] Write(IOperatorOptions options)
    {
        var builder = new FlatBufferBuilder();
        return builder.Finish(options.Write(builder), Identifier);
    }

    /// <summary>The options of one as a composite has them: a FlexBuffer, as LiteRT asks for.</summary>
    public static byte[] WriteComposite(IOperatorOptions? options) => FlexMap.Write(Key, options is null ? [] : Write(options));

    /// <summary>The options in a composite, in the form of those of a custom operator.</summary>
    /// <exception cref="InvalidModelException">They are damaged.</exception>
    public static ReadOnlyMemory<byte> ReadComposite(ReadOnlyMemory<byte> attributes) =>
        attributes.IsEmpty ? default(ReadOnlyMemory<byte>) : new FlexMap(attributes.Span).Bytes(Key);

    /// <summary>The options in a file; a table without fields where it has none.</summary>
    /// <exception cref="InvalidModelException">They are damaged.</exception>
    public static FlatTable Read(ReadOnlyMemory<byte> options) =>
        options.IsEmpty ? default : new FlatBuffer(options).Root(Identifier);
}
