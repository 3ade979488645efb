using ModelOpt.Compiler.Emit.Reports;

namespace ModelOpt.Compiler.Compile;

/// <summary>What compiling a model gives.</summary>
/// <param name="Tflite">The TFLite file.</param>
/// <param name="Embedded">What is embedded: the TFLite file packed, or itself where that saves less than a tenth.</param>
/// <param name="Onnx">The ONNX file in QDQ form.</param>
/// <param name="Report">What was done and what it cost.</param>
public sealed record CompiledModel(byte[] Tflite, byte[] Embedded, byte[] Onnx, Report Report);
