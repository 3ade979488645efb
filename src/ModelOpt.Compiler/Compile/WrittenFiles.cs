namespace ModelOpt.Compiler.Compile;

/// <summary>The files of a compilation to verify, as bytes.</summary>
/// <param name="Embedded">The form that is embedded: packed, or the TFLite file itself.</param>
internal sealed record WrittenFiles(byte[] Embedded, byte[] Onnx);
