using ModelOpt.Runtime.FlatBuffers;

namespace ModelOpt.Runtime;

/// <summary>
/// The model file is damaged, contradicts itself, or uses something this runtime does not support. The message names the operator or
/// tensor, with terminal escape sequences in such names escaped.
/// </summary>
public class InvalidModelException : Exception
{
    /// <summary>Creates the exception without a message.</summary>
    public InvalidModelException()
    {
    }

    /// <summary>Creates the exception with a message.</summary>
    public InvalidModelException(string message)
        : base(Printable.Escape(message))
    {
    }

    /// <summary>Creates the exception with a message and the exception that caused it.</summary>
    public InvalidModelException(string message, Exception innerException)
        : base(Printable.Escape(message), innerException)
    {
    }
}
