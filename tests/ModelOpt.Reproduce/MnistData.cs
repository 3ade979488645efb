using ModelOpt.Compiler.Diagnostics;

namespace ModelOpt.Reproduce;

/// <summary>The four files of MNIST.</summary>
/// <param name="TrainingImages">60,000 images of 28 × 28 bytes.</param>
/// <param name="TestImages">10,000 images.</param>
internal sealed record MnistData(string TrainingImages, string TrainingLabels, string TestImages, string TestLabels)
{
    /// <summary>Finds the files in a folder, by what their names have in common wherever they come from.</summary>
    /// <exception cref="CompilationException">One is not there.</exception>
    public static MnistData In(string folder)
    {
        return new(Find("train-images"), Find("train-labels"), Find("t10k-images"), Find("t10k-labels"));

        string Find(string part)
        {
            string[] files = Directory.Exists(folder) ? [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal)] : [];
            return Array.Find(files, f => Path.GetFileName(f).Contains(part, StringComparison.OrdinalIgnoreCase))
                ?? throw new CompilationException(OptionDiagnostics.FileNotFound.At(folder, null, "--data", $"*{part}*"));
        }
    }
}
