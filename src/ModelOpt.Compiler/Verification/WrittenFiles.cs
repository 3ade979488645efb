namespace ModelOpt.Compiler.Verification;

/// <summary>What a compilation writes, as bytes.</summary>
/// <param name="Tflite">The TFLite file.</param>
/// <param name="Embedded">The form that is embedded: packed, or the TFLite file itself.</param>
/// <param name="Onnx">The QDQ ONNX file.</param>
internal sealed record WrittenFiles(byte[] Tflite, byte[] Embedded, byte[] Onnx);
