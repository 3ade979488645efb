using System.Runtime.InteropServices;

namespace ModelOpt.OnnxRuntime.Native;

/// <summary>
/// Places in ONNX Runtime's OrtApi, a table of function pointers that only ever grows at its end. Source of the order:
/// the public header onnxruntime_c_api.h.
/// </summary>
internal enum OrtFunction
{
    GetErrorMessage = 2,
    CreateEnv = 3,
    CreateSession = 7,
    CreateSessionFromArray = 8,
    Run = 9,
    CreateSessionOptions = 10,
    SetSessionLogSeverityLevel = 22,
    SetSessionGraphOptimizationLevel = 23,
    SetIntraOpNumThreads = 24,
    SetInterOpNumThreads = 25,
    SessionGetInputCount = 30,
    SessionGetOutputCount = 31,
    SessionGetInputTypeInfo = 33,
    SessionGetOutputTypeInfo = 34,
    SessionGetInputName = 36,
    SessionGetOutputName = 37,
    CreateTensorWithDataAsOrtValue = 49,
    IsTensor = 50,
    GetTensorMutableData = 51,
    CastTypeInfoToTensorInfo = 55,
    GetTensorElementType = 60,
    GetDimensionsCount = 61,
    GetDimensions = 62,
    GetSymbolicDimensions = 63,
    GetTensorTypeAndShape = 65,
    CreateCpuMemoryInfo = 69,
    AllocatorFree = 76,
    GetAllocatorWithDefaultOptions = 78,
    ReleaseEnv = 92,
    ReleaseStatus = 93,
    ReleaseMemoryInfo = 94,
    ReleaseSession = 95,
    ReleaseValue = 96,
    ReleaseTypeInfo = 98,
    ReleaseTensorTypeAndShapeInfo = 99,
    ReleaseSessionOptions = 100,
    AddSessionConfigEntry = 130,
}

/// <summary>
/// The functions of ONNX Runtime's C API that this binding calls. Every error status becomes an
/// <see cref="OnnxRuntimeException"/>.
/// </summary>
internal sealed unsafe class OrtApi
{
    /// <summary>ONNX Runtime 1.14 (2023) has every function used here, and later releases still offer its version.</summary>
    private const uint ApiVersion = 14;

    private const int LogErrors = 3;

    private readonly nint* _table;

    /// <summary>The API of a loaded library.</summary>
    /// <exception cref="OnnxRuntimeException">It is not ONNX Runtime, or too old.</exception>
    public OrtApi(nint library, string path)
    {
        if (!NativeLibrary.TryGetExport(library, "OrtGetApiBase", out nint getBase))
            throw new OnnxRuntimeException($"{path} is not ONNX Runtime: it does not export OrtGetApiBase.");
        nint* apiBase = ((delegate* unmanaged<nint*>)getBase)();
        Version = Marshal.PtrToStringUTF8((nint)((delegate* unmanaged<byte*>)apiBase[1])()) ?? "";
        _table = ((delegate* unmanaged<uint, nint*>)apiBase[0])(ApiVersion);
        if (_table == null)
            throw new OnnxRuntimeException($"{path} is ONNX Runtime {Version}; at least 1.{ApiVersion} is needed.");
    }

    public string Version { get; }

    public void Check(nint status)
    {
        if (status == 0)
            return;
        nint text = ((delegate* unmanaged<nint, nint>)this[OrtFunction.GetErrorMessage])(status);
        string message = Marshal.PtrToStringUTF8(text) ?? "no message";
        Release(OrtFunction.ReleaseStatus, status);
        throw new OnnxRuntimeException(message);
    }

    public nint this[OrtFunction function] => _table[(int)function];

    public void Release(OrtFunction release, nint handle) => ((delegate* unmanaged<nint, void>)this[release])(handle);

    /// <summary>Calls a getter or creator of the form <c>f(object, out result)</c>.</summary>
    public nint Get(OrtFunction function, nint handle)
    {
        nint result;
        Check(((delegate* unmanaged<nint, nint*, nint>)this[function])(handle, &result));
        return result;
    }

    /// <summary>Calls a creator of the form <c>f(out result)</c>.</summary>
    public nint Create(OrtFunction function)
    {
        nint result;
        Check(((delegate* unmanaged<nint*, nint>)this[function])(&result));
        return result;
    }

    public nint CreateEnv()
    {
        nint env;
        fixed (byte* id = "ModelOpt\0"u8)
            Check(((delegate* unmanaged<int, byte*, nint*, nint>)this[OrtFunction.CreateEnv])(LogErrors, id, &env));
        return env;
    }

    /// <summary>Describes memory that this process allocated: OrtDeviceAllocator, OrtMemTypeDefault.</summary>
    public nint CreateCpuMemoryInfo()
    {
        nint info;
        Check(((delegate* unmanaged<int, int, nint*, nint>)this[OrtFunction.CreateCpuMemoryInfo])(0, 0, &info));
        return info;
    }

    public nint CreateSessionOptions(OrtSessionOptions options)
    {
        nint native = Create(OrtFunction.CreateSessionOptions);
        try
        {
            // An explicit thread count also keeps ONNX Runtime from pinning threads to cores, which containers refuse.
            int threads = options.Threads == 0 ? Environment.ProcessorCount : options.Threads;
            Set(OrtFunction.SetIntraOpNumThreads, native, threads);
            Set(OrtFunction.SetInterOpNumThreads, native, 1);
            Set(OrtFunction.SetSessionGraphOptimizationLevel, native, (int)options.GraphOptimization);
            Set(OrtFunction.SetSessionLogSeverityLevel, native, LogErrors);
            AddConfiguration(native, "session.intra_op.allow_spinning", options.AllowSpinning ? "1" : "0");
            foreach ((string key, string value) in options.Configuration)
                AddConfiguration(native, key, value);
            return native;
        }
        catch
        {
            Release(OrtFunction.ReleaseSessionOptions, native);
            throw;
        }
    }

    public nint CreateSession(nint env, ReadOnlySpan<byte> model, nint options)
    {
        nint session;
        var create = (delegate* unmanaged<nint, byte*, nuint, nint, nint*, nint>)this[OrtFunction.CreateSessionFromArray];
        fixed (byte* bytes = model)
            Check(create(env, bytes, (nuint)model.Length, options, &session));
        return session;
    }

    public nint CreateSession(nint env, string path, nint options)
    {
        // ORTCHAR_T: UTF-16 on Windows, UTF-8 elsewhere.
        bool windows = OperatingSystem.IsWindows();
        nint text = windows ? Marshal.StringToCoTaskMemUni(path) : Marshal.StringToCoTaskMemUTF8(path);
        try
        {
            nint session;
            var create = (delegate* unmanaged<nint, nint, nint, nint*, nint>)this[OrtFunction.CreateSession];
            Check(create(env, text, options, &session));
            return session;
        }
        finally
        {
            Marshal.FreeCoTaskMem(text);
        }
    }

    /// <summary>A name of an input or output, with the functions for one or the other.</summary>
    public string GetName(OrtFunction function, nint session, int index)
    {
        nint allocator = Create(OrtFunction.GetAllocatorWithDefaultOptions);
        nint text;
        var getName = (delegate* unmanaged<nint, nuint, nint, nint*, nint>)this[function];
        Check(getName(session, (nuint)index, allocator, &text));
        string name = Marshal.PtrToStringUTF8(text) ?? "";
        Check(((delegate* unmanaged<nint, nint, nint>)this[OrtFunction.AllocatorFree])(allocator, text));
        return name;
    }

    public nint GetTypeInfo(OrtFunction function, nint session, int index)
    {
        nint info;
        Check(((delegate* unmanaged<nint, nuint, nint*, nint>)this[function])(session, (nuint)index, &info));
        return info;
    }

    public (OrtElementType Type, long[] Shape) ReadTensorInfo(nint info)
    {
        int type;
        Check(((delegate* unmanaged<nint, int*, nint>)this[OrtFunction.GetTensorElementType])(info, &type));
        var shape = new long[(int)Get(OrtFunction.GetDimensionsCount, info)];
        var getDimensions = (delegate* unmanaged<nint, long*, nuint, nint>)this[OrtFunction.GetDimensions];
        fixed (long* dims = shape)
            Check(getDimensions(info, dims, (nuint)shape.Length));
        return ((OrtElementType)type, shape);
    }

    /// <summary>The symbol of each dimension, empty where it has none.</summary>
    public string[] ReadSymbols(nint info, int rank)
    {
        var texts = new nint[rank];
        var getSymbols = (delegate* unmanaged<nint, nint*, nuint, nint>)this[OrtFunction.GetSymbolicDimensions];
        fixed (nint* pointers = texts)
            Check(getSymbols(info, pointers, (nuint)rank));
        return Array.ConvertAll(texts, text => Marshal.PtrToStringUTF8(text) ?? "");
    }

    public bool IsTensor(nint value)
    {
        int result;
        Check(((delegate* unmanaged<nint, int*, nint>)this[OrtFunction.IsTensor])(value, &result));
        return result != 0;
    }

    /// <summary>A value over the caller's memory, which must stay where it is until the value is released.</summary>
    public nint CreateTensor(nint memoryInfo, byte* data, int bytes, ReadOnlySpan<long> shape, OrtElementType type)
    {
        nint value;
        var create = (delegate* unmanaged<nint, byte*, nuint, long*, nuint, int, nint*, nint>)
            this[OrtFunction.CreateTensorWithDataAsOrtValue];
        fixed (long* dims = shape)
            Check(create(memoryInfo, data, (nuint)bytes, dims, (nuint)shape.Length, (int)type, &value));
        return value;
    }

    /// <summary>Runs a session. Outputs that are 0 are allocated by ONNX Runtime; others are written in place.</summary>
    public void Run(
        nint session,
        ReadOnlySpan<nint> inputNames,
        ReadOnlySpan<nint> inputs,
        ReadOnlySpan<nint> outputNames,
        Span<nint> outputs)
    {
        var run = (delegate* unmanaged<nint, nint, nint*, nint*, nuint, nint*, nuint, nint*, nint>)this[OrtFunction.Run];
        fixed (nint* inNames = inputNames, ins = inputs, outNames = outputNames, outs = outputs)
            Check(run(session, 0, inNames, ins, (nuint)inputs.Length, outNames, (nuint)outputs.Length, outs));
    }

    private void Set(OrtFunction function, nint handle, int value) =>
        Check(((delegate* unmanaged<nint, int, nint>)this[function])(handle, value));

    private void AddConfiguration(nint options, string key, string value)
    {
        nint keyText = Marshal.StringToCoTaskMemUTF8(key), valueText = Marshal.StringToCoTaskMemUTF8(value);
        try
        {
            var add = (delegate* unmanaged<nint, nint, nint, nint>)this[OrtFunction.AddSessionConfigEntry];
            Check(add(options, keyText, valueText));
        }
        finally
        {
            Marshal.FreeCoTaskMem(keyText);
            Marshal.FreeCoTaskMem(valueText);
        }
    }
}
