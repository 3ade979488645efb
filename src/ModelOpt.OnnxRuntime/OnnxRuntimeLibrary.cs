using System.Runtime.InteropServices;
using ModelOpt.OnnxRuntime.Native;

namespace ModelOpt.OnnxRuntime;

/// <summary>ONNX Runtime's native library, loaded once per process.</summary>
public sealed class OnnxRuntimeLibrary
{
    /// <summary>Names the library or its folder.</summary>
    public const string PathVariable = "MODELOPT_ONNXRUNTIME";

    private const string PeersFolder = "tests/peers/node_modules/onnxruntime-node/bin";

    // Publication only: a search that failed is made again by the next caller.
    private static readonly Lazy<OnnxRuntimeLibrary> s_default =
        new(() => new OnnxRuntimeLibrary(Find()), LazyThreadSafetyMode.PublicationOnly);

    private OnnxRuntimeLibrary(string path)
    {
        Path = path;
        try
        {
            Api = new OrtApi(NativeLibrary.Load(path), path);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new OnnxRuntimeException($"{path} could not be loaded: {e.Message}", e);
        }
        Env = new OrtHandle(Api, OrtFunction.ReleaseEnv, Api.CreateEnv());
        CpuMemory = new OrtHandle(Api, OrtFunction.ReleaseMemoryInfo, Api.CreateCpuMemoryInfo());
    }

    /// <summary>The library that <see cref="Find()"/> finds.</summary>
    /// <exception cref="OnnxRuntimeNotFoundException">There is none.</exception>
    /// <exception cref="OnnxRuntimeException">What was found is not a usable ONNX Runtime.</exception>
    public static OnnxRuntimeLibrary Default => s_default.Value;

    /// <summary>The file that was loaded.</summary>
    public string Path { get; }

    /// <summary>ONNX Runtime's version, such as 1.30.0.</summary>
    public string Version => Api.Version;

    internal OrtApi Api { get; }

    internal OrtHandle Env { get; }

    internal OrtHandle CpuMemory { get; }

    /// <summary>
    /// The library's file: beside the application, then under runtimes/RID/native, then at the path in
    /// <see cref="PathVariable"/>, then in the tests/peers/node_modules of a folder above the application.
    /// </summary>
    /// <exception cref="OnnxRuntimeNotFoundException">There is none; the message says how to get it.</exception>
    public static string Find() => Find(AppContext.BaseDirectory, Environment.GetEnvironmentVariable(PathVariable));

    internal static string Find(string application, string? variable) =>
        InFolder(application)
        ?? InFolder(System.IO.Path.Combine(application, "runtimes", Rid, "native"))
        ?? FromVariable(variable)
        ?? InPeers(application)
        ?? throw new OnnxRuntimeNotFoundException(
            $"""
            ONNX Runtime's native library ({FileNames[0]}) was not found. To get it, either
              run: npm install --ignore-scripts onnxruntime-node
              and set {PathVariable} to node_modules/onnxruntime-node/bin/napi-v6/{NodeOs}/{Architecture}
            or put the file of the NuGet package Microsoft.ML.OnnxRuntime, runtimes/{Rid}/native/{FileNames[0]},
              into {application}
            """);

    private static string Architecture => RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();

    private static string NodeOs =>
        OperatingSystem.IsWindows() ? "win32" : OperatingSystem.IsMacOS() ? "darwin" : "linux";

    private static string Rid =>
        $"{(OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux")}-{Architecture}";

    /// <summary>As the NuGet package and as the npm package call it.</summary>
    private static string[] FileNames =>
        OperatingSystem.IsWindows() ? ["onnxruntime.dll"]
        : OperatingSystem.IsMacOS() ? ["libonnxruntime.dylib", "libonnxruntime.1.dylib"]
        : ["libonnxruntime.so", "libonnxruntime.so.1"];

    private static string? InFolder(string folder) =>
        FileNames.Select(name => System.IO.Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    private static string? FromVariable(string? path)
    {
        if (string.IsNullOrEmpty(path))
            return null;
        string full = System.IO.Path.GetFullPath(path);
        return File.Exists(full) ? full : InFolder(full) ?? throw new OnnxRuntimeNotFoundException(
            $"{PathVariable} is {path}, which is neither ONNX Runtime's native library nor a folder with {FileNames[0]}.");
    }

    private static string? InPeers(string application)
    {
        for (DirectoryInfo? folder = new(application); folder is not null; folder = folder.Parent)
        {
            var peers = new DirectoryInfo(System.IO.Path.Combine(folder.FullName, PeersFolder));
            if (!peers.Exists)
                continue;
            return peers.GetDirectories("napi-v*")
                .OrderByDescending(napi => napi.Name.Length).ThenByDescending(napi => napi.Name, StringComparer.Ordinal)
                .Select(napi => InFolder(System.IO.Path.Combine(napi.FullName, NodeOs, Architecture)))
                .FirstOrDefault(file => file is not null);
        }
        return null;
    }
}
