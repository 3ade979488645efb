using static ModelOpt.Compiler.Diagnostics.DiagnosticSeverity;

namespace ModelOpt.Compiler.Diagnostics;

/// <summary>Diagnostics of options, item metadata and the files that they name (MOPT6nnn).</summary>
internal static class OptionDiagnostics
{
    public static readonly DiagnosticDescriptor InvalidValue = new("MOPT6001", Error,
        "Not a possible value", "{0}: '{1}' is not one of {2}.{3}",
        "Write one of these values.");

    public static readonly DiagnosticDescriptor InvalidNumber = new("MOPT6002", Error,
        "Not in the form that is expected", "{0}: '{1}' is not {2}.",
        "Write it in that form. Numbers have a decimal point, and commas or semicolons separate several.");

    public static readonly DiagnosticDescriptor FileNotFound = new("MOPT6003", Error,
        "File not found", "{0}: '{1}' does not exist.",
        "Check the path; it is relative to the project's folder.");

    public static readonly DiagnosticDescriptor DuplicateClassName = new("MOPT6004", Error,
        "Two items with one class name", "the class name '{0}' is also that of '{1}'.",
        "Give one of the two items another ClassName.");

    public static readonly DiagnosticDescriptor InvalidIdentifier = new("MOPT6005", Error,
        "Not a C# name", "{0}: '{1}' is not a C# {2}.",
        "Use letters, digits and underscores, beginning with a letter, no keyword, and for ClassName none of Output, "
        + "OwnedOutput, Stream, CreateStream, Run, Dispose, Labels, ResourceName and FileName.");

    public static readonly DiagnosticDescriptor CannotWrite = new("MOPT6006", Error,
        "Cannot write a file", "'{0}' cannot be written: {1}",
        "Check the permissions and the free space of the folder.");

    public static readonly DiagnosticDescriptor LabelCount = new("MOPT6007", Error,
        "Labels do not fit the outputs", "Labels: '{0}' has {1} labels, and no float output has as many elements a sample: {2}.",
        "Write one label a line, one for each element of an output.");

    public static readonly DiagnosticDescriptor MSBuildTooOld = new("MOPT6008", Error,
        "MSBuild is too old", "the tasks of ModelOpt.Build run on .NET 10, and this MSBuild cannot load them.",
        "Build with the .NET 10 SDK or newer, or with Visual Studio 2026 or newer.");

    public static readonly DiagnosticDescriptor UnknownMetadata = new("MOPT6009", Warning,
        "Unknown metadata", "the metadata '{0}' is not known and has no effect. Did you mean '{1}'?",
        "Correct the name, or choose one that is less similar.");

    public static readonly DiagnosticDescriptor Unexpected = new("MOPT6010", Error,
        "Unexpected error", "{0}: {1}",
        "This is an error of ModelOpt: please open an issue with the model and a log of dotnet build -v:diag.");

    public static readonly DiagnosticDescriptor OnlySomeFrameworks = new("MOPT6011", Error,
        "Listed for some target frameworks only", "the item is listed for some target frameworks only.",
        "List it without a condition: it is compressed once for all of them.");

    public static readonly DiagnosticDescriptor CannotRead = new("MOPT6012", Error,
        "Cannot read a file", "{0}: '{1}' cannot be read: {2}",
        "Check the permissions of the file, and that no other program keeps it open.");

    public static readonly DiagnosticDescriptor OutOfRange = new("MOPT6013", Error,
        "Value out of range", "{0}: '{1}' is not {2}; the nearest possible value is {3}.{4}",
        "Write a value in this range.");

    public static readonly DiagnosticDescriptor Contradiction = new("MOPT6014", Error,
        "Options do not go together", "{0} {1} does not go together with {2} {3}: {4}; the nearest possible value is {5}.",
        "Change one of the two options, for the model or for this layer.");

    public static readonly DiagnosticDescriptor NoEffect = new("MOPT6015", Warning,
        "An option has no effect", "{0} '{1}' has no effect, as {2} is not set.",
        "Set the other option too, or leave this one out.");

    public static readonly DiagnosticDescriptor RuleWithoutEffect = new("MOPT6016", Warning,
        "A rule has no effect", "the rule sets {0}, but no layer that it names can take part: {1}.",
        "Leave the option out of the rule, or name other layers.");

    public static readonly DiagnosticDescriptor UnusedData = new("MOPT6017", Info,
        "Calibration data is not needed",
        "CalibrationData is set, but no other option needs it, except for sizes that the model leaves open.",
        "Set Quantization to Int8, or leave CalibrationData out.");

    public static readonly DiagnosticDescriptor NoPixels = new("MOPT6018", Warning,
        "No input takes bytes", "InputType is uint8, but the model has no float input.",
        "Leave InputType out: the class takes what the model does.");

    public static readonly DiagnosticDescriptor ForExperts = new("MOPT6019", Error,
        "The option is in the recipe now",
        "{0} is an option for experts, which only recipes have: write {{ \"expert\": {{ \"{1}\": … }} }} into the recipe.",
        "Name the recipe's file by Recipe, and leave the option out.");

    public static readonly DiagnosticDescriptor InputShapeMisfit = new("MOPT6020", Error,
        "A shape does not fit its input", "InputShape: {0}.",
        "Write NAME:SIZES for each input whose sizes are to be fixed; 'modelopt inspect' lists the inputs with their sizes.");

    public static readonly DiagnosticDescriptor StateMisfit = new("MOPT6021", Error,
        "A state does not fit the model", "State: {0}.",
        "Write INPUT:OUTPUT for each state, with the same type and shape; 'modelopt inspect' lists the inputs and outputs.");

    public static readonly DiagnosticDescriptor InputValueMisfit = new("MOPT6022", Error,
        "A value does not fit its input", "InputValues: {0}.",
        "Write NAME:VALUE, or as many values as the input has elements; 'modelopt inspect' lists the inputs.");

    public static readonly DiagnosticDescriptor NamesMisfit = new("MOPT6023", Error,
        "Names do not fit inputs or outputs", "{0}: {1}.",
        "Write one name for each, in the order of the model, separated by semicolons; 'modelopt inspect' lists them.");

    public static readonly DiagnosticDescriptor NotCSharp = new("MOPT6024", Error,
        "Not a C# project", "the generated class is C#, and this is a project in another language.",
        "List the item in a C# library, and refer to that.");

    public static readonly DiagnosticDescriptor OldFramework = new("MOPT6025", Error,
        "Old target framework", "ModelOpt.Runtime needs .NET 10, and this project targets another framework.",
        "Target net10.0 or newer.");

    public static readonly DiagnosticDescriptor OldLanguage = new("MOPT6026", Error,
        "Old language version", "the generated class needs C# 12, and LangVersion is lower.",
        "Set LangVersion to 12 or newer, or leave it out.");
}
