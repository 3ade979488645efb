using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Onnx.Proto;

namespace ModelOpt.Compiler.Onnx;

/// <summary>The files beside a model that hold tensors of it, for builds that watch what a model depends on.</summary>
internal static class ExternalFiles
{
    /// <summary>Lists the files that exist, each once, in ordinal order. Tensors in nodes are not looked at.</summary>
    /// <param name="bytes">The model's bytes.</param>
    /// <exception cref="CompilationException">The file is not a model.</exception>
    public static IReadOnlyList<string> Of(byte[] bytes, string modelFile)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(modelFile))!;
        ModelProto model = OnnxFile.Parse(bytes);
        return [.. model.Graph.Initializer
            .Where(tensor => tensor.DataLocation == TensorProto.Types.DataLocation.External)
            .SelectMany(tensor => tensor.ExternalData)
            .Where(entry => entry.Key == "location")
            .Select(entry => Path.Combine(folder, entry.Value))
            .Distinct(StringComparer.Ordinal)
            .Where(File.Exists)
            .Order(StringComparer.Ordinal)];
    }
}
