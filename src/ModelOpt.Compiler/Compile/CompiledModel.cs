using ModelOpt.Compiler.Emit.Reports;

namespace ModelOpt.Compiler.Compile;

/// <summary>The result of compiling a model.</summary>
/// <param name="Embedded">The form to embed: the packed TFLite file, or the plain one if packing saves less than a tenth.</param>
/// <param name="Onnx">The ONNX file in QDQ form.</param>
/// <param name="Report">What compression did and what it cost.</param>
internal sealed record CompiledModel(byte[] Tflite, byte[] Embedded, byte[] Onnx, Report Report);
