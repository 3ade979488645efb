namespace ModelOpt.OnnxRuntime;

/// <summary>ONNX Runtime refused a model or failed to run it; the message is its own.</summary>
public class OnnxRuntimeException : Exception
{
    internal OnnxRuntimeException(string message) : base(message)
    {
    }

    internal OnnxRuntimeException(string message, Exception inner) : base(message, inner)
    {
    }
}

/// <summary>ONNX Runtime's native library is not on this machine; the message says how to get it.</summary>
public sealed class OnnxRuntimeNotFoundException : OnnxRuntimeException
{
    internal OnnxRuntimeNotFoundException(string message) : base(message)
    {
    }
}
