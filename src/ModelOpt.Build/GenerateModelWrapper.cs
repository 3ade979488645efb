using System.Text;
using Microsoft.Build.Framework;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Emit.CSharp;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Build;

/// <summary>Writes the typed wrapper of one model from its signature, without compressing it.</summary>
[MSBuildMultiThreadableTask]
public sealed class GenerateModelWrapper : ModelTask
{
    /// <summary>The item, as <see cref="ResolveModels"/> gave it.</summary>
    [Required]
    public ITaskItem Model { get; set; } = null!;

    /// <summary>The namespace of the class where the item names none.</summary>
    public string RootNamespace { get; set; } = "";

    private protected override void Run()
    {
        ModelItem item = ModelItem.Parse(Model, ProjectDirectory, RootNamespace);
        try
        {
            var source = new WrapperSource(Path.GetFileName(item.File), item.Namespace, item.ClassName)
            {
                Quantization = item.Options.Quantization ?? QuantizationMode.Int8,
                IsEmbedded = item.Embed,
                InputNames = item.InputNames,
                OutputNames = item.OutputNames,
                TakesPixels = item.Options.InputType == ElementType.UInt8,
                Labels = item.Labels is null ? null : ReadLabels(item.Labels),
                Softmax = item.Softmax,
                LabelsFile = Path.GetFileName(item.Labels),
            };
            ModelSignature signature = ModelCompiler.ReadSignature(item.File, item.Options);
            string text = WrapperWriter.Write(source, signature);
            ArtifactFile.Write(Model.GetMetadata("Wrapper"), Encoding.UTF8.GetBytes(text));
        }
        catch (CompilationException e)
        {
            Diagnostic d = e.Diagnostic;
            throw new CompilationException(d.File is null || d.File == item.File ? d with { File = item.Given } : d, e);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new CompilationException(Unexpected(item.Given, e), e);
        }
    }

    private static string[] ReadLabels(string path)
    {
        try
        {
            InputFile.Check(path);
            string[] lines = File.ReadAllLines(path);
            int count = lines.Length;
            while (count > 0 && string.IsNullOrWhiteSpace(lines[count - 1])) count--;
            return [.. lines[..count].Select(l => l.Trim())];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CompilationException(OptionDiagnostics.CannotRead.At(null, null, "Labels", path, e.Message), e);
        }
    }
}
