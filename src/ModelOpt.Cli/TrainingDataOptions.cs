using System.CommandLine;
using ModelOpt.Compiler.Compilation;

namespace ModelOpt.Cli;

/// <summary>The command line's options that name what is trained with and judged by.</summary>
internal sealed class TrainingDataOptions
{
    private readonly Option<string[]> training = Data(
        "--training-data", "Samples to train with where there is --fine-tune; without it, those of --calibration.");

    private readonly Option<string?> trainingLabels = Labels(
        "--training-labels", "The class number of each sample of --training-data, as 'evaluate' takes them.");

    private readonly Option<string[]> evaluation = Data(
        "--evaluation-data",
        "Samples by which training is judged; without it, a tenth of the training samples, which are not trained with.");

    private readonly Option<string?> evaluationLabels = Labels(
        "--evaluation-labels", "The class number of each sample of --evaluation-data.");

    /// <summary>Gives them to a command.</summary>
    public void AddTo(HeadedCommand command)
    {
        foreach (Option option in (Option[])[training, trainingLabels, evaluation, evaluationLabels]) command.Add("Fine-tuning", option);
    }

    /// <summary>Options with what a command line names.</summary>
    public CompileOptions In(CompileOptions options, ParseResult parsed) => options with
    {
        TrainingData = parsed.GetValue(training) ?? [],
        TrainingLabels = parsed.GetValue(trainingLabels),
        EvaluationData = parsed.GetValue(evaluation) ?? [],
        EvaluationLabels = parsed.GetValue(evaluationLabels),
    };

    private static Option<string[]> Data(string name, string description) => new(name) { Description = description, HelpName = "DATA" };

    private static Option<string?> Labels(string name, string description) => new(name) { Description = description, HelpName = "LABELS" };
}
