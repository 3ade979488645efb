namespace ModelOpt.Runtime;

/// <summary>
/// A model of one input and one output, such as generated classes are: the same network in float32 and in int8 can stand for each other,
/// and a test can put something of its own in their place.
/// </summary>
/// <typeparam name="TInput">The type of an input's element.</typeparam>
/// <typeparam name="TOutput">The type of an output's element.</typeparam>
public interface IModel<TInput, TOutput> : IDisposable
    where TInput : unmanaged
    where TOutput : unmanaged
{
    /// <summary>Elements of one sample of the input.</summary>
    int InputLength { get; }

    /// <summary>Elements of one sample of the output.</summary>
    int OutputLength { get; }

    /// <summary>Runs the model. Thread-safe.</summary>
    /// <param name="input">The samples, one after another; more than one only where the model's batch is open.</param>
    /// <param name="output">Receives the output of each.</param>
    /// <exception cref="ArgumentException">The number of elements does not fit.</exception>
    void Run(ReadOnlySpan<TInput> input, Span<TOutput> output);
}
