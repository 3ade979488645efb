namespace ModelOpt.Compiler.Compile;

/// <summary>The files of a compilation to verify, as bytes.</summary>
/// <param name="Embedded">The form that is embedded: packed, or the TFLite file itself.</param>
/// <param name="Onnx">The QDQ ONNX file.</param>
internal sealed record WrittenFiles(byte[] Embedded, byte[] Onnx);
