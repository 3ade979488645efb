namespace ModelOpt.OnnxRuntime;

/// <summary>How far ONNX Runtime rewrites a graph before running it.</summary>
public enum OrtGraphOptimization
{
    /// <summary>Not at all: operators run as the model says.</summary>
    None = 0,

    /// <summary>Rewrites that keep standard operators.</summary>
    Basic = 1,

    /// <summary>Also fusions into ONNX Runtime's own operators, such as int8 convolution from a QDQ pattern.</summary>
    Extended = 2,

    /// <summary>Also memory layouts.</summary>
    All = 99,
}

/// <summary>How a session loads and runs a model.</summary>
public sealed record OrtSessionOptions
{
    /// <summary>Threads that one operator may use; 0 for one per core of the machine.</summary>
    public int Threads { get; init; }

    /// <summary>How far the graph is rewritten.</summary>
    public OrtGraphOptimization GraphOptimization { get; init; } = OrtGraphOptimization.All;

    /// <summary>Whether idle threads wait in a busy loop: quicker between operators, at the cost of the whole core.</summary>
    public bool AllowSpinning { get; init; }

    /// <summary>ONNX Runtime's session configuration entries, by key.</summary>
    public IReadOnlyDictionary<string, string> Configuration { get; init; } = new Dictionary<string, string>();
}
