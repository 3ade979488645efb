using static ModelOpt.Compiler.Diagnostics.DiagnosticSeverity;

namespace ModelOpt.Compiler.Diagnostics;

/// <summary>Diagnostics of calibration and evaluation data (MOPT3nnn). Each names the data's file.</summary>
internal static class DataDiagnostics
{
    public static readonly DiagnosticDescriptor Unreadable = new("MOPT3001", Error,
        "Data cannot be read", "the data cannot be read: {0}.",
        "Check the path and the permissions.");

    public static readonly DiagnosticDescriptor UnknownFormat = new("MOPT3002", Error,
        "Unknown data format", "the data is in no known format: {0}.",
        "Give images, .wav, .csv, .npy, .npz or IDX files (perhaps .gz), or a folder or pattern of them.");

    public static readonly DiagnosticDescriptor Damaged = new("MOPT3003", Error,
        "Data file is damaged", "the data is damaged: {0}.",
        "Write the file again.");

    public static readonly DiagnosticDescriptor Unsupported = new("MOPT3004", Error,
        "Unsupported form of data", "this form of data is not supported: {0}.",
        "Save it as a C-ordered .npy array of numbers, the first axis counting samples.");

    public static readonly DiagnosticDescriptor Empty = new("MOPT3005", Error,
        "Data is empty", "there is no sample in the data: {0}.",
        "Give at least one sample; in patterns, * and ? stand for parts of a name and ** for any folders.");

    public static readonly DiagnosticDescriptor ShapeMismatch = new("MOPT3006", Error,
        "Samples have the wrong shape", "samples of shape {0} do not fit input '{1}', which takes {2}.",
        "The first axis of the data counts samples; the others must be the input's, as NCHW or NHWC.");

    public static readonly DiagnosticDescriptor TypeMismatch = new("MOPT3007", Error,
        "Samples have the wrong type", "samples of {0} do not fit input '{1}', which takes {2}{3}.",
        "Convert the data to the input's type.");

    public static readonly DiagnosticDescriptor Unusable = new("MOPT3008", Error,
        "A sample holds an unusable value", "sample {0} holds {1} at element {2}, which is not {3}.",
        "Remove the sample, or correct the preprocessing that made it.");

    public static readonly DiagnosticDescriptor InvalidNormalization = new("MOPT3009", Error,
        "Mean or std does not fit", "{0}.",
        "Give one value, or one per channel of the input; std values are positive.");

    public static readonly DiagnosticDescriptor InvalidLabels = new("MOPT3010", Error,
        "Labels are not valid", "the labels are not valid: {0}.",
        "Give one class number per sample: an integer .npy or IDX file, a text file with one a line, or a folder with a subfolder of "
            + "images or sounds per class.");

    public static readonly DiagnosticDescriptor LabelCountMismatch = new("MOPT3011", Error,
        "Labels and samples differ in number", "there are {0} labels for {1} samples.",
        "Give the labels that belong to the data.");

    public static readonly DiagnosticDescriptor SampleSizes = new("MOPT3012", Error,
        "Samples differ in size", "the samples have {0} different shapes, of which {1} does not fit input '{2}', which takes {3}.",
        "Bring all samples to the size that the model takes; image files are resized by themselves. Sizes may differ in "
            + "calibration data where the model leaves them open and "
            + "InputShape does not fix them; training takes samples of one size.");

    public static readonly DiagnosticDescriptor ChooseArray = new("MOPT3013", Error,
        "Several arrays in the .npz file", "{0}; it holds {1}.",
        "Name the array behind the file: data.npz#name; data.npz#x* takes all that begin with x, one behind the other.");

    public static readonly DiagnosticDescriptor AlwaysZero = new("MOPT3014", Warning,
        "The data leaves a value at zero",
        "'{0}' is 0 in all calibration samples, so its range is unknown; {1} of {2} calibrated values are always 0.",
        "Give CalibrationData that resembles the model's real inputs, with the same preprocessing (InputMean, InputStd).");

    public static readonly DiagnosticDescriptor SizesDisagree = new("MOPT3015", Error,
        "Inputs of a sample differ in a size that they share",
        "sample {0} of shape {1} does not fit input '{2}', which takes {3}, beside the sizes of the other inputs.",
        "Sample i of every input must belong together: sizes of one name are equal.");

    public static readonly DiagnosticDescriptor UnsupportedSound = new("MOPT3016", Error,
        "Unsupported form of sound", "this form of .wav is not supported: {0}.",
        "Save it as PCM of 8, 16, 24 or 32 bits or as floats: ffmpeg -i old.wav -c:a pcm_s16le new.wav.");

    public static readonly DiagnosticDescriptor SampleRate = new("MOPT3017", Error,
        "Sounds have different rates", "the sound has {0} samples a second, and {1} are expected.",
        "Bring all files to the rate that the model takes: ffmpeg -i old.wav -ar 16000 new.wav. SampleRate says it.");

    public static readonly DiagnosticDescriptor ChooseColumn = new("MOPT3018", Error,
        "No such column in the .csv file", "there is no column '{0}'; it has {1}.",
        "Name columns behind the file: data.csv#a,b takes these, data.csv#x* all that begin with x, data.csv#-label all but this one.");

    /// <summary>The exception that ends the work because of a data file.</summary>
    public static CompilationException In(
        this DiagnosticDescriptor descriptor, string file, Exception? inner, params object?[] arguments) =>
        new(descriptor.At(file, null, arguments), inner);
}
