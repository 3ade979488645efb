using Microsoft.Build.Framework;

namespace ModelOpt.Build;

/// <summary>Logs the warnings from compressing a model, in this build or an earlier one.</summary>
[MSBuildMultiThreadableTask]
public sealed class ReplayDiagnostics : ModelTask
{
    /// <summary>The items, as <see cref="ResolveModels"/> gave them.</summary>
    [Required]
    public ITaskItem[] Models { get; set; } = [];

    private protected override void Run()
    {
        foreach (ITaskItem model in Models)
        {
            foreach (LoggedDiagnostic diagnostic in LoggedDiagnostic.Read(model.GetMetadata("DiagnosticsFile")))
                Report(diagnostic);
        }
    }
}
