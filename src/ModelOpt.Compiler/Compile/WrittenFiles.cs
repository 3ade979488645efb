namespace ModelOpt.Compiler.Compile;

/// <summary>What of a compilation is verified, as bytes.</summary>
/// <param name="Embedded">The form that is embedded: packed, or the TFLite file itself.</param>
/// <param name="Onnx">The QDQ ONNX file.</param>
internal sealed record WrittenFiles(byte[] Embedded, byte[] Onnx);
