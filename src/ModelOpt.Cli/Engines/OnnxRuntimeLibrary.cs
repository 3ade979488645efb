using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using ModelOpt.Cli.Output;
using ModelOpt.Compiler.Diagnostics;

namespace ModelOpt.Cli.Engines;

/// <summary>
/// ONNX Runtime's native library. modelopt comes with the managed part alone, so that it stays small, and loads the native
/// part from where the machine has it.
/// </summary>
internal static class OnnxRuntimeLibrary
{
    /// <summary>Names the library or its folder.</summary>
    public const string PathVariable = "MODELOPT_ONNXRUNTIME";

    private const string Package = "Microsoft.ML.OnnxRuntime";

    private static readonly Lazy<Version> Loaded = new(Load);

    private delegate nint GetPointer();

    /// <summary>The version of the library, which is loaded if it is not yet.</summary>
    /// <exception cref="CompilationException">There is none that can be used; the message says how to get it.</exception>
    public static Version Version => Loaded.Value;

    /// <summary>The managed part's version: the native part must be this or newer.</summary>
    public static Version Needed { get; } = ThreeParts(typeof(InferenceSession).Assembly.GetName().Version!);

    /// <summary>How sessions are made, with all optimizations.</summary>
    /// <param name="spinning">Whether idle threads wait in a busy loop: quicker between operators, at the cost of a whole core
    /// each.</param>
    /// <exception cref="CompilationException">As for <see cref="Version"/>.</exception>
    public static SessionOptions Options(int threads, bool spinning)
    {
        _ = Version;
        // An explicit number of threads also keeps ONNX Runtime from pinning threads to cores, which containers refuse.
        var options = new SessionOptions
        {
            IntraOpNumThreads = threads,
            InterOpNumThreads = 1,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", spinning ? "1" : "0");
        return options;
    }

    /// <summary>
    /// The library's file: at the path in <see cref="PathVariable"/>; else beside the application or in its runtimes/RID/native;
    /// else the oldest that is new enough in the folder of NuGet packages.
    /// </summary>
    /// <param name="variable">The value of <see cref="PathVariable"/>, if it has one.</param>
    /// <exception cref="CompilationException">There is none; the message says how to get it.</exception>
    public static string Find(string application, string packages, string? variable) =>
        FromVariable(variable)
        ?? InFolder(application)
        ?? InFolder(Path.Combine(application, "runtimes", Rid, "native"))
        ?? InPackages(packages)
        ?? throw EvaluationDiagnostics.NoOnnxRuntime.Error(null,
            $"ONNX Runtime's native library ({FileNames[0]}, {Needed} or newer) is neither beside modelopt nor in {packages}",
            $"To get it, run: dotnet package download {Package}@{Needed} --output \"{packages}\"");

    private static string Rid =>
        $"{(OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux")}-"
        + RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();

    /// <summary>As the NuGet package calls it, and as others do.</summary>
    private static string[] FileNames =>
        OperatingSystem.IsWindows() ? ["onnxruntime.dll"]
        : OperatingSystem.IsMacOS() ? ["libonnxruntime.dylib", "libonnxruntime.1.dylib"]
        : ["libonnxruntime.so", "libonnxruntime.so.1"];

    private static Version Load()
    {
        string file = Find(
            AppContext.BaseDirectory,
            Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } packages ? packages
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages"),
            Environment.GetEnvironmentVariable(PathVariable));
        (nint library, Version version) = Load(file);
        OrtEnv.DisableDllImportResolver = true;
        NativeLibrary.SetDllImportResolver(
            typeof(InferenceSession).Assembly, (name, _, _) => name == "onnxruntime" ? library : 0);
        var options = new EnvironmentCreationOptions
        {
            logId = "modelopt",
            logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        _ = OrtEnv.CreateInstanceWithOptions(ref options);
        return version;
    }

    /// <summary>Loads a file and asks it for its version: the managed part would end the process over one that is too old.</summary>
    private static (nint Library, Version Version) Load(string file)
    {
        try
        {
            nint library = NativeLibrary.Load(file);
            nint api = Marshal.GetDelegateForFunctionPointer<GetPointer>(NativeLibrary.GetExport(library, "OrtGetApiBase"))();
            // OrtApiBase is two function pointers; the second returns the version as text.
            nint text = Marshal.GetDelegateForFunctionPointer<GetPointer>(Marshal.ReadIntPtr(api, IntPtr.Size))();
            var version = Version.Parse(Marshal.PtrToStringUTF8(text)!.Split('-')[0]);
            return version >= new Version(Needed.Major, Needed.Minor) ? (library, version)
                : throw Unusable(file, $"it is ONNX Runtime {version}");
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException or EntryPointNotFoundException)
        {
            throw Unusable(file, e.Message.TrimEnd('.'));
        }
    }

    private static CompilationException Unusable(string file, string why) =>
        EvaluationDiagnostics.NoOnnxRuntime.Error(null,
            $"{file} cannot be used as ONNX Runtime {Needed.Major}.{Needed.Minor} or newer: {why}",
            $"Let {PathVariable} name another, or remove it");

    private static string? InFolder(string folder) =>
        FileNames.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    private static string? FromVariable(string? path)
    {
        if (string.IsNullOrEmpty(path)) return null;
        string full = Path.GetFullPath(path);
        return File.Exists(full) ? full : InFolder(full) ?? throw EvaluationDiagnostics.NoOnnxRuntime.Error(null,
            $"{PathVariable} is {path}, which is neither ONNX Runtime's native library nor a folder with {FileNames[0]}",
            "Correct or unset it");
    }

    private static string? InPackages(string packages)
    {
        var versions = new DirectoryInfo(Path.Combine(packages, Package.ToLowerInvariant()));
        if (!versions.Exists) return null;
        return versions.EnumerateDirectories()
            .Select(folder => (Version: Version.TryParse(folder.Name, out Version? version) ? version : null, folder.FullName))
            .Where(package => package.Version >= Needed)
            .OrderBy(package => package.Version)
            .Select(package => InFolder(Path.Combine(package.FullName, "runtimes", Rid, "native")))
            .FirstOrDefault(file => file is not null);
    }

    private static Version ThreeParts(Version version) => new(version.Major, version.Minor, version.Build);
}
