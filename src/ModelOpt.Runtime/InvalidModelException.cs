namespace ModelOpt.Runtime;

/// <summary>
/// The model file is damaged, contradicts itself, or uses something this runtime does not support. The message names the
/// operator or tensor.
/// </summary>
public sealed class InvalidModelException : Exception
{
    /// <summary>Creates the exception without a message.</summary>
    public InvalidModelException()
    {
    }

    /// <summary>Creates the exception with a message.</summary>
    public InvalidModelException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with a message and the exception that caused it.</summary>
    public InvalidModelException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
