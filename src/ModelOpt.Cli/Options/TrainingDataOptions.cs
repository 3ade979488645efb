using System.CommandLine;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Cli.Options;

/// <summary>The command line's options that name what is trained with and judged by.</summary>
/// <param name="isTrain">Whether for <c>train</c>, which cannot do without data and labels.</param>
internal sealed class TrainingDataOptions(bool isTrain = false)
{
    private readonly Option<string[]> training = Data("--training-data", isTrain
        ? "Samples to train with: a .npy, .npz (data.npz#name) or IDX file (perhaps .gz), or a folder of .png images; once for each input."
        : "Samples to train with where there is --fine-tune; without it, those of --calibration.", isTrain);

    private readonly Option<string?> trainingLabels = Labels("--training-labels", isTrain
        ? "The class number of each sample, as 'evaluate' takes them, or a float array of what the output should be; without it, the subfolders of "
            + "the images."
        : "The class number of each sample of --training-data, as 'evaluate' takes them.");

    private readonly Option<string[]> evaluation = Data(
        "--evaluation-data",
        "Samples by which training is judged; without it, a tenth of the training samples, which are not trained with.");

    private readonly Option<string?> evaluationLabels = Labels(
        "--evaluation-labels", "The class number of each sample of --evaluation-data.");

    /// <summary>Gives them to a command.</summary>
    public void AddTo(HeadedCommand command)
    {
        foreach (Option option in (Option[])[training, trainingLabels, evaluation, evaluationLabels])
            command.Add(isTrain ? "Data" : "Fine-tuning", option);
    }

    /// <summary>Options with what a command line names.</summary>
    public CompileOptions In(CompileOptions options, ParseResult parsed) => options with
    {
        TrainingData = parsed.GetValue(training) ?? [],
        TrainingLabels = parsed.GetValue(trainingLabels) ?? FolderOf(parsed.GetValue(training)),
        EvaluationData = parsed.GetValue(evaluation) ?? [],
        EvaluationLabels = parsed.GetValue(evaluationLabels) ?? FolderOf(parsed.GetValue(evaluation)),
    };

    /// <summary>Images in a folder with a subfolder per class need no labels.</summary>
    private string? FolderOf(string[]? data) => isTrain && data is [string folder] && Directory.Exists(folder) ? folder : null;

    private static Option<string[]> Data(string name, string description, bool isRequired = false) =>
        new(name) { Description = description, HelpName = "DATA", Required = isRequired };

    private static Option<string?> Labels(string name, string description) => new(name) { Description = description, HelpName = "LABELS" };
}
