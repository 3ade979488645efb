using System.Runtime.InteropServices;

namespace ModelOpt.OnnxRuntime.Native;

/// <summary>Owns an object of ONNX Runtime and releases it with the function that its type has for that.</summary>
internal sealed class OrtHandle : SafeHandle
{
    private readonly OrtApi _api;
    private readonly OrtFunction _release;

    public OrtHandle(OrtApi api, OrtFunction release, nint handle) : base(0, ownsHandle: true)
    {
        _api = api;
        _release = release;
        SetHandle(handle);
    }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        _api.Release(_release, handle);
        return true;
    }
}
