using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using ModelOpt.Compiler.Diagnostics;

namespace ModelOpt.Build;

/// <summary>Base of the tasks: paths, diagnostics in MSBuild's form, and no stack trace for the user.</summary>
public abstract class ModelTask : Microsoft.Build.Utilities.Task
{
    /// <summary>The folder to which the paths of items are relative.</summary>
    [Required]
    public string ProjectDirectory { get; set; } = "";

    /// <summary>The file that explains the codes of diagnostics.</summary>
    [Required]
    public string HelpFile { get; set; } = "";

    /// <inheritdoc/>
    public sealed override bool Execute()
    {
        try
        {
            Run();
        }
        catch (CompilationException e)
        {
            Report(e.Diagnostic);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Report(Unexpected(null, e));
        }

        return !Log.HasLoggedErrors;
    }

    private protected abstract void Run();

    private protected Diagnostic Unexpected(string? file, Exception exception)
    {
        Log.LogMessage(MessageImportance.Low, exception.ToString());
        return OptionDiagnostics.Unexpected.At(file, null, exception.GetType().Name, exception.Message);
    }

    private protected void Report(Diagnostic diagnostic) =>
        Report(new LoggedDiagnostic(diagnostic.Descriptor.Severity, diagnostic.Descriptor.Code, diagnostic.File, diagnostic.Text));

    private protected void Report(LoggedDiagnostic d)
    {
        string link = $"{new Uri(HelpFile).AbsoluteUri}#{d.Code.ToLowerInvariant()}";
        switch (d.Severity)
        {
            case DiagnosticSeverity.Error:
                Log.LogError(null, d.Code, null, link, d.File, 0, 0, 0, 0, "{0}", d.Text);
                break;
            case DiagnosticSeverity.Warning:
                Log.LogWarning(null, d.Code, null, link, d.File, 0, 0, 0, 0, "{0}", d.Text);
                break;
            default:
                Log.LogMessage(null, d.Code, null, d.File, 0, 0, 0, 0, MessageImportance.Normal, "{0}", d.Text);
                break;
        }
    }
}
